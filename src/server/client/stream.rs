//! The socket of a connection, which ends when the server has ended its side.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A socket whose shutdown returns when the server's process has closed it too. By then the server has released the
/// session's locks, temporary tables and slots, and has rolled back its transaction.
#[derive(Debug)]
pub(super) struct UntilClosed(TcpStream);

impl UntilClosed {
    /// Connects.
    pub(super) async fn connect(host: &str, port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    fn inner(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().0)
    }
}

impl AsyncRead for UntilClosed {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.inner().poll_read(cx, buf)
    }
}

impl AsyncWrite for UntilClosed {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A second shutdown of a socket that the other side has closed is an error that means nothing.
        let _ = ready!(self.as_mut().inner().poll_shutdown(cx));
        let mut bytes = [0; 1024];
        loop {
            let mut rest = ReadBuf::new(&mut bytes);
            match ready!(self.as_mut().inner().poll_read(cx, &mut rest)) {
                Ok(()) if !rest.filled().is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_connection_ends_when_the_other_side_has_ended() {
        let server = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = server.local_addr().expect("an address").port();
        let mut client = UntilClosed::connect("127.0.0.1", port)
            .await
            .expect("a connection");
        let (mut accepted, _) = server.accept().await.expect("a client");
        let (told, ending) = oneshot::channel();
        let end = tokio::spawn(async move {
            let mut rest = Vec::new();
            accepted.read_to_end(&mut rest).await.expect("its end");
            accepted.write_all(b"bye").await.expect("written");
            told.send(rest).expect("heard");
        });
        client.write_all(b"X").await.expect("written");
        client.shutdown().await.expect("ended");
        assert_eq!(ending.await.expect("it has ended before"), b"X");
        end.await.expect("no panic");
    }
}
