//! `lab psql`: opens psql on a node, through the node's own socket.

use anyhow::Result;
use clap::Args;
use replication_lab::exit::Exit;
use replication_lab::server::SUPERUSER;
use replication_lab::server::command::PGDATA;

use super::arguments::{LabArgument, node_or_primary};
use super::exec::run_in;

const AFTER_HELP: &str = "\
Examples:
  lab psql physical-sync                               the primary
  lab psql physical-sync replica
  lab psql physical-sync replica -- -c 'SELECT pg_is_in_recovery()'
  echo 'TABLE employer' | lab psql physical-sync -- -qAt";

/// Open psql on a node, as the superuser, in the lab's database.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct PsqlCommand {
    #[command(flatten)]
    lab: LabArgument,
    /// The node. Default: the current primary.
    node: Option<String>,
    /// Arguments for psql.
    #[arg(last = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl PsqlCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let lab = self.lab.find().await?;
        let node = node_or_primary(&lab, self.node.as_deref()).await?;
        let database = lab.plan.database.as_str();
        let command = command(&node, database, self.arguments);
        run_in(&lab, &node, &command).await
    }
}

/// The pager for long results. Debian's psql runs `pager`, which not every image has; without it the result would be lost.
/// Not every image knows the terminal either: `-d` keeps `less` from warning about it.
const PAGER: &str = "PSQL_PAGER=less -d || more || cat";

/// `psql` with a prompt that names the node and what it is at that moment: a promotion removes the signal file.
fn command(node: &str, database: &str, arguments: Vec<String>) -> Vec<String> {
    let role = format!(
        "%`[ -e {PGDATA}/standby.signal ] || [ -e {PGDATA}/recovery.signal ] && echo standby || echo primary`"
    );
    let prompts = ["PROMPT1", "PROMPT2"];
    let prompts = prompts.map(|name| format!("--set={name}={node} ({role}) %/%R%x%# "));
    let command = ["env", PAGER, "psql", "-U", SUPERUSER, "-d", database];
    let command = command.into_iter().map(str::to_owned);
    command.chain(prompts).chain(arguments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_s_arguments_follow_the_connection_s() {
        let told = command(
            "replica",
            "shopping",
            vec!["-c".to_owned(), "SELECT 1".to_owned()],
        );
        let prompt = |name: &str| {
            let signal =
                format!("[ -e {PGDATA}/standby.signal ] || [ -e {PGDATA}/recovery.signal ]");
            let role = format!("%`{signal} && echo standby || echo primary`");
            format!("--set={name}=replica ({role}) %/%R%x%# ")
        };
        let (first, second) = (prompt("PROMPT1"), prompt("PROMPT2"));
        let wanted = [
            "env", PAGER, "psql", "-U", "postgres", "-d", "shopping", &first, &second, "-c",
            "SELECT 1",
        ];
        assert_eq!(told, wanted);
    }
}
