//! What is promised about an image that is built: who builds it, and what a recipe that fails says.

use super::*;

#[tokio::test]
async fn without_a_registry_the_recipe_makes_the_image() {
    let bench = Bench::new(GOOD);
    let found = bench.major(17).await.expect("an image that is built");
    assert_eq!(found.reference, "lab-postgres:17");
    assert_eq!((found.way, found.major), (Way::Built, Some(17)));
    let note = &bench.ear.notes()[0];
    assert!(
        note.starts_with("image lab-postgres:17 built from Debian test in "),
        "{note}"
    );
    assert!(bench.ear.subjects().contains("unpacking"));
    assert_eq!(
        found.image.labels.get(IMAGE_LABEL).map(String::as_str),
        Some("postgres")
    );
    assert_eq!(
        found.image.labels.get(POSTGRES_LABEL).map(String::as_str),
        Some("17")
    );
    assert_eq!(found.image.bytes, 3);
    let path = found.image.env.iter().find(|env| env.starts_with("PATH="));
    assert!(path.is_some_and(|path| path.starts_with("PATH=/usr/lib/postgresql/17/bin:")));
}

#[tokio::test]
async fn of_two_at_once_one_builds_and_the_other_waits_for_it() {
    let bench = Bench::new(GOOD);
    let (one, other) = tokio::join!(bench.major(17), bench.major(17));
    let mut ways = [one.expect("an image").way, other.expect("an image").way];
    ways.sort_by_key(|way| *way == Way::Built);
    assert_eq!(ways, [Way::Present, Way::Built]);
    assert_eq!(bench.imports(), 1);
    let waiting = "waiting for another process that builds the image lab-postgres:17";
    assert!(bench.ear.notes().contains(&waiting.to_owned()));
}

#[tokio::test]
async fn a_recipe_that_breaks_off_makes_no_image() {
    for script in ["printf half; exit 14", "exit 14", "printf half; kill -9 $$"] {
        let bench = Bench::new(script);
        let error = bench.major(17).await.expect_err("half a tar");
        assert!(
            matches!(error, ImageError::Unbuilt { .. }),
            "{script}: {error:?}"
        );
        assert!(!bench.has("lab-postgres:17").await, "{script}");
    }
}

#[tokio::test]
async fn what_the_recipe_says_becomes_the_error_and_its_hint() {
    type Is = fn(&BuildError) -> bool;
    let cases: [(&str, Is, &str); 7] = [
        (
            "echo no apt >&2; exit 10",
            |e| matches!(e, BuildError::Host(_)),
            "docker load -i",
        ),
        (
            "echo only 15 >&2; exit 11",
            |e| matches!(e, BuildError::Version(_)),
            "--postgres",
        ),
        (
            "echo no route >&2; exit 12",
            |e| matches!(e, BuildError::Mirror(_)),
            "apt-get update",
        ),
        (
            "echo 3 MB free >&2; exit 13",
            |e| matches!(e, BuildError::NoSpace(_)),
            "TMPDIR",
        ),
        (
            "echo bad key >&2; exit 14",
            |e| matches!(e, BuildError::Recipe(_)),
            "apt-get update",
        ),
        (
            "echo tar: x: No space left on device >&2; exit 2",
            |e| matches!(e, BuildError::NoSpace(_)),
            "TMPDIR",
        ),
        (
            "echo odd >&2; exit 3",
            |e| matches!(e, BuildError::Recipe(_)),
            "apt-get update",
        ),
    ];
    for (script, is, hint) in cases {
        let bench = Bench::new(script);
        let error = bench.major(16).await.expect_err("a recipe that fails");
        let ImageError::Unbuilt { source, .. } = &error else {
            panic!("{script}: {error:?}");
        };
        assert!(is(source), "{script}: {source:?}");
        let words = script.trim_start_matches("echo ").split(" >&2").next();
        assert!(
            chain(&error).contains(words.expect("its words")),
            "{}",
            chain(&error)
        );
        assert!(chain(&error).contains("manifest for postgres:16 not found"));
        let said = error.hint().expect("a hint");
        assert!(said.contains(hint), "{script}: {said}");
    }
}

#[tokio::test]
async fn a_full_disk_under_the_engine_is_the_engine_s_error() {
    let bench = Bench::new("yes");
    let full = "write /usr/x: no space left on device";
    bench
        .engine
        .fail("import_image", EngineErrorKind::NoSpace, full);
    let error = bench.major(17).await.expect_err("a full disk");
    assert!(chain(&error).ends_with(full), "{}", chain(&error));
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("docker system df"))
    );

    let bench = Bench::new("exit 99");
    bench
        .engine
        .fail("pull_image", EngineErrorKind::NoSpace, full);
    let error = bench.major(17).await.expect_err("a full disk");
    assert!(matches!(error, ImageError::Engine(_)), "{error:?}");
}
