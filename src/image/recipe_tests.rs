//! What is promised about `images/debian.sh` and `images/postgres/build.sh`, with programs of our own in place of the host's apt.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::build::{Recipe, build};
use super::tests::Ear;
use super::*;
use crate::engine::Engine;
use crate::engine::fake::Fake;
use crate::event::Silent;
use crate::wait::{Probe, wait_for};

/// What the recipe needs besides apt and dpkg.
const TOOLS: [&str; 15] = [
    "bash", "awk", "cat", "df", "find", "grep", "head", "mkdir", "mktemp", "rm", "sleep", "tail",
    "tar", "tr", "xargs",
];

/// Answers what the recipe asks first, and leaves the rest to `$@`.
const MIRROR: &str = "case \"$*\" in *--print-uris*) \
    echo \"'http://mirror.example/debian/dists/bookworm/InRelease' x 0\"; exit 0;; esac\n";

/// A host that has only what a test gives it.
struct Host {
    folder: tempfile::TempDir,
    recipe: Recipe,
}

impl Host {
    /// A Debian whose `apt-get` does that once it is asked to fetch something.
    fn debian(apt: &str) -> Self {
        let host = Self::bare();
        host.program("apt-get", &format!("{MIRROR}{apt}"));
        host.program("apt-cache", "exit 0");
        host.program("dpkg", "echo amd64");
        host.program("dpkg-deb", "exit 1");
        host
    }

    fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        for name in ["bin", "tmp"] {
            fs::create_dir(path.join(name)).expect("a new folder");
        }
        let release = "ID=debian\nVERSION_CODENAME=bookworm\n";
        fs::write(path.join("os-release"), release).expect("a new file");
        let homes = ["/usr/bin", "/bin", "/usr/local/bin"];
        for tool in TOOLS {
            let mut places = homes.iter().map(|home| Path::new(home).join(tool));
            let place = places
                .find(|place| place.exists())
                .expect("a common program");
            symlink(place, path.join("bin").join(tool)).expect("a new link");
        }
        let env = [
            ("PATH", "bin"),
            ("TMPDIR", "tmp"),
            ("OS_RELEASE", "os-release"),
        ];
        let recipe = Recipe {
            env: env.map(|(key, name)| (key, path.join(name).into())).into(),
            claims: path.to_owned(),
            ..Recipe::default()
        };
        Self { folder, recipe }
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).expect("a new file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
    }

    async fn fails(&self, major: u32) -> BuildError {
        let cancel = CancellationToken::new();
        let built = build(
            &Fake::new().engine(),
            &self.recipe,
            &major.to_string(),
            &Silent,
            &cancel,
        )
        .await;
        let error = built.expect("nobody interrupts").expect_err("a bad day");
        assert_eq!(self.left(), Vec::<String>::new(), "left behind");
        error
    }

    /// What is in the folder for temporary files.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("tmp")).expect("our own folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }
}

#[tokio::test]
async fn a_host_without_apt_is_told_so() {
    let error = Host::bare().fails(17).await;
    assert!(
        matches!(&error, BuildError::Host(words) if words == "`apt-get` is not on this host"),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_of_another_family_is_told_so() {
    let host = Host::debian("exit 1");
    fs::write(host.folder.path().join("os-release"), "ID=void\n").expect("our own file");
    let error = host.fails(17).await;
    assert!(
        matches!(&error, BuildError::Host(words) if words.contains("neither Debian nor Ubuntu")),
        "{error}"
    );
}

#[tokio::test]
async fn a_version_in_no_release_is_answered_with_those_that_are() {
    let error = Host::debian("exit 1").fails(16).await;
    assert!(matches!(error, BuildError::Version(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no release of Debian has PostgreSQL 16; from its packages can be built: 13, 15, 17, 18"
    );
}

#[tokio::test]
async fn what_apt_says_decides_the_kind_of_failure() {
    type Is = fn(&BuildError) -> bool;
    let cases: [(&str, Is); 6] = [
        (
            "E: You don't have enough free space in /tmp/x/archives/.",
            |e| matches!(e, BuildError::NoSpace(_)),
        ),
        (
            "E: Failed to fetch http://mirror.example/  Could not connect to mirror.example:80, connection timed out",
            |e| matches!(e, BuildError::Mirror(_)),
        ),
        (
            "W: Failed to fetch http://mirror.example/  Temporary failure resolving 'mirror.example'",
            |e| matches!(e, BuildError::Mirror(_)),
        ),
        (
            "E: The repository 'http://mirror.example bullseye Release' does not have a Release file.",
            |e| matches!(e, BuildError::Recipe(_)),
        ),
        ("E: Unable to locate package postgresql-17", |e| {
            matches!(e, BuildError::Version(_))
        }),
        (
            "E: Write error - write (28: No space left on device)",
            |e| matches!(e, BuildError::NoSpace(_)),
        ),
    ];
    for (words, is) in cases {
        let host = Host::debian(&format!("echo \"{words}\" >&2; exit 100"));
        let error = host.fails(17).await;
        assert!(is(&error), "{words}: {error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn too_little_room_is_noticed_before_anything_is_fetched() {
    let host = Host::debian("touch \"$TMPDIR/fetched\"; exit 100");
    fs::remove_file(host.folder.path().join("bin/df")).expect("our own link");
    host.program("df", "echo F; echo 'x 100 90 10 90% /tmp'");
    let error = host.fails(17).await;
    assert!(
        matches!(&error, BuildError::NoSpace(words) if words.contains("has 10 MB free, building needs 400 MB")),
        "{error}"
    );
}

/// An apt that has begun to fetch and never ends.
const ENDLESS: &str = "echo 'dlstatus:1:1.0:Retrieving file 1 of 3' >&2; sleep 600";

#[tokio::test]
async fn an_interrupted_build_leaves_nothing() {
    let host = Host::debian(ENDLESS);
    let ear = Ear {
        cancel_at: Some("\"packages\""),
        ..Ear::default()
    };
    let began = Instant::now();
    let built = build(&Fake::new().engine(), &host.recipe, "17", &ear, &ear.cancel).await;
    assert!(matches!(built, Err(ImageError::Interrupted)), "{built:?}");
    assert_eq!(host.left(), Vec::<String>::new());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "it had to be left alone"
    );
}

#[tokio::test]
async fn a_recipe_ends_when_nobody_holds_its_pipe_any_more() {
    let host = Host::debian(ENDLESS);
    let ear = Ear {
        cancel_at: Some("\"packages\""),
        ..Ear::default()
    };
    let never = CancellationToken::new();
    let engine = Fake::new().engine();
    tokio::select! {
        built = build(&engine, &host.recipe, "17", &ear, &never) => panic!("{built:?}"),
        () = ear.cancel.cancelled() => {}
    }
    // The future is dropped, as it would be with this process: the recipe has to notice by itself.
    let clean = wait_for(Duration::from_secs(10), &never, || async {
        let left = host.left();
        Ok::<_, std::convert::Infallible>(if left.is_empty() {
            Probe::Ready(())
        } else {
            Probe::NotYet(format!("{left:?}"))
        })
    });
    clean.await.expect("a clean folder");
}

/// `LAB_BUILD=15,17 cargo test builds_real_images -- --ignored --nocapture`
#[tokio::test]
#[expect(clippy::print_stderr, reason = "whoever runs it wants the numbers")]
#[ignore = "needs Docker and a package mirror, and takes a while"]
async fn builds_real_images() {
    let majors = std::env::var("LAB_BUILD").unwrap_or_else(|_| "17".to_owned());
    let docker = Engine::connect().await.expect("a running Docker");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for major in majors.split(',') {
        let major: u32 = major.parse().expect("a major version");
        let recipe = Recipe {
            repository: "lab-test-postgres",
            claims: folder.path().to_owned(),
            ..Recipe::default()
        };
        let ear = Ear::default();
        let began = Instant::now();
        let built = build(&docker, &recipe, &major.to_string(), &ear, &ear.cancel).await;
        let from = built.expect("nobody interrupts").expect("an image");
        let took = began.elapsed();
        let reference = recipe.reference(&major.to_string());
        let image = docker.find_image(&reference).await;
        let image = image.expect("Docker answers").expect("the image");
        docker
            .remove_image(&reference)
            .await
            .expect("our own image");
        assert_eq!(major_of(&image), Some(major));
        assert!(ear.subjects().contains("packages"));
        assert!(
            (50..300).contains(&(image.bytes >> 20)),
            "{} bytes",
            image.bytes
        );
        eprintln!(
            "PostgreSQL {major} from {from}: {} in {}",
            format_args!("{} MB", image.bytes / 1_000_000),
            duration(took)
        );
    }
}
