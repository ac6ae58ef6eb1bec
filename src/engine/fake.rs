//! An engine in memory, for tests. It is public so that tests outside this crate can use it.
//!
//! It keeps Docker's rules about names, addresses and objects in use, and records every call. At any call a test can make
//! it fail, run a hook or take time. It runs no real process: closures play main processes and executed programs.
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
mod calls;
mod containers;
mod held;
mod process;
mod script;
mod world;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use self::held::Refusal;
pub use self::process::Process;
use self::script::{Script, act};
use self::world::World;
use super::{
    Container, ContainerSpec, Engine, EngineCause, EngineError, EngineErrorKind, ExecOutput, Image,
};

/// An engine in memory. Clones are the same engine.
///
/// A call is named as in [`Fake::journal`]: the verb, the object's name, and for `exec` the program and its arguments. To
/// select calls, give the first words: `start_container` selects every start.
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
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This engine as an [`Engine`].
    #[must_use]
    pub fn engine(&self) -> Engine {
        Engine::Fake(self.clone())
    }

    /// Every call so far, in the order of their beginnings: `create_container lab-a-primary`.
    #[must_use]
    pub fn journal(&self) -> Vec<String> {
        self.lock().script.journal.clone()
    }

    /// The specification of every container created so far, also of removed ones.
    #[must_use]
    pub fn made(&self) -> Vec<ContainerSpec> {
        self.lock().world.specs.clone()
    }

    /// Adds an image of that name, without labels, environment or volumes.
    pub fn add_image(&self, reference: &str) {
        let mut shared = self.lock();
        let image = shared.world.image(reference, 0);
        shared.world.images.push(image);
    }

    /// Adds an image.
    pub fn insert_image(&self, image: Image) {
        self.lock().world.images.push(image);
    }

    /// Adds an image to the registry, where `pull_image` finds it.
    pub fn publish_image(&self, reference: &str) {
        let mut shared = self.lock();
        let image = shared.world.image(reference, 1 << 20);
        shared.world.registry.push(image);
    }

    /// Makes every selected call fail from now on. A call that fails has no effect.
    pub fn fail(&self, call: &str, kind: EngineErrorKind, message: &str) {
        self.lock().script.fail(call, None, kind, message);
    }

    /// Makes the `nth` selected call from now on fail, counted from 1.
    pub fn fail_nth(&self, call: &str, nth: usize, kind: EngineErrorKind, message: &str) {
        self.lock().script.fail(call, Some(nth), kind, message);
    }

    /// Runs `hook` at the beginning of every selected call, before its effect.
    pub fn on(&self, call: &str, hook: impl Fn() + Send + Sync + 'static) {
        self.lock().script.hook(call, Arc::new(hook));
    }

    /// Delays the effect of every selected call. A call that is dropped during the delay has no effect.
    pub fn delay(&self, call: &str, delay: Duration) {
        self.lock().script.delay(call, delay);
    }

    /// Plays the programs executed in containers. Default: they succeed without output.
    pub fn on_exec(
        &self,
        program: impl Fn(&Container, &[String], &[u8]) -> ExecOutput + Send + Sync + 'static,
    ) {
        self.lock().script.program = Some(Arc::new(program));
    }

    /// Queues the answer to the next program executed in that container. Queued answers precede [`Fake::on_exec`].
    pub fn answer_exec(&self, container: &str, answer: ExecOutput) {
        self.lock()
            .script
            .answers
            .push((container.to_owned(), answer));
    }

    /// Plays the main process of every container and returns its exit code. Default: it runs without output until the container
    /// is removed.
    pub fn on_start<F>(&self, main: impl Fn(Process) -> F + Send + Sync + 'static)
    where
        F: Future<Output = i64> + Send + 'static,
    {
        self.lock().script.main = Some(Arc::new(move |process| main(process).boxed()));
    }

    /// Ends a container's main process with that exit code.
    pub fn exit(&self, container: &str, code: i64) {
        self.lock().world.exit(container, code);
    }

    /// Chooses every address itself from now on, whatever a container asks for.
    pub fn choose_addresses(&self) {
        self.lock().world.chooses_addresses = true;
    }

    /// Publishes a container's port at that host port, where a test listens.
    pub fn set_port(&self, container: &str, port: u16) {
        self.lock().world.ports.insert(container.to_owned(), port);
    }

    /// Leaves an endpoint of that name on a network, as an engine does that has lost the endpoint's container.
    pub fn lose_endpoint(&self, network: &str, name: &str) {
        let endpoint = (network.to_owned(), name.to_owned());
        self.lock().world.lost.push(endpoint);
    }

    /// Puts a file into a container, where `read_file` finds it.
    pub fn put_file(&self, container: &str, path: &str, content: impl Into<Vec<u8>>) {
        let place = (container.to_owned(), path.to_owned());
        self.lock().world.files.insert(place, content.into());
    }

    /// Every object except images, sorted, as `network lab-a`: what a removal left behind.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        self.lock().world.objects()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call: records it, does what was scripted, then takes effect.
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
