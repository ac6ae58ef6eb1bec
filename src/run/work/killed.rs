//! The scripts that replace a node's data, killed before each of their commands.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{REPLACEMENT, TABLESPACES};

/// Kills the shell before the command of this number that changes files.
const KILLS: &str = r#"
count=0
tick() { count=$((count + 1)); [ "$count" -ne "$KILL" ] || kill -9 $$; }
for program in rm mv cp ln mkdir; do eval "$program() { tick; command $program \"\$@\"; }"; done
"#;

/// Runs a script in a node's volume, and returns whether it came to its end.
fn run(volume: &Path, script: &str, kill: usize) -> bool {
    let text = [KILLS, REPLACEMENT, TABLESPACES, script].concat();
    let text = text.replace("/var/lib/postgresql", volume.to_str().expect("UTF-8"));
    let status = Command::new("sh")
        .args(["-c", &text, "lab-node"])
        .env("KILL", kill.to_string())
        .env("AUTO_CONF", "")
        .status()
        .expect("sh");
    assert!(status.success() || kill > 0, "{status} {script}");
    status.success()
}

/// Writes a data directory with a tablespace at each of these places. `what` is the content of each file.
fn write(pgdata: &Path, what: &str, places: &[&Path]) {
    fs::create_dir_all(pgdata.join("pg_tblspc")).expect("a folder");
    for file in ["PG_VERSION", "postgresql.conf", "pg_hba.conf"] {
        fs::write(pgdata.join(file), what).expect("a file");
    }
    for (number, place) in places.iter().enumerate() {
        fs::create_dir_all(place.join("PG_17")).expect("a folder");
        fs::write(place.join("PG_17/rows"), what).expect("a file");
        symlink(place, pgdata.join("pg_tblspc").join(number.to_string())).expect("a link");
    }
}

/// The content of the data directory, its configuration and its tablespaces, and what else is there.
fn seen(volume: &Path) -> (Vec<String>, Vec<String>) {
    let pgdata = volume.join("data/pgdata");
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| error.to_string());
    let mut found = vec![
        read(&pgdata.join("PG_VERSION")),
        read(&pgdata.join("pg_hba.conf")),
    ];
    let links = fs::read_dir(pgdata.join("pg_tblspc")).expect("a folder");
    let mut links: Vec<_> = links.map(|it| it.expect("an entry").path()).collect();
    links.sort();
    for link in links {
        let target = fs::read_link(&link).expect("a link");
        assert!(target.starts_with(volume) && !target.starts_with(volume.join("data")));
        found.push(read(&link.join("PG_17/rows")));
    }
    let here = fs::read_dir(volume.join("data")).expect("a folder");
    let mut here: Vec<_> = here
        .map(|it| {
            it.expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    here.sort();
    (found, here)
}

/// A node with two tablespaces, of which the new data has one and another one besides.
fn old_node(volume: &Path) {
    let [kept, gone] = ["kept", "gone"].map(|name| volume.join(name));
    write(&volume.join("data/pgdata"), "old", &[&kept, &gone]);
    fs::write(volume.join("data/prepared"), "").expect("a file");
}

/// What `pg_basebackup` brings.
fn bring(volume: &Path) -> String {
    let brought = volume.join("brought");
    write(&brought, "new", &[]);
    let mut script = format!("command cp -R {} $home/lab-new\n", brought.display());
    for (number, name) in ["kept", "more"].into_iter().enumerate() {
        let place = format!("$home/lab-new.tablespaces{}", volume.join(name).display());
        let _ = writeln!(
            script,
            "command mkdir -p {place}/PG_17; printf new >{place}/PG_17/rows; command ln -s {place} $home/lab-new/pg_tblspc/{number}"
        );
    }
    script
}

const AFTER: &str = "configure_new\nnew_tablespaces \"$home/lab-new.tablespaces\"\nreplace_data\n";

#[test]
fn a_killed_replacement_leaves_the_old_data_or_the_new() {
    let mut kill = 0;
    let mut outcomes = Vec::new();
    loop {
        kill += 1;
        let folder = tempfile::tempdir().expect("a folder");
        // The volume's root is not the folder of the links: both are below it.
        let volume = folder.path().join("volume");
        fs::create_dir_all(volume.join("data")).expect("a folder");
        old_node(&volume);
        let brings = bring(&volume);
        let script = format!("drop_unfinished\n{brings}{AFTER}");
        let whole = run(&volume, &script, kill);
        // The next start of the node, which may be killed too.
        run(&volume, "", kill % 3);
        run(&volume, "drop_unfinished", 0);
        let (found, here) = seen(&volume);
        assert_eq!(here, ["pgdata", "prepared"], "killed before command {kill}");
        if found[0] == "old" {
            assert_eq!(found, ["old"; 4], "killed before command {kill}");
            assert!(!whole);
        } else {
            assert_eq!(
                found,
                ["new", "old", "new", "new"],
                "killed before command {kill}"
            );
            assert!(!volume.join("gone/PG_17").exists());
        }
        outcomes.push(found[0].clone());
        if whole {
            break;
        }
    }
    assert_eq!(outcomes.first().map(String::as_str), Some("old"));
    assert!(
        outcomes.iter().filter(|it| *it == "new").count() > 5,
        "{outcomes:?}"
    );
}

#[test]
fn a_killed_rewind_leaves_the_node_its_own_configuration() {
    let source = "printf theirs >$pgdata/pg_hba.conf\n";
    let script = format!("give_own_back\nkeep_own\n{source}give_own_back\n");
    for kill in 1.. {
        let folder = tempfile::tempdir().expect("a folder");
        let volume = folder.path().to_owned();
        old_node(&volume);
        let whole = run(&volume, &script, kill);
        run(&volume, "give_own_back", kill % 3);
        run(&volume, "give_own_back", 0);
        assert_eq!(seen(&volume).0[1], "old", "killed before command {kill}");
        if whole {
            assert!(kill > 4, "{kill}");
            break;
        }
    }
}
