//! What a proof does not prove is named, and what was planned and is gone fails.

use std::time::Duration;

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_planned_table_that_became_unlogged_fails_the_proof",
            "unlogged",
            unlogged,
        ),
        trial(
            "a_publication_that_lost_what_was_planned_fails_the_proof",
            "lost",
            lost,
        ),
        trial("what_cannot_be_looked_up_fails_no_proof", "beside", beside),
        trial(
            "a_new_primary_must_publish_what_the_lost_one_was_planned_to",
            "heir",
            inherited,
        ),
    ]
}

async fn inherited(lab: Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heir.yaml").display().to_string();
    let text = "name: heir
nodes:
  source: { publications: { p: { tables: all } } }
  heir: { standby_of: source }
  sink: { subscriptions: { s: { upstream: source, publications: [p] } } }
data: [jobs]
";
    std::fs::write(&path, text).expect("written");
    lab.up(&path, &["--no-verify"]).await;
    lab.run("stop", &["source"]).await.document(0);
    lab.run("promote", &["heir"]).await.document(0);
    let publication = "heir: `p` publishes what was planned: ";
    // Of a node that is no primary any more nothing else is proven.
    let planned = lab.run("verify", &["--as-planned", "--within=1s"]).await;
    let (failed, _) = words(&planned.document(1));
    let own = failed.iter().filter(|it| it.starts_with("source"));
    assert_eq!(own.count(), 1, "{failed:#?}");
    says(&failed, "source: is a primary: ");
    let whole = lab.run("verify", &["--within=1s"]).await.document(1);
    let (failed, _) = words(&whole);
    assert!(
        !failed.iter().any(|it| it.contains(publication)),
        "{failed:#?}"
    );
    execute(&lab, "heir", "ALTER PUBLICATION p SET (publish = 'insert')").await;
    let less = lab.run("verify", &["--within=1s"]).await.document(1);
    says(
        &words(&less).0,
        &format!("{publication}it publishes insert (planned: "),
    );
}

async fn execute(lab: &Lab, node: &str, sql: &str) {
    let client = lab.connect(node).await;
    client.batch_execute(sql).await.expect(sql);
}

/// The words of each failed check with its name, and of what was not proven.
fn words(verdict: &Value) -> (Vec<String>, Vec<String>) {
    let told = |list: &Value, words: &str| {
        let each = list.as_array().expect("a list").iter();
        let each = each.filter(|it| it["passed"] != Value::Bool(true));
        let each = each.map(|it| format!("{}: {}", it["name"], it[words]).replace('"', ""));
        each.collect::<Vec<String>>()
    };
    let failed = told(&verdict["checks"], "detail");
    (failed, told(&verdict["not_proven"], "because"))
}

fn says(said: &[String], words: &str) {
    let is_said = said.iter().any(|line| line.contains(words));
    assert!(is_said, "no `{words}` in {said:#?}");
}

async fn unlogged(lab: Lab) {
    let up = lab.up("physical-sync", &[]).await;
    assert_eq!(words(&up["verification"]).1, <[String; 0]>::default());
    let fast = "CREATE UNLOGGED TABLE fast (id int); CREATE MATERIALIZED VIEW sums AS SELECT 1 AS sum; \
        CREATE TABLE parts (id int) PARTITION BY HASH (id); \
        CREATE UNLOGGED TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0)";
    execute(&lab, "primary", fast).await;
    let session = lab.connect("primary").await;
    let temporary = "CREATE TEMPORARY TABLE mine (id int)";
    session.batch_execute(temporary).await.expect("a table");
    // Nobody planned these.
    let (failed, named) = words(&lab.run("verify", &[]).await.document(0));
    assert_eq!(failed, <[String; 0]>::default());
    for (table, why) in [
        ("public.fast", "it is unlogged"),
        ("public.part", "it is unlogged"),
        ("public.parts", "a partition of it is unlogged"),
        ("public.sums", "it is a materialized view"),
        ("pg_temp.mine", "it is a temporary table"),
    ] {
        says(&named, &format!("{table}: {why}"));
    }
    execute(&lab, "primary", "ALTER TABLE order_details SET UNLOGGED").await;
    for planned in [&[][..], &["--as-planned"]] {
        let verdict = lab.run("verify", planned).await.document(1);
        says(
            &words(&verdict).0,
            "primary: public.order_details replicates: it is unlogged now",
        );
        // No node is frozen for a proof that has failed.
        assert!(
            !verdict.to_string().contains("a commit waits"),
            "{verdict:#}"
        );
    }
    execute(&lab, "primary", "ALTER TABLE order_details SET LOGGED").await;
    lab.run("verify", &[]).await.document(0);
}

async fn lost(lab: Lab) {
    lab.up("logical-shopping", &["--no-verify"]).await;
    let publication = "publisher: `shop_pub` publishes what was planned: ";
    let lost = [
        (
            "ALTER PUBLICATION shop_pub SET (publish = 'insert, update')",
            "it publishes insert, update (planned: insert, update, delete, truncate)",
            "ALTER PUBLICATION shop_pub SET (publish = 'insert, update, delete, truncate')",
        ),
        (
            "ALTER PUBLICATION shop_pub DROP TABLE products",
            "the table public.products is not in it any more",
            "ALTER PUBLICATION shop_pub ADD TABLE products",
        ),
        (
            "ALTER PUBLICATION shop_pub DROP TABLE products; \
             ALTER PUBLICATION shop_pub ADD TABLE products WHERE (product_id < 0)",
            "the row filter of public.products is `(product_id < 0)` (planned: none)",
            "ALTER PUBLICATION shop_pub DROP TABLE products; ALTER PUBLICATION shop_pub ADD TABLE products",
        ),
    ];
    for (change, told, back) in lost {
        execute(&lab, "publisher", change).await;
        let verdict = lab.run("verify", &[]).await.document(1);
        says(&words(&verdict).0, &format!("{publication}{told}"));
        execute(&lab, "publisher", back).await;
    }
    let identity = "ALTER TABLE orders REPLICA IDENTITY NOTHING";
    execute(&lab, "publisher", identity).await;
    let (failed, _) = words(&lab.run("verify", &[]).await.document(1));
    says(&failed, "public.orders has its replica identity: it has no");
    let identity = "ALTER TABLE orders REPLICA IDENTITY DEFAULT";
    execute(&lab, "publisher", identity).await;
    let key = "ALTER TABLE orders DROP CONSTRAINT orders_pkey CASCADE, ADD PRIMARY KEY (order_id)";
    let deferrable = format!("{key} DEFERRABLE");
    execute(&lab, "publisher", &deferrable).await;
    let (failed, _) = words(&lab.run("verify", &[]).await.document(1));
    says(&failed, "public.orders has its replica identity: it has no");
    execute(&lab, "publisher", key).await;
    execute(&lab, "publisher", "CREATE TABLE other (id int)").await;
    let (_, named) = words(&lab.run("verify", &[]).await.document(0));
    says(&named, "public.other: no publication that is subscribed to");
}

async fn beside(lab: Lab) {
    lab.up("logical-shopping", &["--no-verify"]).await;
    let session = lab.connect("publisher").await;
    let lock = "BEGIN; LOCK TABLE products IN SHARE UPDATE EXCLUSIVE MODE";
    session.batch_execute(lock).await.expect(lock);
    let (failed, named) = words(&lab.run("verify", &[]).await.document(0));
    assert_eq!(failed, <[String; 0]>::default());
    says(
        &named,
        "publisher: `shop_pub`: whether it is as planned was not looked up: another session has a lock on a table",
    );
    session.batch_execute("ROLLBACK").await.expect("no lock");
    // Its walsender has another name than the subscription.
    let subscriber = lab.connect("subscriber").await;
    let asked = subscriber.query_one("SELECT subconninfo FROM pg_subscription", &[]);
    let conninfo: String = asked.await.expect("a subscription").get(0);
    let named =
        format!("ALTER SUBSCRIPTION shop_sub CONNECTION '{conninfo} application_name=mine'");
    execute(&lab, "subscriber", &named).await;
    let publisher = lab.connect("publisher").await;
    let sent = "SELECT count(*) FROM pg_stat_replication WHERE application_name = 'mine' AND state = 'streaming'";
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(20), &cancel, || async {
        let count: i64 = publisher.query_one(sent, &[]).await?.get(0);
        Ok::<_, tokio_postgres::Error>(match count {
            1 => Probe::Ready(()),
            count => Probe::NotYet(format!("{count} senders")),
        })
    });
    waited.await.expect("a walsender");
    let (failed, named) = words(&lab.run("verify", &[]).await.document(0));
    assert_eq!(failed, <[String; 0]>::default());
    let is_stranger = |line: &String| line.contains("the receiver");
    assert!(!named.iter().any(is_stranger), "{named:#?}");
}
