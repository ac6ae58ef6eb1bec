//! `lab images`: lists the images that labs use, or gets one.

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::engine::Selector;
use replication_lab::exit::Exit;
use replication_lab::image::{self, IMAGE_LABEL};
use replication_lab::report::table;
use replication_lab::scenario::PostgresVersion;
use serde::Serialize;

use super::Context;
use super::output::{self, Output};
use super::progress::Shown;

const AFTER_HELP: &str = "\
Examples:
  lab images               list the images that are here
  lab images --get 17      find, pull or build one now, so that `lab up` finds it";

/// List the PostgreSQL images that labs use, or get one.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ImagesCommand {
    /// Get the image of a major version, or an image by its name. Repeatable.
    #[arg(long, value_name = "VERSION")]
    get: Vec<PostgresVersion>,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct ImageReport {
    image: String,
    postgres: Option<u32>,
    bytes: u64,
    /// Whether `lab` built it.
    built: bool,
    id: String,
}

impl ImagesCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let docker = Engine::connect().await?;
        let shown = Shown::new(context);
        for wanted in &self.get {
            image::ensure(&docker, wanted, shown.reporter().as_ref(), &context.cancel).await?;
        }
        drop(shown);
        let present = present(&docker).await?;
        match self.output {
            Output::Json => output::json(&present)?,
            Output::Table if present.is_empty() => {
                output::print(
                    "no images yet; `lab up` gets one when it needs it, `lab images --get 17` gets one now\n",
                )?;
            }
            Output::Table => {
                let rows = present.iter().map(|image| {
                    vec![
                        image.image.clone(),
                        image
                            .postgres
                            .map_or_else(|| "-".to_owned(), |major| major.to_string()),
                        format!("{} MB", image.bytes / 1_000_000),
                        if image.built {
                            "built by lab"
                        } else {
                            "from a registry"
                        }
                        .to_owned(),
                    ]
                });
                output::print(&table::rows(
                    &["image", "postgres", "size", "origin"],
                    rows,
                    output::width(),
                ))?;
            }
        }
        Ok(Exit::Done)
    }
}

async fn present(docker: &Engine) -> Result<Vec<ImageReport>> {
    let mut found = docker
        .images(&Selector::Label(IMAGE_LABEL.to_owned()))
        .await?;
    let built: Vec<String> = found.iter().map(|image| image.id.clone()).collect();
    for major in PostgresVersion::MAJORS {
        found.extend(docker.find_image(&format!("postgres:{major}")).await?);
    }
    found.sort_by(|one, other| one.tags.cmp(&other.tags));
    found.dedup_by(|one, other| one.id == other.id);
    let present = found.into_iter().map(|image| ImageReport {
        image: image.tags.first().unwrap_or(&image.id).clone(),
        postgres: image::major_of(&image),
        bytes: image.bytes,
        built: built.contains(&image.id),
        id: image.id,
    });
    Ok(present.collect())
}
