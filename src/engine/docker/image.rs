//! Finds, pulls, imports and removes images.

use bollard::body_try_stream;
use bollard::errors::Error;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptions,
};
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::{Docker, error, label_filter, labels};
use crate::engine::{EngineError, EngineErrorKind, Image, LayerProgress, Selector};

/// Bytes of an image's tar that are sent at once. The default of 4 KiB doubles the time of an import.
const PIECE: usize = 256 * 1024;

pub(super) async fn find(docker: &Docker, reference: &str) -> Result<Option<Image>, EngineError> {
    let act = format!("looking for the image `{reference}`");
    let inspected = match docker
        .call(&act, docker.client.inspect_image(reference))
        .await
    {
        Ok(inspected) => inspected,
        Err(error) if error.kind == EngineErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let config = inspected.config.unwrap_or_default();
    Ok(Some(Image {
        id: inspected.id.unwrap_or_default(),
        tags: inspected.repo_tags.unwrap_or_default(),
        labels: labels(config.labels),
        env: config.env.unwrap_or_default(),
        volumes: config.volumes.unwrap_or_default(),
        bytes: bytes(inspected.size),
    }))
}

pub(super) async fn list(docker: &Docker, which: &Selector) -> Result<Vec<Image>, EngineError> {
    let options = ListImagesOptionsBuilder::default()
        .filters(&label_filter(which))
        .build();
    let listed = docker
        .call("listing images", docker.client.list_images(Some(options)))
        .await?;
    Ok(listed
        .into_iter()
        .map(|image| Image {
            id: image.id,
            tags: image.repo_tags,
            labels: image.labels.into_iter().collect(),
            env: Vec::new(),
            volumes: Vec::new(),
            bytes: bytes(Some(image.size)),
        })
        .collect())
}

pub(super) async fn pull(
    docker: &Docker,
    reference: &str,
    progress: &(dyn Fn(LayerProgress) + Send + Sync),
) -> Result<(), EngineError> {
    let act = format!("pulling the image `{reference}`");
    let (name, tag) = split(reference);
    // Without a tag Docker fetches every tag.
    let tag = if reference.contains('@') {
        ""
    } else {
        tag.unwrap_or("latest")
    };
    let options = CreateImageOptionsBuilder::default()
        .from_image(name)
        .tag(tag)
        .build();
    let client = docker.patient();
    let answers = client.create_image(Some(options), None, None);
    docker
        .call(&act, drain(answers, progress))
        .await
        .map_err(error::blame_registry)
}

pub(super) async fn import(
    docker: &Docker,
    reference: &str,
    changes: &[String],
    tar: Box<dyn AsyncRead + Send + Unpin>,
) -> Result<(), EngineError> {
    let act = format!("importing the image `{reference}`");
    let (name, tag) = split(reference);
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(name)
        .tag(tag.unwrap_or("latest"))
        .changes(changes.to_vec())
        .build();
    let body = body_try_stream(ReaderStream::with_capacity(tar, PIECE));
    let client = docker.patient();
    let answers = client.create_image(Some(options), Some(body), None);
    docker.call(&act, drain(answers, &|_| {})).await
}

pub(super) async fn remove(docker: &Docker, reference: &str) -> Result<(), EngineError> {
    let act = format!("removing the image `{reference}`");
    let removal = docker
        .client
        .remove_image(reference, None::<RemoveImageOptions>, None);
    match docker.call(&act, removal).await {
        Err(error) if error.kind != EngineErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Reads the answers of a long call to their end. A failure is one of the answers.
async fn drain(
    answers: impl Stream<Item = Result<CreateImageInfo, Error>>,
    progress: &(dyn Fn(LayerProgress) + Send + Sync),
) -> Result<(), Error> {
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        let (Some(layer), Some(status)) = (answer.id, answer.status) else {
            continue;
        };
        // The first answer has the tag in the place of the layer.
        if status.starts_with("Pulling from") {
            continue;
        }
        let detail = answer.progress_detail.unwrap_or_default();
        progress(LayerProgress {
            layer,
            status,
            done: bytes(detail.current),
            total: detail.total.and_then(|total| u64::try_from(total).ok()),
        });
    }
    Ok(())
}

fn bytes(given: Option<i64>) -> u64 {
    given
        .and_then(|given| u64::try_from(given).ok())
        .unwrap_or(0)
}

/// Splits a reference into name and tag. A `:` before the last `/` belongs to a registry's port.
fn split(reference: &str) -> (&str, Option<&str>) {
    if reference.contains('@') {
        return (reference, None);
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (reference, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_registry_s_port_is_not_a_tag() {
        assert_eq!(split("postgres:17"), ("postgres", Some("17")));
        assert_eq!(split("postgres"), ("postgres", None));
        assert_eq!(split("host:5000/postgres"), ("host:5000/postgres", None));
        assert_eq!(
            split("host:5000/postgres:17"),
            ("host:5000/postgres", Some("17"))
        );
        assert_eq!(split("postgres@sha256:5d"), ("postgres@sha256:5d", None));
    }
}
