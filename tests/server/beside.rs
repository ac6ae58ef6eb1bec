//! What a proof says of a server besides its rows, asked of a real one.

use libtest_mimic::Trial;
use replication_lab::server::publications::planned::{Difference, differences};
use replication_lab::server::unreplicated::{self, Kind};
use replication_lab::verify::compare::compare;
use replication_lab::verify::probe;
use tokio_postgres::error::SqlState;

use crate::database::{Database, connect};
use crate::{probed, replayed, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("a_row_whose_table_was_dropped_is_gone", dropped),
        trial("a_deferrable_key_is_no_replica_identity", deferrable),
        trial(
            "the_temporary_tables_of_all_sessions_have_one_name",
            temporary,
        ),
        trial("what_a_publication_lost_is_added_as_it_was_planned", lost),
        trial("a_lock_of_others_is_not_waited_for_without_end", locked),
    ]
}

async fn execute(database: &Database, sql: &str) {
    database.client.batch_execute(sql).await.expect(sql);
}

async fn dropped() {
    let database = Database::new("dropped").await;
    execute(
        &database,
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY); \
         CREATE SCHEMA s; CREATE TABLE s.v (id int PRIMARY KEY)",
    )
    .await;
    let inserted = probed(&database).await;
    assert_eq!(inserted.rows.len(), 3);
    execute(&database, "DROP TABLE t; DROP SCHEMA s CASCADE").await;
    let lsn = database.one("SELECT pg_current_wal_lsn()::text").await;
    replayed(&connect(&database.standby).await, &lsn).await;
    let standby = connect(database.standby.clone().dbname(&database.name)).await;
    let read = probe::read_kept(&standby, &database.client, &inserted.rows).await;
    let (rows, found) = read.expect("what is left");
    let compared = compare(&rows, &found);
    assert!(
        compared.proves_equal() && compared.rows == 1,
        "{compared:?}"
    );
    drop(standby);
    let removed = probe::remove(&database.client, &inserted.rows).await;
    let removed = removed.expect("removed");
    assert_eq!((removed.rows, removed.left), (1, Vec::new()));
    database.remove().await;
}

async fn deferrable() {
    let database = Database::new("deferrable").await;
    execute(
        &database,
        "CREATE TABLE d (id int PRIMARY KEY DEFERRABLE); CREATE TABLE k (id int PRIMARY KEY)",
    )
    .await;
    execute(
        &database,
        "INSERT INTO d VALUES (1); CREATE PUBLICATION p FOR ALL TABLES",
    )
    .await;
    let reader = database.reader().await;
    let found = unreplicated::unidentified(&reader, &["p"]).await;
    let names: Vec<String> = found
        .expect("a list")
        .into_iter()
        .map(|it| it.shown)
        .collect();
    assert_eq!(names, ["public.d"]);
    let update = database.client.batch_execute("UPDATE d SET id = 2").await;
    let refused = update.expect_err("the server needs an identity");
    assert_eq!(refused.code().map(SqlState::code), Some("55000"));
    reader.close().await;
    database.remove().await;
}

async fn temporary() {
    let database = Database::new("temporary").await;
    let create = "CREATE TEMPORARY TABLE \"My\" (id int)";
    let other = database.another().await;
    for client in [&database.client, &other] {
        client.batch_execute(create).await.expect(create);
    }
    let reader = database.reader().await;
    let found = unreplicated::relations(&reader).await.expect("a list");
    let found: Vec<_> = found
        .into_iter()
        .map(|(it, kind)| (it.shown, kind))
        .collect();
    assert_eq!(found, [("pg_temp.\"My\"".to_owned(), Kind::Temporary)]);
    reader.close().await;
    drop(other);
    database.remove().await;
}

async fn lost() {
    let database = Database::new("lost").await;
    execute(
        &database,
        "CREATE TABLE t (a int PRIMARY KEY, \"B\" int, c int); CREATE SCHEMA s; CREATE TABLE s.u (a int PRIMARY KEY); \
         CREATE TABLE m (a int PRIMARY KEY) PARTITION BY RANGE (a); \
         CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (10)",
    )
    .await;
    let reader = database.reader().await;
    let version = reader.version();
    let tables = "CREATE PUBLICATION \"p\" FOR TABLE t (a, \"B\") WHERE (a > 1), TABLE m";
    let schema = "CREATE PUBLICATION \"q\" FOR TABLES IN SCHEMA s";
    let client = &database.client;
    let of_now = |name: &'static str, create: &'static str| async move {
        let found = differences(client, version, name, create).await;
        found.expect("compared")
    };
    for (name, create, drop, gone) in [
        (
            "p",
            tables,
            "ALTER PUBLICATION p DROP TABLE t, m",
            &["public.m_1", "public.t"][..],
        ),
        (
            "q",
            schema,
            "ALTER PUBLICATION q DROP TABLES IN SCHEMA s",
            &["s.u"],
        ),
    ] {
        execute(&database, create).await;
        assert_eq!(of_now(name, create).await, []);
        execute(&database, drop).await;
        let left = of_now(name, create).await;
        let left = left.into_iter().map(|it| match it {
            Difference::TableLeft(table, Some(added)) => (table, added),
            other => panic!("{other}"),
        });
        let (left, added): (Vec<String>, Vec<String>) = left.unzip();
        assert_eq!(left, gone);
        for added in added {
            let add = format!("ALTER PUBLICATION {name} ADD {added}");
            execute(&database, &add).await;
        }
        assert_eq!(of_now(name, create).await, []);
    }
    let root = "ALTER PUBLICATION p SET (publish_via_partition_root = true)";
    execute(&database, root).await;
    assert_eq!(of_now("p", tables).await, [Difference::ViaRoot(false)]);
    reader.close().await;
    database.remove().await;
}

async fn locked() {
    let database = Database::new("lock").await;
    let create = "CREATE PUBLICATION \"p\" FOR TABLE t";
    execute(
        &database,
        &format!("CREATE TABLE t (a int PRIMARY KEY); {create}"),
    )
    .await;
    let other = database.another().await;
    let lock = "BEGIN; LOCK TABLE t";
    other.batch_execute(lock).await.expect(lock);
    let reader = database.reader().await;
    reader.limit_locks().await.expect("a setting");
    let began = std::time::Instant::now();
    let found = differences(&database.client, reader.version(), "p", create).await;
    assert!(found.expect_err("it is locked").is("55P03"));
    let counted = reader.query("SELECT FROM public.t", &[]).await;
    let error = counted.expect_err("it is locked");
    assert_eq!(error.code().map(SqlState::code), Some("55P03"));
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    reader.close().await;
    drop(other);
    database.remove().await;
}
