//! A server to test on: the one that `LAB_TEST_DSN` names, or a lab that is brought up when the first test asks.

use std::env;
use std::sync::OnceLock;

use replication_lab::server::client::{Door, Reader, SearchPath};
use tokio_postgres::{Client, Config, NoTls};

use crate::binary::lab;
use crate::ready::runtime;

/// The servers, by their connection strings.
pub struct Servers {
    pub primary: String,
    pub standby: String,
    /// The lab that was brought up for them.
    lab: Option<String>,
}

static SERVERS: OnceLock<Result<Servers, String>> = OnceLock::new();

/// The servers, or why there are none. To be called outside of any runtime.
pub fn servers() -> Result<&'static Servers, &'static str> {
    let servers = SERVERS.get_or_init(|| match named() {
        Some(servers) => Ok(servers),
        None => runtime().block_on(up()),
    });
    servers.as_ref().map_err(String::as_str)
}

/// The servers of the environment.
pub fn named() -> Option<Servers> {
    let primary = env::var("LAB_TEST_DSN").ok()?;
    let standby = env::var("LAB_TEST_STANDBY_DSN").unwrap_or_default();
    Some(Servers {
        primary,
        standby,
        lab: None,
    })
}

async fn up() -> Result<Servers, String> {
    let name = format!("t{}-server", std::process::id());
    let arguments = ["up", "physical-async", "--name", &name, "--output", "json"];
    let up = lab(&arguments).await;
    if up.code != Some(0) {
        return Err(format!("no lab came up:\n{}", up.stderr));
    }
    let nodes = &up.document(0)["nodes"];
    let dsn = |node: usize| nodes[node]["dsn"].as_str().expect("a string").to_owned();
    Ok(Servers {
        primary: dsn(0),
        standby: dsn(1),
        lab: Some(name),
    })
}

/// Takes away the lab that was brought up, if one was.
pub fn remove() {
    let Some(Ok(Servers {
        lab: Some(name), ..
    })) = SERVERS.get()
    else {
        return;
    };
    let down = runtime().block_on(lab(&["down", name]));
    assert_eq!(down.code, Some(0), "{}", down.stderr);
}

pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

pub fn config(dsn: &str) -> Config {
    dsn.parse().expect("a connection string")
}

/// A new database, removed when the test has passed.
pub struct Database {
    admin: Client,
    config: Config,
    pub name: String,
    pub client: Client,
    pub standby: Config,
}

impl Database {
    pub async fn new(test: &str) -> Self {
        let servers = servers().expect("the trial has looked");
        let mut config = config(&servers.primary);
        let admin = connect(&config).await;
        let name = format!("lab_test_{test}_{}", std::process::id());
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("a database");
        let client = connect(config.dbname(&name)).await;
        Self {
            admin,
            config,
            name,
            client,
            standby: self::config(&servers.standby),
        }
    }

    pub async fn another(&self) -> Client {
        connect(&self.config).await
    }

    /// A connection of the program's own.
    pub async fn reader(&self) -> Reader {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let door = Door::trusted("127.0.0.1", port);
        let reader = Reader::connect(door, &self.name, SearchPath::Catalog).await;
        reader.expect("a reader")
    }

    pub async fn remove(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.batch_execute(&drop).await.expect("removed");
    }

    pub async fn one(&self, sql: &str) -> String {
        let row = self.client.query_one(sql, &[]).await.expect(sql);
        row.get::<_, String>(0)
    }
}
