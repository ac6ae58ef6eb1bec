//! Images: imported, listed, and not to be had.

use replication_lab::engine::EngineErrorKind;

use crate::support::Bench;

pub async fn import(bench: Bench) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    header.set_cksum();
    let added = tar.append_data(&mut header, "etc/made", &b"here\n"[..]);
    added.expect("an entry");
    let tar = tar.into_inner().expect("a tar");
    let reference = format!("{}:1", bench.name("image"));
    let label = bench.labels();
    let label = label
        .iter()
        .next()
        .map(|(key, value)| format!("LABEL {key}={value}"));
    let changes = [
        label.expect("a label"),
        "ENV A=b".to_owned(),
        "VOLUME /data".to_owned(),
    ];
    let imported = bench
        .docker
        .import_image(&reference, &changes, Box::new(std::io::Cursor::new(tar)))
        .await;
    imported.expect("an image");
    let image = bench
        .docker
        .find_image(&reference)
        .await
        .expect("an answer");
    let image = image.expect("the image");
    assert_eq!(image.tags, std::slice::from_ref(&reference));
    assert_eq!(image.labels, bench.labels());
    assert!(image.env.contains(&"A=b".to_owned()), "{image:?}");
    assert_eq!(image.volumes, ["/data"]);
    let listed = bench
        .docker
        .images(&bench.everything())
        .await
        .expect("a list");
    assert_eq!(listed.len(), 1);
    let broken = bench
        .docker
        .import_image(&reference, &[], Box::new(&b"no tar at all"[..]))
        .await;
    broken.expect_err("what is no tar is no image");
}

pub async fn pull(bench: Bench) {
    // Port 9 of this host is `discard`, where nobody listens.
    let reference = format!("127.0.0.1:9/{}:1", bench.name("image"));
    let error = bench.docker.pull_image(&reference, &|_| {}).await;
    let error = error.expect_err("no registry");
    assert_eq!(error.kind, EngineErrorKind::Registry, "{}", error.source);
}
