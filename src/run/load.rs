//! `load`: `pgbench` in a node's container, or a ledger.

use super::scene::Scene;
use super::state::Running;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::load::{Load, LoadKind};
use crate::engine::ExecOutput;
use crate::name::SessionName;

impl Act for Load {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        if self.kind == LoadKind::Ledger {
            return scene.ledger(step, self).await;
        }
        let (node, database) = super::target(step)?;
        let container = scene.running(node).await?;
        let engine = &scene.lab.engine;
        if let Some(scale) = self.scale {
            let init = ["pgbench", "--initialize", "--quiet", "--username=postgres"];
            let mut init = init.map(str::to_owned).to_vec();
            init.push(format!("--scale={scale}"));
            init.push(database.to_string());
            let made = engine.exec(&container.id, &init, &[]).await?;
            done(&made)?;
        }
        let command = pgbench(self, database.as_str());
        let script = self.script.clone().unwrap_or_default().into_bytes();
        let (engine, id) = (engine.clone(), container.id.clone());
        let task: Running = tokio::spawn(async move { engine.exec(&id, &command, &script).await });
        if let Some(session) = &step.session {
            scene.loads.lock().await.insert(session.clone(), task);
            return Ok("goes on".to_owned());
        }
        loaded(scene, task).await
    }
}

impl Scene<'_> {
    /// Waits for the load of a session, if it has one.
    pub(super) async fn finish_load(&self, name: &SessionName) -> Option<Tried> {
        let task = self.loads.lock().await.remove(name)?;
        Some(loaded(self, task).await)
    }
}

async fn loaded(scene: &Scene<'_>, task: Running) -> Tried {
    let ran = tokio::select! {
        () = scene.cancel.cancelled() => return Err(Wrong::Interrupted),
        ran = task => ran.map_err(|panic| Wrong::failed(panic.to_string()))?,
    };
    done(&ran?)
}

fn pgbench(load: &Load, database: &str) -> Vec<String> {
    let mut command = ["pgbench", "--username=postgres", "--no-vacuum"]
        .map(str::to_owned)
        .to_vec();
    command.push(format!("--client={}", load.clients));
    match (load.time, load.transactions) {
        (Some(time), _) => command.push(format!("--time={}", time.0.as_secs().max(1))),
        (None, Some(count)) => command.push(format!("--transactions={count}")),
        (None, None) => command.push("--transactions=100".to_owned()),
    }
    command.extend(load.rate.map(|rate| format!("--rate={rate}")));
    // The script comes on standard input, so no file is needed in the container.
    command.extend(load.script.is_some().then(|| "--file=-".to_owned()));
    command.push(database.to_owned());
    command
}

/// Its summary: the number of transactions and their rate.
fn done(ran: &ExecOutput) -> Tried {
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.code != 0 {
        let why = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        return Err(Wrong::failed(format!(
            "pgbench ended with exit code {}: {why}",
            ran.code
        )));
    }
    let wanted = ["number of transactions actually processed", "tps ="];
    let lines = said
        .lines()
        .filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)));
    Ok(lines.collect::<Vec<_>>().join(", "))
}
