//! That a password in a step is nowhere where `docker inspect` or the program shows it, and that the step has it.

use libtest_mimic::Trial;
use replication_lab::engine::{LAB_LABEL, Selector};
use serde_json::{Value, json};

use crate::binary;
use crate::lab::{Lab, trial};

/// What every password of the scenario begins with.
const SECRET: &str = "swordfish";

const NODES: &str = "
nodes:
  publisher: { data: [jobs], publications: { every_job: { tables: [employer, job_seeker] } }, conf: { wal_level: logical, log_statement: all } }
  subscriber: { data: [jobs], conf: { log_statement: all } }
";

const STEPS: &str = "
steps:
- sql: CREATE ROLE reader LOGIN REPLICATION PASSWORD 'swordfish-1'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader
  on: publisher
- sql: ALTER ROLE nobody PASSWORD 'swordfish-5'
  on: publisher
  expect: { error: \"42704\" }
- sql: DO $$BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', 'nobody', 'swordfish-6'); END$$
  on: publisher
  expect: { error: \"42704\" }
- exec: [psql, -U, postgres, -v, pass=swordfish-7, -c, SELECT 1]
  on: publisher
- sql_file: more.sql
  on: publisher
  expect: { error: \"42704\" }
- sql: DO $$BEGIN RAISE LOG E'\\x1b]0;mine\\x07\\u202e'; END$$; SELECT E'\\x1b[2J', 'sword' || 'fish-1'
  on: publisher
- hba: [{ database: shopping, user: reader, address: subscriber, method: scram-sha-256 }]
  on: publisher
- exec: [psql, 'postgresql://reader:swordfish-1@publisher/shopping', -c, SELECT current_user]
  on: subscriber
  expect: { output: reader }
- sql: CREATE SUBSCRIPTION own CONNECTION 'host=publisher dbname=shopping user=reader password=swordfish-1'
    PUBLICATION every_job WITH (copy_data = false)
  on: subscriber
- sql: SET password_encryption = md5; CREATE ROLE stopped PASSWORD 'swordfish-2'
  on: subscriber
- sql: SET password_encryption = md5; CREATE ROLE frozen PASSWORD 'swordfish-3'
  on: subscriber
- sql: SET password_encryption = md5; CREATE ROLE gone PASSWORD 'swordfish-4'
  on: subscriber
";

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "a_password_in_a_step_is_shown_nowhere",
        "pass",
        hidden,
    )]
}

async fn hidden(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("passwords.yaml").display().to_string();
    let text = format!("name: {}\ntitle: Passwords\n{NODES}{STEPS}", lab.name);
    std::fs::write(&path, text).expect("written");
    let more = "ALTER ROLE nobody PASSWORD 'swordfish-8'";
    std::fs::write(folder.path().join("more.sql"), more).expect("written");
    lab.up(&path, &["--no-verify"]).await;
    shows_none(&lab, &path).await;
    for _ in 0..9 {
        let ran = lab.run("step", &["-vvv"]).await;
        ran.document(0);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        let traced = ran.stderr.contains("DEBUG") && !all.contains('\x1b');
        assert!(traced && !all.contains(SECRET), "{all}");
    }
    shows_none(&lab, &path).await;
    logs_none(&lab).await;

    // The file is read from the first node, whatever became of that.
    lab.stop("publisher").await;
    lab.run("step", &[]).await.document(0);
    lab.start("publisher").await;
    let publisher = lab.container("publisher");
    lab.docker
        .pause_container(&publisher)
        .await
        .expect("frozen");
    lab.run("step", &[]).await.document(0);
    lab.engine.remove_container(&publisher).await.expect("gone");
    lab.run("step", &[]).await.document(0);

    let client = lab.connect("subscriber").await;
    let sql = "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_authid JOIN (VALUES ('stopped', 2), ('frozen', 3), \
               ('gone', 4)) AS made (name, number) ON name = rolname \
               WHERE rolpassword = 'md5' || md5('swordfish-' || number || rolname)";
    let made: String = client.query_one(sql, &[]).await.expect("roles").get(0);
    assert_eq!(made, "frozen gone stopped");
}

/// Looks for the passwords at everything that Docker has of the lab and at what the program says of it.
async fn shows_none(lab: &Lab, path: &str) {
    let inspected = inspect(lab).await;
    assert!(inspected.len() >= 8, "{inspected:#?}");
    assert!(
        inspected
            .iter()
            .any(|it| it.to_string().contains("‹password-1›"))
    );
    for object in inspected {
        assert!(!object.to_string().contains(SECRET), "{object:#}");
    }
    for arguments in [
        vec!["plan", path],
        vec!["plan", path, "--output=json"],
        vec!["show", path],
        vec!["status", &lab.name, "--output=json"],
        vec!["step", &lab.name, "--show"],
        vec!["step", &lab.name, "--show", "--output=json"],
    ] {
        let ran = binary::lab(&arguments).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!format!("{ran:?}").contains(SECRET), "{ran:?}");
    }
}

/// Looks for the passwords, and for what a terminal acts on, in the servers' logs.
async fn logs_none(lab: &Lab) {
    for arguments in [
        &["logs", &lab.name][..],
        &["logs", &lab.name, "publisher"],
        &["logs", &lab.name, "publisher", "--tail=100"],
    ] {
        let log = binary::lab(arguments).await;
        assert_eq!(log.code, Some(0), "{log:?}");
        assert!(log.stdout.contains(r"\x1b]0;mine\x07\u{202e}"), "{log:?}");
        assert!(
            !log.stdout.contains(['\x1b', '\x07', '\u{202e}']),
            "{log:?}"
        );
    }
    let log = binary::lab(&["logs", &lab.name, "--raw"]).await.stdout;
    assert!(log.contains("\x1b]0;mine\x07\u{202e}"), "{log}");
    assert!(log.contains("role \"nobody\" does not exist"), "{log}");
    for line in log.lines() {
        assert!(!line.contains(SECRET), "{line}");
    }
}

/// `docker inspect` of every container, volume, network and image of the lab.
pub async fn inspect(lab: &Lab) -> Vec<Value> {
    let docker = &lab.docker;
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    let mut all = Vec::new();
    for container in lab.engine.containers(&which).await.expect("a list") {
        let seen = docker.inspect_container(&container.id, None).await;
        all.push(json!(seen.expect("a container")));
        let image = docker.inspect_image(&container.image).await;
        all.push(json!(image.expect("an image")));
    }
    for volume in lab.engine.volumes(&which).await.expect("a list") {
        let seen = docker.inspect_volume(&volume.name).await;
        all.push(json!(seen.expect("a volume")));
    }
    for network in lab.engine.networks(Some(&which)).await.expect("a list") {
        let seen = docker.inspect_network(&network.id, None).await;
        all.push(json!(seen.expect("a network")));
    }
    all
}
