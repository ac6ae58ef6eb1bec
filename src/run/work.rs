//! Work on a stopped node's data, in a container of its own on the same volume. It ends when the work is done.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::engine::{Container, ContainerSpec, ContainerState, Engine, EngineError, Limits};
use crate::failure::Failure;
use crate::lab::{archive, labels, volume};
use crate::name::NodeName;
use crate::wait::Probe;

/// Reads `AUTO_CONF` from standard input.
const AUTO_CONF: &str = include_str!("../../images/node/auto_conf.sh");

/// How data is replaced, in steps that a kill may separate.
const REPLACEMENT: &str = include_str!("../../images/node/replacement.sh");

/// What scripts know of tablespaces.
const TABLESPACES: &str = include_str!("../../images/node/tablespaces.sh");

/// One piece of work.
pub(super) struct Work<'w> {
    pub(super) node: &'w NodeName,
    /// "taking a base backup of `a` for `b`".
    pub(super) act: String,
    /// A shell script, and its arguments.
    pub(super) script: &'static str,
    pub(super) arguments: Vec<String>,
    /// Text for `postgresql.auto.conf`, which the script gets on its standard input: `docker inspect` shows an environment.
    pub(super) auto_conf: Option<String>,
    pub(super) within: Duration,
}

impl Scene<'_> {
    /// Runs it and returns its output.
    pub(super) async fn work(&self, work: Work<'_>) -> Tried {
        let engine = &self.lab.engine;
        let (lab, claim) = (&self.lab.plan.lab, &self.lab.claim);
        let own = self.container(work.node).await?;
        if own.state == ContainerState::Paused {
            let node = work.node;
            return Err(Wrong::failed(format!(
                "`{node}` is frozen: {}",
                self.thaws(node).await
            )));
        }
        let image = engine.find_image(&own.image).await?;
        let image = image.ok_or_else(|| {
            Wrong::failed(format!("{}: the image `{}` is gone", work.act, own.image))
        })?;
        let auto_conf = work.auto_conf.as_ref().map_or("", |_| AUTO_CONF);
        let script = [auto_conf, REPLACEMENT, TABLESPACES, work.script].concat();
        let mut command: Vec<String> = ["sh", "-c", &script, "lab-node"].map(str::to_owned).into();
        command.extend(work.arguments);
        let data = labels::node_object(lab, work.node);
        let mut mounts = volume::of_node(&data, &labels::of_node(claim, work.node), &image);
        mounts.extend(archive::mount(&self.lab.plan, claim));
        let spec = ContainerSpec {
            name: labels::work_object(lab, work.node),
            hostname: work.node.to_string(),
            image: own.image.clone(),
            user: "postgres".to_owned(),
            command,
            env: Vec::new(),
            network: Some(labels::network_object(claim)),
            // The node's own address, which is free while the node is stopped: other nodes admit no other address.
            address: own.address,
            publish: None,
            mounts,
            limits: Limits::default(),
            shm_bytes: 0,
            labels: labels::of_work(claim, &work.act),
            stdin: work.auto_conf.is_some(),
            power: None,
        };
        // The container of a killed `lab` may have ended since, or never have started.
        if let Some(old) = engine.find_container(&spec.name).await? {
            if is_at_work(&old) {
                let why = at_work(&old);
                return Err(Wrong::failed(format!("{}: {why}", work.act)));
            }
            engine.remove_container(&old.id).await?;
        }
        let id = engine.create_container(&spec).await?;
        if let Err(error) = started(engine, &id, work.auto_conf).await {
            engine.remove_container(&id).await?;
            return Err(error.into());
        }
        let code = self
            .wait(
                work.within,
                || format!("{} is done", work.act),
                || async {
                    let container = engine.find_container(&id).await?;
                    let container =
                        container.ok_or_else(|| Wrong::failed("its container is gone"))?;
                    Ok(match container.state {
                        ContainerState::Exited | ContainerState::Dead => {
                            Probe::Ready(ended_with(&container))
                        }
                        state => Probe::NotYet(format!("its container is {}", state.word())),
                    })
                },
            )
            .await;
        let log = engine.logs(&id, Some(20)).await.unwrap_or_default();
        engine.remove_container(&id).await?;
        match code? {
            Some((0, _)) => Ok(log),
            Some((code, memory)) => {
                let how = ended(code, memory, &format!("\n{}", log.trim()));
                let why = Failure::seen(format!("{} ended with {how}", work.act));
                Err(Wrong::Failed(if is_torn(&work.act, code, memory) {
                    why.with_hint(mends(work.node))
                } else {
                    why
                }))
            }
            None => Err(Wrong::failed(format!("{} did not end", work.act))),
        }
    }

    /// A failed work that was to replace a node's data, with a hint if there was no room for the new data. Nothing was
    /// replaced then.
    pub(super) fn old_is_there(&self, wrong: Wrong, node: &NodeName) -> Wrong {
        match wrong {
            Wrong::Failed(why) if why.contains("No space left on device") => {
                let lab = &self.lab.plan.lab;
                Wrong::Failed(why.with_hint(format!(
                    "the new data needs room beside the old, so a `disk` must hold both; the old data of `{node}` is as it \
                     was, and a `start` step or `lab start {lab} {node}` starts it"
                )))
            }
            wrong => wrong,
        }
    }

    /// Waits until no work on a node's data is running. If the `lab` that started the work was killed, its outcome is
    /// reported here, once.
    pub(super) async fn not_at_work(&self, node: &NodeName, within: Duration) -> Tried<()> {
        let engine = &self.lab.engine;
        let name = labels::work_object(&self.lab.plan.lab, node);
        let expected = || format!("no work on the data of `{node}` is running");
        self.wait(within, expected, || async {
            let Some(found) = engine.find_container(&name).await? else {
                return Ok(Probe::Ready(()));
            };
            if is_at_work(&found) {
                return Ok(Probe::NotYet(at_work(&found)));
            }
            let log = engine.logs(&found.id, Some(20)).await.unwrap_or_default();
            engine.remove_container(&found.id).await?;
            match found.exit_code {
                None | Some(0) => Ok(Probe::Ready(())),
                Some(code) => {
                    let (act, memory) = (act(&found), found.out_of_memory);
                    let how = ended(code, memory, &format!("\n{}", log.trim()));
                    let way = if is_torn(act, code, memory) {
                        mends(node)
                    } else {
                        format!("repeat it, or start `{node}` once more as it is")
                    };
                    Err(Wrong::failed(format!(
                        "{act} was left behind and ended with {how}\n{way}"
                    )))
                }
            }
        })
        .await
    }
}

/// Starts the container and writes its standard input, which ends then.
async fn started(engine: &Engine, id: &str, input: Option<String>) -> Result<(), EngineError> {
    let Some(input) = input else {
        return engine.start_container(id).await;
    };
    let mut attached = engine.attach(id).await?;
    engine.start_container(id).await?;
    let written = async {
        attached.input.write_all(input.as_bytes()).await?;
        attached.input.shutdown().await
    };
    if let Err(error) = written.await {
        // It has ended before it read its input, and its exit code says why.
        tracing::debug!(%error, "the input of the container `{id}` was not read");
    }
    Ok(())
}

/// Whether it has begun and not ended. A frozen container has not ended.
fn is_at_work(container: &Container) -> bool {
    !matches!(
        container.state,
        ContainerState::Created | ContainerState::Exited | ContainerState::Dead
    )
}

/// The act of a work container.
fn act(container: &Container) -> &str {
    let act = container.labels.get(labels::WORK_LABEL);
    act.map_or("some work", String::as_str)
}

/// Whether a rewind was killed. `pg_rewind` changes the data directory in place, and leaves one that cannot be recovered
/// (manual: "`pg_rewind`", "Warning").
fn is_torn(act: &str, code: i64, out_of_memory: bool) -> bool {
    // Shells and Docker report 128 plus the number of the signal.
    act.starts_with("rewinding ") && (out_of_memory || code > 128)
}

/// What to do about a node whose rewind was killed.
fn mends(node: &NodeName) -> String {
    format!(
        "what a killed `pg_rewind` leaves may be neither the old data nor the new: only `reclone` mends `{node}`"
    )
}

/// The message that the work has not ended, with the ways out.
fn at_work(container: &Container) -> String {
    let (act, name) = (act(container), &container.name);
    format!(
        "{act} is still running in the container `{name}`: wait for it, or run `docker rm -f {name}` and `reclone` the node"
    )
}

/// The exit code of a container that has ended, and whether memory ran out.
fn ended_with(container: &Container) -> Option<(i64, bool)> {
    Some((container.exit_code?, container.out_of_memory))
}

/// How a program ended, whether memory ran out, and its output if there is any.
pub(super) fn ended(code: i64, out_of_memory: bool, output: &str) -> String {
    // Shells and Docker report 128 plus the number of the signal that ended a program.
    let signal = match code {
        _ if out_of_memory => ", out of memory: the kernel killed it",
        129 => ", ended by SIGHUP",
        130 => ", ended by SIGINT",
        134 => ", ended by SIGABRT",
        137 => ", killed by SIGKILL",
        139 => ", ended by SIGSEGV",
        143 => ", ended by SIGTERM",
        _ => "",
    };
    match output.trim() {
        "" => format!("exit code {code}{signal}"),
        output => format!("exit code {code}{signal}: {output}"),
    }
}

#[cfg(test)]
mod killed;

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::action::start::Start;
    use crate::action::{OneOrMany, Step};
    use crate::engine::Engine;
    use crate::engine::fake::Fake;
    use crate::run::stopped;

    /// Starts a stopped node twice while work on its data runs, which ends with this code or not at all.
    async fn starting(ends: Option<i64>) -> (Fake, Vec<Wrong>) {
        let lab = stopped::lab("n: {}").await;
        let Engine::Fake(fake) = lab.engine.clone() else {
            unreachable!("the lab is in memory")
        };
        let node = &lab.plan.nodes[0].name;
        let name = labels::work_object(&lab.plan.lab, node);
        stopped::container(
            &fake,
            &name,
            labels::of_work(&lab.claim, "rewinding `n` to `m`"),
        )
        .await;
        fake.engine().start_container(&name).await.expect("started");
        if let Some(code) = ends {
            fake.exit(&name, code);
        }
        let cancel = CancellationToken::new();
        let second = Duration::from_secs(1);
        let scene = Scene::new(&lab, second, &cancel, Duration::from_secs(60));
        let nodes = OneOrMany(vec![node.clone()]);
        let step = Step::of(Start(nodes.clone()));
        let mut wrongs = Vec::new();
        for _ in 0..2 {
            wrongs.extend(scene.start(&step, &nodes.0).await.err());
        }
        (fake, wrongs)
    }

    fn starts(fake: &Fake) -> usize {
        let calls = fake.journal();
        let starts = calls
            .iter()
            .filter(|call| *call == "start_container lab-a-n");
        starts.count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_does_not_start_while_somebody_works_on_its_data() {
        let (fake, wrongs) = starting(None).await;
        assert_eq!((starts(&fake), wrongs.len()), (0, 2));
        let Wrong::Unmet { expected, found } = &wrongs[0] else {
            panic!("{wrongs:?}");
        };
        assert_eq!(expected, "no work on the data of `n` is running");
        assert!(
            found.contains("rewinding `n` to `m` is still running in the container `lab-a-n.work`"),
            "{found}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_failed_unseen_is_told_once() {
        let (fake, wrongs) = starting(Some(1)).await;
        // The second time it starts, and has no port where it could answer.
        assert_eq!((starts(&fake), wrongs.len()), (1, 2));
        let Wrong::Failed(why) = &wrongs[0] else {
            panic!("{wrongs:?}");
        };
        assert!(
            why.message
                .starts_with("rewinding `n` to `m` was left behind and ended with exit code 1"),
            "{why}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_rewind_that_was_killed_unseen_is_not_to_be_repeated() {
        let (_, wrongs) = starting(Some(137)).await;
        let Wrong::Failed(why) = &wrongs[0] else {
            panic!("{wrongs:?}");
        };
        assert!(why.contains("only `reclone` mends `n`"), "{why}");
        assert!(!why.contains("repeat it"), "{why}");
        let (_, wrongs) = starting(Some(1)).await;
        assert!(wrongs[0].to_string().contains("repeat it"), "{wrongs:?}");
        assert!(!is_torn("taking a base backup of `m` for `n`", 137, false));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ended_well_keeps_nobody_back() {
        let (fake, wrongs) = starting(Some(0)).await;
        assert_eq!((starts(&fake), wrongs.len()), (2, 2));
        assert!(
            matches!(&wrongs[0], Wrong::Down(why) if why.contains("no port")),
            "{wrongs:?}"
        );
    }

    #[test]
    fn a_program_that_was_killed_is_said_to_be() {
        assert_eq!(ended(137, false, ""), "exit code 137, killed by SIGKILL");
        assert_eq!(
            ended(137, true, ""),
            "exit code 137, out of memory: the kernel killed it"
        );
        assert_eq!(
            ended(143, false, " bye\n"),
            "exit code 143, ended by SIGTERM: bye"
        );
        assert_eq!(ended(1, false, "no"), "exit code 1: no");
        assert_eq!(ended(0, false, "\n"), "exit code 0");
    }
}
