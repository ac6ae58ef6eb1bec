//! The tutorial's sixth section, in a real browser: the publication and the subscription are where it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libtest_mimic::{Completion, Failed, Trial};
use replication_lab::wait::Probe;
use serde_json::{Value, json};

use crate::browser::{self, Browser, eventually};
use crate::lab::{Lab, trial};
use crate::{binary, ready};

const SCENARIO: &str = "tutorial-pgadmin";

pub fn trials() -> Vec<Trial> {
    vec![
        in_a_browser(
            "pgadmin_lists_the_publication_and_the_subscription",
            "pgaseen",
            seen,
        ),
        trial(
            "pgadmin_comes_back_and_its_end_is_told",
            "pgaback",
            |lab| async move { restarted(&lab).await },
        ),
        trial(
            "a_port_that_somebody_has_is_told",
            "pgaport",
            |lab| async move {
                let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
                let port = taken.local_addr().expect("an address").port();
                let set = format!("services.pgadmin.port={port}");
                let up = ["up", SCENARIO, "--name", &lab.name, "--set", &set];
                let up = binary::lab(&up).await;
                assert_eq!(up.code, Some(3), "{}", up.stderr);
                let told = format!("the port {port} of `pgadmin` is taken by another program");
                let mend = "`--set services.pgadmin.port=PORT`";
                assert!(
                    up.stderr.contains(&told) && up.stderr.contains(mend),
                    "{}",
                    up.stderr
                );
                assert_eq!(lab.left().await, <[String; 0]>::default());
            },
        ),
    ]
}

/// A test that also needs a browser.
fn in_a_browser<F>(name: &str, short: &str, test: fn(Lab) -> F) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    match browser::missing() {
        None => trial(name, short, test),
        Some(reason) => Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
            ready::unready(&reason)
        }),
    }
}

async fn seen(lab: Lab) {
    let up = lab.up(SCENARIO, &["--no-verify"]).await;
    let service = &up["services"][0];
    assert_eq!(service["name"], "pgadmin");
    assert_eq!(service["container"], lab.container("pgadmin"));
    let url = service["url"].as_str().expect("a URL");
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");

    let browser = Browser::open(url).await;
    // A panic is caught here alone, so that there is a picture of what was to be seen then.
    let (browser, name) = (Arc::new(browser), lab.name.clone());
    let walk = tokio::spawn(walk(browser.clone(), name));
    let walked = walk.await;
    let picture = browser.picture("lab-pgadmin").await;
    if let Err(failed) = walked {
        let path = picture.display();
        let words = ready::said(failed);
        panic!(
            "{}; a picture of it is at {path}",
            words.message().unwrap_or_default()
        );
    }
    std::fs::remove_file(picture).expect("our own picture");
    let browser = Arc::into_inner(browser).expect("nobody else has it");
    browser.close().await;
}

/// What the tutorial tells to click, and what has to be there.
async fn walk(browser: Arc<Browser>, lab: String) {
    browser.shows(".file-entry").await;
    let tree = Tree {
        browser: &browser,
        group: &lab,
    };
    let publisher = ["publisher", "Databases", "shopping"];
    tree.open(&publisher).await;
    assert_eq!(tree.below(&publisher, "Publications").await, ["shop_pub"]);
    // The publisher subscribes to nothing, whatever else is listed.
    let none: [&str; 0] = [];
    assert_eq!(tree.below(&publisher, "Subscriptions").await, none);

    let subscriber = ["subscriber", "Databases", "shopping"];
    tree.open(&subscriber).await;
    assert_eq!(tree.below(&subscriber, "Subscriptions").await, ["shop_sub"]);
    assert_eq!(tree.below(&subscriber, "Publications").await, none);
}

/// pgAdmin's tree of objects, below the lab's group.
struct Tree<'a> {
    browser: &'a Browser,
    group: &'a str,
}

/// Rows come in the order in which they are shown, each with its depth. Returns what opens and closes the row at a path.
const TOGGLE: &str = "
    const path = arguments[0];
    let at = 0;
    for (const row of document.querySelectorAll('.file-entry')) {
        const depth = Number(row.dataset.depth);
        if (at > 0 && depth <= at) return null;
        if (depth !== at + 1 || row.querySelector('.file-name').textContent !== path[at]) continue;
        at += 1;
        if (at === path.length) return row.querySelector('.directory-toggle');
    }
    return null;";

/// The names of the rows right below the one at a path, where that is open and they are there, whoever they are.
const CHILDREN: &str = "
    const path = arguments[0];
    let at = 0, names = [];
    for (const row of document.querySelectorAll('.file-entry')) {
        const depth = Number(row.dataset.depth), name = row.querySelector('.file-name').textContent;
        if (at > 0 && depth <= at) break;
        if (at === path.length) { if (depth === at + 1) names.push(name); continue; }
        if (depth === at + 1 && name === path[at]) at += 1;
    }
    return names;";

/// A row that was not clicked yet.
const NEVER: u64 = u64::MAX;

impl Tree<'_> {
    fn path(&self, below: &[&str]) -> Vec<Value> {
        let mut path = vec![self.group];
        path.extend(below);
        vec![json!(path)]
    }

    /// Opens each row of a path by a click, and waits until it is open. A server that asked for a password would not be.
    async fn open(&self, path: &[&str]) {
        for length in 0..=path.len() {
            let path = &path[..length];
            let clicked = AtomicU64::new(NEVER);
            eventually(&format!("opening {path:?}"), || async {
                match self.click(path, &clicked).await {
                    Ok(true) => Probe::Ready(()),
                    Ok(false) => Probe::NotYet("it is not open".to_owned()),
                    // The page draws its rows anew as they come.
                    Err(error) => Probe::NotYet(error.to_string()),
                }
            })
            .await;
        }
    }

    /// Clicks the row at a path unless it was clicked before, and says whether it is open. `clicked` is how many requests
    /// had been given up by then.
    async fn click(
        &self,
        path: &[&str],
        clicked: &AtomicU64,
    ) -> Result<bool, fantoccini::error::CmdError> {
        let toggle = self.browser.element(TOGGLE, self.path(path)).await?;
        let Some(toggle) = toggle else {
            return Ok(false);
        };
        let class = toggle.attr("class").await?.unwrap_or_default();
        if class.split(' ').any(|word| word == "open") {
            return Ok(true);
        }
        // A second click would close it, so there is one, unless the request was given up that it led to.
        let given_up = self.browser.given_up("/browser/").await?;
        if clicked.load(Ordering::Relaxed) != given_up {
            toggle.click().await?;
            clicked.store(given_up, Ordering::Relaxed);
        }
        Ok(false)
    }

    /// What is listed in a collection of a database, once pgAdmin has listed it.
    async fn below(&self, database: &[&str], collection: &str) -> Vec<String> {
        let path = [database, &[collection]].concat();
        self.open(&path).await;
        let names = self.browser.look(CHILDREN, self.path(&path)).await;
        let names = names.expect("the page answers");
        let names = names.as_array().expect("names").iter();
        names
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect()
    }
}

/// `docker restart` by hand keeps it working, and one that is stopped is missed.
async fn restarted(lab: &Lab) {
    lab.up(SCENARIO, &["--no-verify"]).await;
    lab.restart("pgadmin").await;
    let status = eventually("it answers again", || async {
        let ran = lab.run("status", &[]).await;
        let status = ran.document_of_any_code();
        match ran.code {
            Some(0) => Probe::Ready(status),
            _ => Probe::NotYet(status["services"].to_string()),
        }
    })
    .await;
    assert_eq!(status["services"][0]["state"], "running");
    let logs = binary::lab(&["logs", &lab.name, "pgadmin"]).await.stdout;
    let registered = logs.matches("2 Server(s)").count();
    assert_eq!(registered, 1, "the servers are registered once:\n{logs}");

    lab.stop("pgadmin").await;
    let status = lab.run("status", &[]).await.document(1);
    assert_eq!(status["healthy"], Value::Bool(false));
    assert_eq!(status["services"][0]["state"], "exited");
    lab.run("down", &[]).await.document(0);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}
