//! An engine in memory, for tests of what is done with an engine. Test support, public so that tests outside this
//! crate can use it too.
//!
//! It keeps Docker's rules about names, addresses and objects in use, writes down every call, and does as it is
//! told: fails, runs a hook, or takes its time at any call. It runs no real process; what a container's main process
//! or an executed program says is a closure.
//!
//! ```
//! use replication_lab::engine::{EngineErrorKind, NetworkSpec, Labels};
//! use replication_lab::engine::fake::Fake;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let fake = Fake::new();
//! let engine = fake.engine();
//! fake.fail("create_network lab-b", EngineErrorKind::AddressesExhausted, "no pool is left");
//! let spec = |name: &str| NetworkSpec { name: name.to_owned(), subnet: None, labels: Labels::new() };
//! let network = engine.create_network(&spec("lab-a")).await.expect("the first network");
//! assert_eq!(network.subnet.as_deref(), Some("172.18.0.0/16"));
//! let refused = engine.create_network(&spec("lab-b")).await.expect_err("a scripted failure");
//! assert_eq!(refused.kind, EngineErrorKind::AddressesExhausted);
//! assert_eq!(fake.journal(), ["create_network lab-a", "create_network lab-b"]);
//! # });
//! ```

mod addresses;
mod containers;
mod process;
mod script;
mod world;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt};

pub use self::process::Process;
use self::script::{Script, act};
use self::world::{Refusal, World};
use super::{
    Attached, Container, ContainerSpec, Engine, EngineCause, EngineError, EngineErrorKind,
    EngineInfo, ExecOutput, Image, LayerProgress, Network, NetworkSpec, Selector, Volume,
};

/// An engine in memory. Clones are the same engine.
///
/// Calls are named as in [`Fake::journal`]: the verb, the object's name, and for `exec` the program and its
/// arguments. Where a call is to be chosen, its first words are enough: `start_container` is every start.
#[derive(Clone, Default)]
pub struct Fake {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    world: World,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Fake {
    /// An engine with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This engine, for who works on any.
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::Fake(self.clone())
    }

    /// Every call so far, in the order in which they began: `create_container lab-a-primary`.
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        self.lock().script.journal.clone()
    }

    /// Every container that was made so far, as it was asked for, those that are gone included.
    #[must_use]
    pub fn made(&self) -> Vec<ContainerSpec> {
        self.lock().world.specs.clone()
    }

    /// Gives the engine an image of that name, with nothing said about it.
    pub fn add_image(&self, reference: &str) {
        let mut shared = self.lock();
        let image = shared.world.image(reference, 0);
        shared.world.images.push(image);
    }

    /// Gives the engine that very image.
    pub fn insert_image(&self, image: Image) {
        self.lock().world.images.push(image);
    }

    /// Lets the registry have an image, for `pull_image` to find.
    pub fn publish_image(&self, reference: &str) {
        let mut shared = self.lock();
        let image = shared.world.image(reference, 1 << 20);
        shared.world.registry.push(image);
    }

    /// Fails every call so named from now on. A call that fails so has no effect.
    pub fn fail(&self, call: &str, kind: EngineErrorKind, message: &str) {
        self.lock().script.fail(call, None, kind, message);
    }

    /// Fails the `nth` call so named from now on, counting from 1.
    pub fn fail_nth(&self, call: &str, nth: usize, kind: EngineErrorKind, message: &str) {
        self.lock().script.fail(call, Some(nth), kind, message);
    }

    /// Runs `hook` at the beginning of every call so named, before it has an effect.
    pub fn on(&self, call: &str, hook: impl Fn() + Send + Sync + 'static) {
        self.lock().script.hook(call, Arc::new(hook));
    }

    /// Lets every call so named take that long before it has an effect. A call that is dropped meanwhile has none.
    pub fn delay(&self, call: &str, delay: Duration) {
        self.lock().script.delay(call, delay);
    }

    /// Says what programs do that are executed in containers. Without it they succeed and say nothing.
    pub fn on_exec(
        &self,
        program: impl Fn(&Container, &[String], &[u8]) -> ExecOutput + Send + Sync + 'static,
    ) {
        self.lock().script.program = Some(Arc::new(program));
    }

    /// Answers the next program executed in that container so; queued answers go before [`Fake::on_exec`].
    pub fn answer_exec(&self, container: &str, answer: ExecOutput) {
        self.lock()
            .script
            .answers
            .push((container.to_owned(), answer));
    }

    /// Says what the main process of every container does from its start on, and with which code it exits. Without
    /// it they run until they are removed and say nothing.
    pub fn on_start<F>(&self, main: impl Fn(Process) -> F + Send + Sync + 'static)
    where
        F: Future<Output = i64> + Send + 'static,
    {
        self.lock().script.main = Some(Arc::new(move |process| main(process).boxed()));
    }

    /// Ends a container's main process as if it had exited.
    pub fn exit(&self, container: &str, code: i64) {
        self.lock().world.exit(container, code);
    }

    /// Publishes a container's port at that port of the host, where a test listens.
    pub fn set_port(&self, container: &str, port: u16) {
        self.lock().world.ports.insert(container.to_owned(), port);
    }

    /// Puts a file into a container, for `read_file` to find.
    pub fn put_file(&self, container: &str, path: &str, content: impl Into<Vec<u8>>) {
        let place = (container.to_owned(), path.to_owned());
        self.lock().world.files.insert(place, content.into());
    }

    /// Every object there is but images, as `network lab-a`, in order: what is left behind.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        self.lock().world.objects()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call: writes it down, does as the script says, then lets it have its effect.
    async fn call<T>(
        &self,
        verb: &'static str,
        subject: &str,
        effect: impl FnOnce(&mut Shared) -> Result<T, Refusal>,
    ) -> Result<T, EngineError> {
        let subject = self.lock().world.name_of(subject);
        self.begin(verb, &subject, &[]).await?;
        effect(&mut self.lock()).map_err(|refusal| refused(verb, &subject, refusal))
    }

    async fn begin(
        &self,
        verb: &'static str,
        subject: &str,
        rest: &[String],
    ) -> Result<(), EngineError> {
        let words = [verb, subject].into_iter();
        let words: Vec<&str> = words.chain(rest.iter().map(String::as_str)).collect();
        let call = words.join(" ").trim_end().to_owned();
        let cue = self.lock().script.cue(call);
        for hook in cue.hooks {
            hook();
        }
        if !cue.delay.is_zero() {
            tokio::time::sleep(cue.delay).await;
        }
        match cue.failure {
            Some((kind, message)) => Err(refused(verb, subject, Refusal(kind, message))),
            None => Ok(()),
        }
    }
}

fn refused(verb: &str, subject: &str, Refusal(kind, message): Refusal) -> EngineError {
    EngineError {
        act: act(verb, subject),
        kind,
        source: EngineCause(message),
    }
}

impl Fake {
    pub(super) async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.call("info", "", |_| {
            Ok(EngineInfo {
                version: "20.10.24".to_owned(),
                api: "1.41".to_owned(),
                system: "memory".to_owned(),
                root: "/var/lib/docker".to_owned(),
            })
        })
        .await
    }

    pub(super) async fn find_image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        self.call("find_image", reference, |shared| {
            Ok(shared.world.find_image(reference).cloned())
        })
        .await
    }

    pub(super) async fn images(&self, which: &Selector) -> Result<Vec<Image>, EngineError> {
        self.call("images", "", |shared| {
            let all = shared.world.images.iter();
            Ok(all
                .filter(|image| which.matches(&image.labels))
                .map(|image| Image {
                    env: Vec::new(),
                    volumes: Vec::new(),
                    ..image.clone()
                })
                .collect())
        })
        .await
    }

    pub(super) async fn pull_image(
        &self,
        reference: &str,
        progress: &(dyn Fn(LayerProgress) + Send + Sync),
    ) -> Result<(), EngineError> {
        let bytes = self
            .call("pull_image", reference, |shared| {
                shared.world.pull(reference)
            })
            .await?;
        for done in [0, bytes / 2, bytes] {
            progress(LayerProgress {
                layer: "5d0da3dc9764".to_owned(),
                status: "Downloading".to_owned(),
                done,
                total: Some(bytes),
            });
        }
        Ok(())
    }

    pub(super) async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        mut tar: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Result<(), EngineError> {
        self.begin("import_image", reference, &[]).await?;
        let mut bytes = Vec::new();
        let read = tar.read_to_end(&mut bytes).await;
        let read = read.map_err(|error| {
            let refusal = Refusal(EngineErrorKind::Other, error.to_string());
            refused("import_image", reference, refusal)
        })?;
        self.lock().world.import(reference, changes, read as u64);
        Ok(())
    }

    pub(super) async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        self.call("remove_image", reference, |shared| {
            shared.world.remove_image(reference)
        })
        .await
    }

    pub(super) async fn create_network(
        &self,
        network: &NetworkSpec,
    ) -> Result<Network, EngineError> {
        self.call("create_network", &network.name, |shared| {
            shared.world.create_network(network)
        })
        .await
    }

    pub(super) async fn networks(
        &self,
        which: Option<&Selector>,
    ) -> Result<Vec<Network>, EngineError> {
        self.call("networks", "", |shared| {
            let all = shared.world.networks.iter();
            Ok(all
                .filter(|network| which.is_none_or(|which| which.matches(&network.labels)))
                .cloned()
                .collect())
        })
        .await
    }

    pub(super) async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        self.call("remove_network", id, |shared| {
            shared.world.remove_network(id)
        })
        .await
    }

    pub(super) async fn create_volume(&self, volume: &Volume) -> Result<Volume, EngineError> {
        self.call("create_volume", &volume.name, |shared| {
            Ok(shared.world.create_volume(volume))
        })
        .await
    }

    pub(super) async fn create_disk(
        &self,
        volume: &Volume,
        bytes: u64,
    ) -> Result<Volume, EngineError> {
        let called = format!("{} {bytes}", volume.name);
        self.call("create_disk", &called, |shared| {
            Ok(shared.world.create_volume(volume))
        })
        .await
    }

    pub(super) async fn volumes(&self, which: &Selector) -> Result<Vec<Volume>, EngineError> {
        self.call("volumes", "", |shared| {
            let all = shared.world.volumes.iter();
            Ok(all
                .filter(|volume| which.matches(&volume.labels))
                .cloned()
                .collect())
        })
        .await
    }

    pub(super) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        self.call("remove_volume", name, |shared| {
            shared.world.remove_volume(name)
        })
        .await
    }

    pub(super) async fn create_container(
        &self,
        container: &ContainerSpec,
    ) -> Result<String, EngineError> {
        self.call("create_container", &container.name, |shared| {
            shared.world.create_container(container)
        })
        .await
    }

    pub(super) async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        let begun = self
            .call("start_container", id, |shared| {
                let main = shared.script.main.clone();
                Ok(shared.world.start(id)?.zip(main))
            })
            .await?;
        if let Some((process, main)) = begun {
            process::run(self, process, &main);
        }
        Ok(())
    }

    pub(super) async fn pause_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("pause_container", id, |shared| shared.world.pause(id))
            .await
    }

    pub(super) async fn signal_container(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        let signal = signal.to_owned();
        self.call("signal_container", id, move |shared| {
            shared.world.signal(id, &signal)
        })
        .await
    }

    pub(super) async fn unpause_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("unpause_container", id, |shared| shared.world.unpause(id))
            .await
    }

    pub(super) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("remove_container", id, |shared| {
            shared.world.remove_container(id);
            Ok(())
        })
        .await
    }

    pub(super) async fn find_container(&self, id: &str) -> Result<Option<Container>, EngineError> {
        self.call("find_container", id, |shared| {
            Ok(shared.world.found(id).map(|found| found.container.clone()))
        })
        .await
    }

    pub(super) async fn containers(&self, which: &Selector) -> Result<Vec<Container>, EngineError> {
        self.call("containers", "", |shared| {
            let all = shared.world.containers.iter().map(|held| &held.container);
            Ok(all
                .filter(|container| which.matches(&container.labels))
                .cloned()
                .collect())
        })
        .await
    }

    pub(super) async fn attach(&self, id: &str) -> Result<Attached, EngineError> {
        self.call("attach", id, |shared| shared.world.attach(id))
            .await
    }

    pub(super) async fn logs(&self, id: &str, tail: Option<usize>) -> Result<String, EngineError> {
        self.call("logs", id, |shared| shared.world.logs(id, tail))
            .await
    }

    pub(super) async fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        let called = format!("{} {path}", self.lock().world.name_of(id));
        self.call("read_file", &called, |shared| {
            shared.world.read_file(id, path)
        })
        .await
    }

    pub(super) async fn exec(
        &self,
        id: &str,
        command: &[String],
        input: &[u8],
    ) -> Result<ExecOutput, EngineError> {
        let name = self.lock().world.name_of(id);
        self.begin("exec", &name, command).await?;
        let (container, queued, program) = {
            let mut shared = self.lock();
            let container = shared
                .world
                .running(id)
                .map_err(|refusal| refused("exec", &name, refusal))?;
            let queued = shared.script.answer(&name);
            (container, queued, shared.script.program.clone())
        };
        // The program runs without the lock, for it may ask the engine something itself.
        Ok(queued
            .or_else(|| program.map(|program| program(&container, command, input)))
            .unwrap_or(ExecOutput {
                code: 0,
                stdout: Vec::new(),
                stderr: Vec::new(),
            }))
    }
}
