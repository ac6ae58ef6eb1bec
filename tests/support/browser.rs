//! A real browser without a window, driven as a person would drive it: Debian's Chromium, by its `chromedriver`.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::elements::{Element, ElementRef};
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use replication_lab::CancellationToken;
use replication_lab::wait::{Probe, wait_for};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// How long a page may take to show what it was asked for. A browser on a machine with two cores, beside a lab.
const LIMIT: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Browser {
    client: Client,
    driver: Child,
}

/// Why there is no browser here.
pub fn missing() -> Option<String> {
    let found = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    (!found("chromedriver") || !found("chromium")).then(|| {
        "there is no browser to test with: `apt-get install chromium chromium-driver`".to_owned()
    })
}

impl Browser {
    /// Starts one and opens a page.
    pub async fn open(url: &str) -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts");
        // A sandbox cannot be had as root, nor a large /dev/shm in most containers.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--window-size=1400,1400",
        ];
        let wanted = json!({ "goog:chromeOptions": { "args": arguments } });
        let wanted = wanted.as_object().cloned().expect("an object");
        let address = format!("http://127.0.0.1:{port}");
        let client = eventually("chromedriver answers", || async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            let session = builder.capabilities(wanted.clone()).connect(&address).await;
            session.map_or_else(|error| Probe::NotYet(error.to_string()), Probe::Ready)
        })
        .await;
        let browser = Self { client, driver };
        browser.client.goto(url).await.expect("the page opens");
        browser
    }

    /// How many requests of the page whose address has `part` in it were given up.
    ///
    /// Chromium does that (`ERR_NETWORK_CHANGED`) to all that are under way when a network interface of the host comes
    /// or goes, and Docker makes and removes some for every lab of every other test. A person tries again.
    pub async fn given_up(&self, part: &str) -> Result<u64, CmdError> {
        let script = "
            performance.setResourceTimingBufferSize(100000);
            const ours = entry => entry.responseStatus === 0 && entry.name.includes(arguments[0]);
            return performance.getEntriesByType('resource').filter(ours).length;";
        let count = self.look(script, vec![json!(part)]).await?;
        Ok(count.as_u64().unwrap_or(0))
    }

    /// Waits until the page shows an element, and loads it again where a part of it was given up.
    pub async fn shows(&self, css: &str) {
        let script = "return document.querySelector(arguments[0]) !== null";
        eventually(css, || async {
            let shown = self.look(script, vec![json!(css)]).await;
            match (shown, self.given_up("").await) {
                (Ok(Value::Bool(true)), _) => Probe::Ready(()),
                (Ok(_), Ok(0)) => Probe::NotYet("it is not there".to_owned()),
                (Ok(_), Ok(some)) => {
                    let again = self.client.refresh().await;
                    again.expect("the page opens again");
                    Probe::NotYet(format!("{some} parts of the page were given up"))
                }
                (Err(error), _) | (_, Err(error)) => Probe::NotYet(error.to_string()),
            }
        })
        .await;
    }

    /// Ends the browser. Whoever forgets that leaves it to the driver's end.
    pub async fn close(mut self) {
        self.client.close().await.expect("the browser closes");
        let _ = self.driver.kill().await;
    }

    /// Keeps what is to be seen, and says where.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("{name}-{}.png", std::process::id()));
        let picture = self.client.screenshot().await.expect("a picture");
        std::fs::write(&path, picture).expect("the picture can be kept");
        path
    }

    /// What a script in the page returns.
    pub async fn look(&self, script: &str, arguments: Vec<Value>) -> Result<Value, CmdError> {
        self.client.execute(script, arguments).await
    }

    /// The element that a script in the page returns; none where it returns nothing.
    pub async fn element(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<Option<Element>, CmdError> {
        let found = self.look(script, arguments).await?;
        // The key is WebDriver's own (12.2).
        let id = found["element-6066-11e4-a52e-4f735466cecf"].as_str();
        let element = |id: &str| {
            let reference = ElementRef::from(id.to_owned());
            Element::from_element_id(self.client.clone(), reference)
        };
        Ok(id.map(element))
    }
}

/// Waits until a look shows what is wanted.
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Probe<T>>,
{
    let never = CancellationToken::new();
    let waited = wait_for(LIMIT, &never, || {
        let look = look();
        async { Ok::<_, std::convert::Infallible>(look.await) }
    });
    match waited.await {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}

/// A port of this host that nobody has.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
