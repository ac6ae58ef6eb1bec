//! The engine's calls on the fake: each is recorded, does what was scripted for it, and then acts on the world.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::held::Refusal;
use super::process::{Main, Process};
use super::{Fake, refused};
use crate::engine::{
    Attached, Container, ContainerSpec, Endpoint, EngineError, EngineErrorKind, EngineInfo,
    ExecOutput, Image, LayerProgress, Network, NetworkSpec, Selector, Volume,
};

impl Fake {
    pub(in crate::engine) async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.call("info", "", |_| {
            Ok(EngineInfo {
                version: "20.10.24".to_owned(),
                api: "1.41".to_owned(),
                system: "memory".to_owned(),
                root: "/var/lib/docker".to_owned(),
                id: "memory".to_owned(),
            })
        })
        .await
    }

    pub(in crate::engine) async fn find_image(
        &self,
        reference: &str,
    ) -> Result<Option<Image>, EngineError> {
        self.call("find_image", reference, |shared| {
            Ok(shared.world.find_image(reference).cloned())
        })
        .await
    }

    pub(in crate::engine) async fn images(
        &self,
        which: &Selector,
    ) -> Result<Vec<Image>, EngineError> {
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

    pub(in crate::engine) async fn pull_image(
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

    pub(in crate::engine) async fn import_image(
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

    pub(in crate::engine) async fn remove_image(&self, reference: &str) -> Result<(), EngineError> {
        self.call("remove_image", reference, |shared| {
            shared.world.remove_image(reference)
        })
        .await
    }

    pub(in crate::engine) async fn create_network(
        &self,
        network: &NetworkSpec,
    ) -> Result<Network, EngineError> {
        self.call("create_network", &network.name, |shared| {
            shared.world.create_network(network)
        })
        .await
    }

    pub(in crate::engine) async fn networks(
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

    pub(in crate::engine) async fn remove_network(&self, id: &str) -> Result<(), EngineError> {
        self.call("remove_network", id, |shared| {
            shared.world.remove_network(id)
        })
        .await
    }

    pub(in crate::engine) async fn endpoints(
        &self,
        network: &str,
    ) -> Result<Vec<Endpoint>, EngineError> {
        self.call("endpoints", network, |shared| {
            Ok(shared.world.endpoints(network))
        })
        .await
    }

    pub(in crate::engine) async fn disconnect(
        &self,
        network: &str,
        endpoint: &str,
    ) -> Result<(), EngineError> {
        let called = format!("{} {endpoint}", self.lock().world.name_of(network));
        self.call("disconnect", &called, |shared| {
            shared.world.disconnect(network, endpoint);
            Ok(())
        })
        .await
    }

    pub(in crate::engine) async fn create_volume(
        &self,
        volume: &Volume,
    ) -> Result<Volume, EngineError> {
        self.call("create_volume", &volume.name, |shared| {
            Ok(shared.world.create_volume(volume))
        })
        .await
    }

    pub(in crate::engine) async fn create_disk(
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

    pub(in crate::engine) async fn volumes(
        &self,
        which: &Selector,
    ) -> Result<Vec<Volume>, EngineError> {
        self.call("volumes", "", |shared| {
            let all = shared.world.volumes.iter();
            Ok(all
                .filter(|volume| which.matches(&volume.labels))
                .cloned()
                .collect())
        })
        .await
    }

    pub(in crate::engine) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        self.call("remove_volume", name, |shared| {
            shared.world.remove_volume(name)
        })
        .await
    }

    pub(in crate::engine) async fn create_container(
        &self,
        container: &ContainerSpec,
    ) -> Result<String, EngineError> {
        self.call("create_container", &container.name, |shared| {
            shared.world.create_container(container)
        })
        .await
    }

    pub(in crate::engine) async fn start_container(&self, id: &str) -> Result<(), EngineError> {
        let begun = self
            .call("start_container", id, |shared| {
                let main = shared.script.main.clone();
                Ok(shared.world.start(id)?.zip(main))
            })
            .await?;
        if let Some((process, main)) = begun {
            self.run(process, &main);
        }
        Ok(())
    }

    pub(in crate::engine) async fn pause_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("pause_container", id, |shared| shared.world.pause(id))
            .await
    }

    pub(in crate::engine) async fn signal_container(
        &self,
        id: &str,
        signal: &str,
    ) -> Result<(), EngineError> {
        let signal = signal.to_owned();
        self.call("signal_container", id, move |shared| {
            shared.world.signal(id, &signal)
        })
        .await
    }

    pub(in crate::engine) async fn unpause_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("unpause_container", id, |shared| shared.world.unpause(id))
            .await
    }

    pub(in crate::engine) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        self.call("remove_container", id, |shared| {
            shared.world.remove_container(id);
            Ok(())
        })
        .await
    }

    pub(in crate::engine) async fn find_container(
        &self,
        id: &str,
    ) -> Result<Option<Container>, EngineError> {
        self.call("find_container", id, |shared| {
            Ok(shared.world.found(id).map(|found| found.container.clone()))
        })
        .await
    }

    pub(in crate::engine) async fn containers(
        &self,
        which: &Selector,
    ) -> Result<Vec<Container>, EngineError> {
        self.call("containers", "", |shared| {
            let all = shared.world.containers.iter().map(|held| &held.container);
            Ok(all
                .filter(|container| which.matches(&container.labels))
                .cloned()
                .collect())
        })
        .await
    }

    pub(in crate::engine) async fn attach(&self, id: &str) -> Result<Attached, EngineError> {
        self.call("attach", id, |shared| shared.world.attach(id))
            .await
    }

    pub(in crate::engine) async fn logs(
        &self,
        id: &str,
        tail: Option<usize>,
    ) -> Result<String, EngineError> {
        self.call("logs", id, |shared| shared.world.logs(id, tail))
            .await
    }

    /// Its lines have no time.
    pub(in crate::engine) async fn logs_with_times(
        &self,
        id: &str,
        tail: Option<usize>,
    ) -> Result<String, EngineError> {
        self.logs(id, tail).await
    }

    pub(in crate::engine) async fn read_file(
        &self,
        id: &str,
        path: &str,
    ) -> Result<Vec<u8>, EngineError> {
        let called = format!("{} {path}", self.lock().world.name_of(id));
        self.call("read_file", &called, |shared| {
            shared.world.read_file(id, path)
        })
        .await
    }

    pub(in crate::engine) async fn exec(
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
        // The program runs without the lock, because it may call the engine itself.
        Ok(queued
            .or_else(|| program.map(|program| program(&container, command, input)))
            .unwrap_or(ExecOutput {
                code: 0,
                stdout: Vec::new(),
                stderr: Vec::new(),
            }))
    }

    /// Runs a main process until it exits or its container is removed.
    fn run(&self, mut process: Process, main: &Main) {
        let id = process.id.clone();
        process.output = Some(Box::new({
            let (fake, id) = (self.clone(), id.clone());
            move |words| fake.lock().world.say(&id, words)
        }));
        let ending = main(process);
        let task = tokio::spawn({
            let (fake, id) = (self.clone(), id.clone());
            async move {
                let code = ending.await;
                fake.lock().world.exit(&id, code);
            }
        });
        self.lock().world.hold(&id, task.abort_handle());
    }
}
