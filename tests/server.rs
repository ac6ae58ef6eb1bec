//! Datasets and probes on a server, each test in a database of its own.
//!
//! The servers are those of a lab, or what `LAB_TEST_DSN` and `LAB_TEST_STANDBY_DSN` name, as a superuser.

#[path = "server/beside.rs"]
mod beside;
#[path = "support/binary.rs"]
mod binary;
#[path = "support/database.rs"]
mod database;
#[path = "support/ready.rs"]
mod ready;

use std::time::Duration;

use database::{Database, connect};
use libtest_mimic::Trial;
use replication_lab::dataset::{self, SqlFile};
use replication_lab::lab::populate;
use replication_lab::name::DatasetName;
use replication_lab::server::{
    catalog, conflicts, in_force, publications, replication, slots, state, subscriptions,
};
use replication_lab::verify::compare::compare;
use replication_lab::verify::probe::{self, Commit, How, Inserted};
use replication_lab::wait::{Probe, wait_for};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

fn main() {
    let arguments = ready::arguments();
    let mut trials = vec![
        trial(
            "the_shop_is_consistent_and_its_sequences_go_on",
            the_shop_is_consistent_and_its_sequences_go_on,
        ),
        trial(
            "every_insert_of_the_tutorial_works_as_typed",
            every_insert_of_the_tutorial_works_as_typed,
        ),
        trial("the_smallest_shop_loads", the_smallest_shop_loads),
        trial(
            "what_users_set_changes_nothing_that_is_read",
            what_users_set_changes_nothing_that_is_read,
        ),
        trial(
            "files_of_ones_own_run_as_psql_would_run_them",
            files_of_ones_own_run_as_psql_would_run_them,
        ),
        trial(
            "an_error_names_the_file_and_the_line",
            an_error_names_the_file_and_the_line,
        ),
        trial(
            "every_kind_of_table_takes_a_row_and_loses_it_again",
            every_kind_of_table_takes_a_row_and_loses_it_again,
        ),
        trial(
            "a_table_that_takes_no_row_is_touched_or_skipped_and_says_why",
            a_table_that_takes_no_row_is_touched_or_skipped_and_says_why,
        ),
        trial(
            "probes_of_two_sessions_do_not_meet_and_sequences_stand_still",
            probes_of_two_sessions_do_not_meet_and_sequences_stand_still,
        ),
        trial(
            "a_row_that_somebody_changed_is_left_to_them",
            a_row_that_somebody_changed_is_left_to_them,
        ),
        trial(
            "a_locked_table_does_not_stop_the_others",
            a_locked_table_does_not_stop_the_others,
        ),
        trial(
            "a_commit_that_waits_for_no_disk_is_flushed_all_the_same",
            a_commit_that_waits_for_no_disk_is_flushed_all_the_same,
        ),
        trial(
            "a_standby_has_the_same_rows_in_the_same_places",
            a_standby_has_the_same_rows_in_the_same_places,
        ),
    ];
    trials.extend(beside::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    database::remove();
    conclusion.exit();
}

/// A test on the servers, which are brought up for the first one.
fn trial<F>(name: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    let on_servers = move || {
        database::servers()?;
        ready::runtime().block_on(ready::outcome(test()))
    };
    if database::named().is_some() {
        return Trial::test(name, on_servers);
    }
    ready::needs_docker(name, on_servers)
}

fn name(name: &str) -> DatasetName {
    DatasetName::new(name).expect("a name")
}

fn own(files: &[(&str, &str)]) -> dataset::Dataset {
    let files = files.iter().map(|(name, text)| SqlFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    dataset::own(name("mine"), Vec::new(), files.collect(), Some(7), Some(3))
}

async fn the_shop_is_consistent_and_its_sequences_go_on() {
    let database = Database::new("shop").await;
    let shop = dataset::builtin(&name("shopping"), Some(400), None).expect("it is known");
    let loaded = populate::load(&database.client, &shop)
        .await
        .expect("loaded");
    assert_eq!(
        loaded.tables,
        [
            ("products", 40),
            ("customers", 40),
            ("orders", 100),
            ("order_details", 400)
        ]
        .map(|(table, rows)| (table.to_owned(), rows))
    );
    let wrong = "SELECT count(*)::text FROM order_details d LEFT JOIN orders o USING (order_id) \
        LEFT JOIN customers c USING (customer_id) LEFT JOIN products p USING (product_id) \
        WHERE c.email IS NULL OR d.total_price IS DISTINCT FROM d.quantity * p.price";
    assert_eq!(database.one(wrong).await, "0");
    let next = "INSERT INTO orders (customer_id) VALUES (1) RETURNING order_id::text";
    assert_eq!(database.one(next).await, "101");
    assert_eq!(
        database.one("SHOW session_replication_role").await,
        "origin"
    );
    let constraints = "SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint \
        WHERE conrelid = 'order_details'::regclass AND contype IN ('p', 'f')";
    assert_eq!(
        database.one(constraints).await,
        "order_details_order_id_fkey order_details_pkey order_details_product_id_fkey"
    );
    database.remove().await;
}

async fn every_insert_of_the_tutorial_works_as_typed() {
    let database = Database::new("jobs").await;
    let jobs = dataset::builtin(&name("jobs"), None, None).expect("it is known");
    populate::load(&database.client, &jobs)
        .await
        .expect("loaded");
    for insert in [
        "INSERT INTO job_seeker (id, name, skill) VALUES (2, 'Jane Doe', 'Python Developer');",
        "INSERT INTO job_seeker (id, name, skill) VALUES (1, 'John Doe', 'Java Developer');",
        "INSERT INTO employer (id, name, industry) VALUES (2, 'SoftCorp', 'Software');",
    ] {
        database.client.batch_execute(insert).await.expect(insert);
    }
    database.remove().await;
}

async fn the_smallest_shop_loads() {
    let database = Database::new("small").await;
    let shop = dataset::builtin(&name("shopping"), Some(1), Some(u32::MAX)).expect("it is known");
    let loaded = populate::load(&database.client, &shop)
        .await
        .expect("loaded");
    assert!(
        loaded.tables.iter().all(|(_, rows)| *rows == 1),
        "{loaded:?}"
    );
    database.remove().await;
}

async fn files_of_ones_own_run_as_psql_would_run_them() {
    let database = Database::new("own").await;
    let dump = "\\restrict x\nSELECT pg_catalog.set_config('search_path', '', false);\n\
        CREATE TABLE public.t (a int, b text);\nCOPY public.t (a, b) FROM stdin;\n1\tone;\n2\t\\N\n\\.\n\n\
        CREATE INDEX CONCURRENTLY ON public.t (a);\nBEGIN;\nINSERT INTO public.t VALUES (3, 'x');\nCOMMIT;\n\\unrestrict x\n";
    let more = "INSERT INTO public.t SELECT current_setting('lab.rows')::int, current_setting('lab.seed');VACUUM";
    let loaded = populate::load(
        &database.client,
        &own(&[("dump.sql", dump), ("more.sql", more)]),
    )
    .await
    .expect("loaded");
    assert_eq!(loaded.tables, [("\"public\".\"t\"".to_owned(), 4)]);
    let rows = "SELECT string_agg(a || '=' || coalesce(b, 'NULL'), ',' ORDER BY a) FROM t";
    assert_eq!(database.one(rows).await, "1=one;,2=NULL,3=x,7=3");
    assert_eq!(database.one("SHOW synchronous_commit").await, "on");
    database.remove().await;
}

async fn an_error_names_the_file_and_the_line() {
    let database = Database::new("errors").await;
    for (text, at, said) in [
        ("SELECT 1;\n\nSELECT 'ü',\n  nothing;", "line 4", "42703"),
        (
            "CREATE TABLE t (a int PRIMARY KEY);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);",
            "line 3",
            "23505",
        ),
        (
            "CREATE TABLE c (a int);\nCOPY c FROM stdin;\n1\nx\n\\.\n",
            "line 4",
            "22P02",
        ),
        ("SELECT 1;\nSELEC 2;", "line 2", "42601"),
        ("SELECT 1;\n\\i more.sql\n", "line 2", "psql"),
        ("BEGIN;\nSELECT 1;", "begins on line 1", ""),
    ] {
        let error = populate::load(
            &database.client,
            &own(&[("good.sql", "SELECT 1"), ("bad.sql", text)]),
        )
        .await
        .expect_err(text);
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let source = source.unwrap_or_default();
        assert!(error.to_string().contains("`mine`"), "{error}");
        assert!(error.to_string().contains("`bad.sql`"), "{error}");
        assert!(error.to_string().contains(at), "{error} ({text})");
        assert!(source.contains(said), "{source} ({text})");
        database
            .client
            .batch_execute("VACUUM")
            .await
            .expect("the session is as before");
    }
    database.remove().await;
}

/// Tables that are hard to write to, and what becomes of each.
const NASTY: &str = include_str!("tables/nasty.sql");

/// Tables that take no row of ours, one in each way.
const STUBBORN: &str = include_str!("tables/stubborn.sql");

async fn probed(database: &Database) -> Inserted {
    let catalog = catalog::read(&database.client).await.expect("a catalog");
    probe::insert(&database.client, &catalog.tables, Commit::AsConfigured)
        .await
        .expect("probes")
}

async fn counts(database: &Database) -> String {
    let mut all = Vec::new();
    for table in catalog::read(&database.client)
        .await
        .expect("a catalog")
        .tables
    {
        let count = format!(
            "SELECT count(*)::text FROM \"{}\"",
            table.name.replace('"', "\"\"")
        );
        all.push(format!("{}={}", table.name, database.one(&count).await));
    }
    all.join(" ")
}

async fn every_kind_of_table_takes_a_row_and_loses_it_again() {
    let database = Database::new("nasty").await;
    database.client.batch_execute(NASTY).await.expect("tables");
    let catalog = catalog::read(&database.client).await.expect("a catalog");
    assert_eq!(catalog.local.len(), 1);
    let before = counts(&database).await;
    let inserted = probed(&database).await;
    assert_eq!(inserted.skipped, []);
    assert_eq!(inserted.rows.len(), catalog.tables.len());
    assert!(inserted.rows.iter().all(|row| row.how == How::Inserted));
    assert_ne!(counts(&database).await, before);

    let here = probe::read(&database.client, &inserted.rows)
        .await
        .expect("rows");
    let comparison = compare(&inserted.rows, &here);
    assert!(comparison.proves_equal(), "{comparison:?}");
    let child = inserted
        .rows
        .iter()
        .find(|row| row.table.contains("composite_child"));
    assert_eq!(child.expect("a row").values.len(), 3);

    let removed = probe::remove(&database.client, &inserted.rows)
        .await
        .expect("removed");
    assert_eq!((removed.rows, removed.left), (inserted.rows.len(), vec![]));
    assert_eq!(counts(&database).await, before);
    let gone = probe::read(&database.client, &inserted.rows)
        .await
        .expect("rows");
    assert!(gone.iter().all(Option::is_none));
    database.remove().await;
}

async fn a_table_that_takes_no_row_is_touched_or_skipped_and_says_why() {
    let database = Database::new("stubborn").await;
    let setup = "CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TABLE empty_checked (id int PRIMARY KEY CHECK (id > 0));";
    database.client.batch_execute(setup).await.expect("tables");
    database
        .client
        .batch_execute(STUBBORN)
        .await
        .expect("tables");
    let before = counts(&database).await;
    let inserted = probed(&database).await;
    let how = |name: &str| {
        let table = format!("\"public\".\"{name}\"");
        let row = inserted.rows.iter().find(|row| row.table == table);
        let skipped = inserted
            .skipped
            .iter()
            .find(|skipped| skipped.table == table);
        match (row.map(|row| &row.how), skipped) {
            (Some(How::Inserted), None) => "inserted".to_owned(),
            (Some(How::Updated { because }), None) => format!("updated: {because}"),
            (None, Some(skipped)) => format!("skipped: {}", skipped.because),
            _ => panic!("{name} is there once"),
        }
    };
    for (table, start, word) in [
        ("refusing_full", "inserted", ""),
        ("refusing_empty", "inserted", ""),
        ("swallowing", "inserted", ""),
        ("again", "inserted", ""),
        ("always", "skipped", "`always` would fire"),
        ("checked", "updated", "23514"),
        ("child_of_checked", "inserted", ""),
        ("child_of_empty", "skipped", "empty"),
        ("empty_checked", "skipped", "23514"),
        ("nullable_check", "inserted", ""),
        ("months", "updated", "no partition"),
    ] {
        let how = how(table);
        assert!(
            how.starts_with(start) && how.contains(word),
            "{table}: {how}"
        );
    }
    let here = probe::read(&database.client, &inserted.rows)
        .await
        .expect("rows");
    assert!(compare(&inserted.rows, &here).proves_equal());
    let removed = probe::remove(&database.client, &inserted.rows)
        .await
        .expect("removed");
    assert_eq!(removed.left, []);
    assert_eq!(counts(&database).await, before);
    database.remove().await;
}

async fn probes_of_two_sessions_do_not_meet_and_sequences_stand_still() {
    let database = Database::new("busy").await;
    let shop = dataset::builtin(&name("shopping"), None, None).expect("it is known");
    populate::load(&database.client, &shop)
        .await
        .expect("loaded");
    let other = database.another().await;
    let tables = catalog::read(&database.client)
        .await
        .expect("a catalog")
        .tables;
    let first = probe::write(&database.client, &tables)
        .await
        .expect("written");
    let second = tokio::time::timeout(
        Duration::from_secs(1),
        probe::insert(&other, &tables, Commit::Local),
    )
    .await
    .expect("nobody waits")
    .expect("written");
    probe::commit(&database.client, Commit::Local)
        .await
        .expect("committed");
    assert_eq!((first.rows.len(), second.rows.len()), (4, 4));
    for rows in [&first.rows, &second.rows] {
        let removed = probe::remove(&other, rows).await.expect("removed");
        assert_eq!(removed.rows, 4);
    }
    let next = "INSERT INTO orders (customer_id) VALUES (1) RETURNING order_id::text";
    assert_eq!(database.one(next).await, "251");
    database.remove().await;
}

async fn a_row_that_somebody_changed_is_left_to_them() {
    let database = Database::new("theirs").await;
    let make = "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE TABLE u (id int PRIMARY KEY)";
    database.client.batch_execute(make).await.expect("tables");
    let inserted = probed(&database).await;
    database
        .client
        .batch_execute("UPDATE t SET a = 'theirs'")
        .await
        .expect("updated");
    let removed = probe::remove(&database.client, &inserted.rows)
        .await
        .expect("removed");
    assert_eq!((removed.rows, removed.left.len()), (1, 1));
    assert_eq!(database.one("SELECT a FROM t").await, "theirs");
    database.remove().await;
}

async fn a_locked_table_does_not_stop_the_others() {
    let database = Database::new("locked").await;
    let make = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)";
    database.client.batch_execute(make).await.expect("tables");
    let other = database.another().await;
    other
        .batch_execute("BEGIN; LOCK TABLE t")
        .await
        .expect("locked");
    let inserted = probed(&database).await;
    assert_eq!(inserted.rows.len(), 1);
    assert!(
        inserted.skipped[0].because.contains("55P03"),
        "{:?}",
        inserted.skipped
    );
    database.remove().await;
}

async fn a_commit_that_waits_for_no_disk_is_flushed_all_the_same() {
    let database = Database::new("flush").await;
    database
        .client
        .batch_execute("CREATE TABLE t (id int PRIMARY KEY); SET synchronous_commit = off")
        .await
        .expect("a table");
    let inserted = probed(&database).await;
    let flushed = format!(
        "SELECT (pg_current_wal_flush_lsn() >= '{}')::text",
        inserted.lsn
    );
    assert_eq!(database.one(&flushed).await, "true");
    database.remove().await;
}

async fn a_standby_has_the_same_rows_in_the_same_places() {
    let database = Database::new("standby").await;
    let shop = dataset::builtin(&name("shopping"), None, None).expect("it is known");
    let loaded = populate::load(&database.client, &shop).await;
    loaded.expect("loaded");
    database.client.batch_execute(NASTY).await.expect("tables");
    let inserted = probed(&database).await;
    let postgres = connect(&database.standby).await;
    replayed(&postgres, &inserted.lsn.to_string()).await;

    let standby = connect(database.standby.clone().dbname(&database.name)).await;
    let other =
        "SET TimeZone = 'Asia/Tehran'; SET DateStyle = 'German'; SET bytea_output = 'escape'";
    standby.batch_execute(other).await.expect("set");
    let there = probe::read(&standby, &inserted.rows).await.expect("rows");
    let comparison = compare(&inserted.rows, &there);
    assert!(comparison.proves_equal(), "{comparison:?}");

    let lsn = probe::remove(&database.client, &inserted.rows)
        .await
        .expect("removed");
    assert_eq!(lsn.left, []);
    let lsn = database.one("SELECT pg_current_wal_lsn()::text").await;
    replayed(&postgres, &lsn).await;
    let gone = probe::read(&standby, &inserted.rows).await.expect("rows");
    assert_eq!(
        compare(&inserted.rows, &gone).differences.len(),
        inserted.rows.len()
    );
    drop(standby);
    database.remove().await;
}

async fn replayed(standby: &Client, lsn: &str) {
    let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{lsn}', pg_last_wal_replay_lsn()::text");
    let cancel = CancellationToken::new();
    wait_for(Duration::from_secs(20), &cancel, || async {
        let row = standby.query_one(&sql, &[]).await?;
        Ok::<_, tokio_postgres::Error>(if row.get(0) {
            Probe::Ready(())
        } else {
            Probe::NotYet(row.get(1))
        })
    })
    .await
    .expect("replayed");
}

/// The settings of a user who makes it as hard as can be, each with what a reader sees instead.
const SET_BY_USERS: [(&str, &str, &str); 12] = [
    ("TimeZone", "Asia/Kolkata", "UTC"),
    ("DateStyle", "SQL, DMY", "ISO, MDY"),
    ("IntervalStyle", "iso_8601", "postgres"),
    ("bytea_output", "escape", "hex"),
    ("extra_float_digits", "0", "1"),
    ("quote_all_identifiers", "on", "off"),
    ("default_transaction_read_only", "on", "off"),
    (
        "default_transaction_isolation",
        "serializable",
        "read committed",
    ),
    ("statement_timeout", "50ms", "0"),
    ("lock_timeout", "50ms", "0"),
    ("client_min_messages", "debug5", "warning"),
    ("search_path", "nowhere", "pg_catalog"),
];

async fn what_users_set_changes_nothing_that_is_read() {
    let database = Database::new("pins").await;
    let name = &database.name;
    for (setting, value, _) in SET_BY_USERS {
        let sql = format!("ALTER ROLE CURRENT_USER IN DATABASE {name} SET {setting} = '{value}'");
        database.client.batch_execute(&sql).await.expect(setting);
    }
    let reader = database.reader().await;
    let user = database.another().await;
    for (setting, value, pinned) in SET_BY_USERS {
        let show = format!("SELECT pg_catalog.current_setting('{setting}')");
        let row = reader.query_one(&show, &[]).await.expect(setting);
        assert_eq!(row.get::<_, &str>(0), pinned, "{setting}");
        let row = user.query_one(&show, &[]).await.expect(setting);
        let seen: &str = row.get(0);
        assert_eq!(seen.replace('"', ""), value, "{setting}");
    }
    let slow = "SELECT pg_catalog.pg_sleep(0.1)";
    reader.batch_execute(slow).await.expect("no time-out");
    user.batch_execute(slow).await.expect_err("the user's own");
    let state = state::state(&reader).await.expect("a state");
    assert!(!state.is_standby && state.timeline > 0 && state.lsn.is_some());
    let senders = replication::senders(&reader).await.expect("senders");
    assert!(senders.iter().all(|sender| sender.pid > 0));
    slots::slots(&reader).await.expect("slots");
    replication::receiver(&reader).await.expect("no receiver");
    conflicts::conflicts(&reader).await.expect("counters");
    in_force::file_settings(&reader).await.expect("settings");
    assert_eq!(
        subscriptions::subscriptions(&reader).await.expect("none"),
        []
    );
    assert_eq!(publications::publications(&reader).await.expect("none"), []);
    drop((reader, user));
    database.remove().await;
}
