//! Ways to stop a subscription: each makes `verify` and `status` say why.

use libtest_mimic::Trial;
use serde_json::Value;
use tokio_postgres::Client;

use crate::binary;
use crate::lab::{Lab, trial};

/// What stops it, and words that `verify` must say of it.
type Way = (
    &'static str,
    fn(Lab) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    &'static [&'static str],
);

const WAYS: &[Way] = &[
    (
        "a_conflict_stops_the_apply_and_says_what_to_skip",
        |lab| Box::pin(conflict(lab)),
        &["public.products", "duplicate key", "SKIP (lsn = '"],
    ),
    (
        "a_publisher_that_is_stopped_is_missed",
        |lab| Box::pin(async move { lab.stop("publisher").await }),
        &["the container of `publisher` is stopped"],
    ),
    (
        "a_disabled_subscription_is_missed",
        |lab| Box::pin(on_subscriber(lab, "ALTER SUBSCRIPTION shop_sub DISABLE")),
        &["the subscription `shop_sub` is disabled"],
    ),
    (
        "a_dropped_subscription_is_missed",
        |lab| Box::pin(on_subscriber(lab, "DROP SUBSCRIPTION shop_sub")),
        &["`subscriber` has no subscription `shop_sub`"],
    ),
    (
        "a_row_that_a_trigger_swallows_is_missed",
        |lab| Box::pin(on_subscriber(lab, SWALLOW)),
        &["\"public\".\"products\": the row is missing"],
    ),
];

/// The log position is confirmed and the row is not there.
const SWALLOW: &str = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
    CREATE TRIGGER swallow BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION swallow(); \
    ALTER TABLE products ENABLE ALWAYS TRIGGER swallow";

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = WAYS
        .iter()
        .enumerate()
        .map(|(number, (name, stop, words))| {
            trial(name, &format!("stop{number}"), move |lab| async move {
                lab.up("logical-shopping", &["--no-verify"]).await;
                stop(lab.clone()).await;
                fails(&lab, words).await;
            })
        })
        .collect();
    trials.push(trial(
        "a_copy_that_cannot_succeed_ends_up_with_the_reason",
        "copy",
        |lab| async move { copy(&lab).await },
    ));
    trials.push(trial(
        "what_sql_changes_is_seen_at_once",
        "seen",
        |lab| async move { seen(&lab).await },
    ));
    trials.push(trial(
        "a_row_that_a_filter_should_keep_back_is_noticed",
        "kept",
        |lab| async move { kept_back(&lab).await },
    ));
    trials.push(trial(
        "a_change_that_comes_back_is_noticed",
        "loop",
        |lab| async move { comes_back(&lab).await },
    ));
    trials.push(trial(
        "a_publisher_that_goes_while_tables_are_copied_is_told_at_once",
        "gone",
        |lab| async move { gone_while_copying(&lab).await },
    ));
    trials.push(trial(
        "a_truncate_arrives_where_it_is_published",
        "truncate",
        |lab| async move { truncate(&lab).await },
    ));
    trials
}

/// The publication lets everything through for a moment, and the subscriber has what it should not have.
async fn kept_back(lab: &Lab) {
    lab.up("logical-filtered", &["--no-verify"]).await;
    let filtered = lab.run("verify", &[]).await.document(0);
    assert!(
        filtered
            .to_string()
            .contains("50 rows that filters exclude are absent")
    );
    let publisher = lab.connect("publisher").await;
    let row = publisher.query_one(
        "SELECT min(product_id) FROM products WHERE product_id % 2 = 1",
        &[],
    );
    let odd: i32 = row.await.expect("an odd one").get(0);
    let sql = format!(
        "INSERT INTO products (product_id, product_name, price) \
        VALUES ({odd}, (SELECT 'x'), 1)"
    );
    execute(&lab.connect("subscriber").await, &sql).await;
    let same =
        format!("UPDATE products SET product_name = 'x', price = 1 WHERE product_id = {odd}");
    execute(&publisher, &same).await;
    fails(lab, &["a row that the filter excludes is there"]).await;
}

/// Both nodes ask for all changes, their own included.
async fn comes_back(lab: &Lab) {
    lab.up("logical-bidirectional", &["--no-verify"]).await;
    for (node, subscription) in [("left", "from_right"), ("right", "from_left")] {
        let sql = format!("ALTER SUBSCRIPTION {subscription} SET (origin = any)");
        execute(&lab.connect(node).await, &sql).await;
    }
    fails(lab, &["duplicate key"]).await;
}

/// The publisher is killed as soon as the subscription is there; the copy of a million rows takes longer than that.
async fn gone_while_copying(lab: &Lab) {
    let watching = lab.clone();
    let kill = tokio::spawn(async move {
        let publisher = watching.container("publisher");
        let slots = [
            "psql",
            "-XAtU",
            "postgres",
            "-c",
            "SELECT count(*) FROM pg_replication_slots",
        ];
        let slots = slots.map(str::to_owned);
        for _ in 0..600 {
            let asked = watching.engine.exec(&publisher, &slots, b"").await;
            if asked
                .is_ok_and(|asked| asked.stdout.starts_with(b"1") || asked.stdout.starts_with(b"2"))
            {
                return watching.engine.remove_container(&publisher).await.is_ok();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        false
    });
    let rows = "data=[{ name: shopping, rows: 1000000 }]";
    let arguments = ["up", "logical-shopping", "--name", &lab.name, "--set", rows];
    let up = binary::lab(&arguments).await;
    assert!(
        kill.await.expect("a task"),
        "the publisher was never killed: {}",
        up.stderr
    );
    assert_eq!(up.code, Some(3), "{}", up.stderr);
    let told = "their publisher `publisher` no longer answers";
    assert!(up.stderr.contains(told), "{}", up.stderr);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// One publication publishes all changes, the other inserts alone.
async fn truncate(lab: &Lab) {
    lab.up("logical-filtered", &["--no-verify"]).await;
    let publisher = lab.connect("publisher").await;
    let subscriber = lab.connect("subscriber").await;
    let details = "SELECT count(*) FROM order_details";
    let seekers = "SELECT count(*) FROM job_seeker";
    // The shop's publication has neither of these two tables, and gets one now.
    execute(
        &publisher,
        "ALTER PUBLICATION shop_pub ADD TABLE order_details",
    )
    .await;
    execute(
        &subscriber,
        "ALTER SUBSCRIPTION shop_sub REFRESH PUBLICATION",
    )
    .await;
    count(&subscriber, details, |rows| rows == 1000).await;
    execute(&publisher, "TRUNCATE order_details").await;
    count(&subscriber, details, |rows| rows == 0).await;

    let before = count(&subscriber, seekers, |_| true).await;
    execute(&publisher, "TRUNCATE job_seeker").await;
    let insert = "INSERT INTO job_seeker VALUES (4242, 'Late', 'Patience')";
    execute(&publisher, insert).await;
    count(&subscriber, seekers, |rows| rows == before + 1).await;
}

/// Waits until a count is right.
async fn count(client: &Client, sql: &str, is_right: impl Fn(i64) -> bool) -> i64 {
    let mut rows = -1;
    for _ in 0..200 {
        rows = client.query_one(sql, &[]).await.expect(sql).get(0);
        if is_right(rows) {
            return rows;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{sql}: still {rows}");
}

/// `verify` fails with the words, and `status` is not content either.
async fn fails(lab: &Lab, words: &[&str]) {
    let verdict = lab.run("verify", &["--within", "4s"]).await.document(1);
    let checks = verdict["checks"].as_array().expect("checks");
    let failed: Vec<&Value> = checks
        .iter()
        .filter(|check| check["passed"] == Value::Bool(false))
        .collect();
    for word in words {
        let said = |check: &&Value| {
            let mut texts = ["detail", "hint"].into_iter();
            texts.any(|key| check[key].as_str().is_some_and(|it| it.contains(word)))
        };
        assert!(failed.iter().any(said), "no `{word}` in {failed:#?}");
    }
}

async fn on_subscriber(lab: Lab, sql: &'static str) {
    execute(&lab.connect("subscriber").await, sql).await;
}

async fn conflict(lab: Lab) {
    let insert =
        "INSERT INTO products (product_id, product_name, price) VALUES (777, 'Kettle', 20)";
    execute(&lab.connect("subscriber").await, insert).await;
    execute(&lab.connect("publisher").await, insert).await;
    // The worker fails some milliseconds later; `status` knows why then, with the table and the position to skip.
    let mut status = Value::Null;
    for _ in 0..100 {
        status = lab.run("status", &[]).await.document_of_any_code();
        let trouble = &status["nodes"][1]["subscriptions"][0]["trouble"];
        if trouble
            .as_str()
            .is_some_and(|trouble| trouble.contains("duplicate key"))
        {
            assert_eq!(status["healthy"], Value::Bool(false));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no trouble in {status:#}");
}

async fn execute(client: &Client, sql: &str) {
    // DROP SUBSCRIPTION is refused inside the transaction that several statements are.
    client.batch_execute(sql).await.expect(sql);
}

/// Both nodes have the same rows, and the subscription copies them once more.
async fn copy(lab: &Lab) {
    let folder = std::env::temp_dir().join(format!("lab-{}", lab.name));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("copy.yaml");
    let text = "\
name: copy
nodes:
  publisher: { data: [jobs], publications: { jobs: { tables: all } } }
  subscriber:
    data: [jobs]
    subscriptions: { jobs: { upstream: publisher, publications: [jobs] } }
";
    std::fs::write(&file, text).expect("a file");
    let path = file.display().to_string();
    let began = std::time::Instant::now();
    let up = binary::lab(&["up", &path, "--name", &lab.name]).await;
    let took = began.elapsed();
    _ = std::fs::remove_dir_all(&folder);
    assert_eq!(up.code, Some(2), "{}", up.stderr);
    for word in [
        "waiting for the tables of the subscription `jobs` on `subscriber`",
        "copying the table `",
        "duplicate key value violates unique constraint",
        "hint: remove the row on `subscriber` that is in the way",
    ] {
        assert!(up.stderr.contains(word), "no `{word}` in {}", up.stderr);
    }
    assert!(
        took.as_secs() < 50,
        "it waited for {took:?} for what cannot pass"
    );
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// What a learner types in SQL is in `lab status`: a table added, a subscription refreshed, a subscription dropped.
async fn seen(lab: &Lab) {
    lab.up("logical-shopping", &["--no-verify"]).await;
    let (publisher, subscriber) = (
        lab.connect("publisher").await,
        lab.connect("subscriber").await,
    );
    for client in [&publisher, &subscriber] {
        execute(
            client,
            "CREATE TABLE reviews (id int PRIMARY KEY, text text)",
        )
        .await;
    }
    execute(&publisher, "ALTER PUBLICATION shop_pub ADD TABLE reviews").await;
    let nodes = |status: &Value| status["nodes"].as_array().expect("nodes").clone();
    let status = lab.run("status", &[]).await.document(0);
    let tables = &nodes(&status)[0]["publications"][0]["tables"];
    assert!(
        tables
            .as_array()
            .expect("tables")
            .contains(&Value::from("public.reviews"))
    );
    let missed = "`reviews` is published and not subscribed: `ALTER SUBSCRIPTION \"shop_sub\" REFRESH PUBLICATION`";
    let remark = format!("subscriber (shop_sub): {missed}");
    assert_eq!(status["remarks"], serde_json::json!([remark]));
    let verdict = lab.run("verify", &[]).await.document(1);
    let checks = verdict["checks"].as_array().expect("checks");
    let says = |check: &Value| {
        check["passed"] == false && check.to_string().contains("REFRESH PUBLICATION")
    };
    assert!(checks.iter().any(says), "{verdict:#}");
    execute(
        &subscriber,
        "ALTER SUBSCRIPTION shop_sub REFRESH PUBLICATION",
    )
    .await;
    let status = lab.run("status", &[]).await.document_of_any_code();
    let subscription = &nodes(&status)[1]["subscriptions"][0];
    assert_eq!(subscription["tables"].as_array().map(Vec::len), Some(5));
    assert_eq!(status["remarks"], serde_json::json!([]));
    execute(&subscriber, "DROP SUBSCRIPTION shop_sub").await;
    let status = lab.run("status", &[]).await.document(1);
    let problem = nodes(&status)[1]["problem"].as_str().map(str::to_owned);
    assert_eq!(
        problem.as_deref(),
        Some("its subscription `shop_sub` is gone")
    );
    let row = publisher
        .query_one("SELECT count(*) FROM pg_replication_slots", &[])
        .await;
    assert_eq!(
        row.expect("a count").get::<_, i64>(0),
        0,
        "its slot went with it"
    );
}
