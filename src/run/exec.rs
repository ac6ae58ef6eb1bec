//! `exec`: a program in a node's container.

use super::scene::Scene;
use super::{Act, Tried, Walk, Wrong, statements, work};
use crate::action::exec::Exec;
use crate::action::{Expect, Step};
use crate::wait::Probe;

impl Act for Exec {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let silent = Expect::default();
        let expect = step.expect.as_ref().unwrap_or(&silent);
        let look = || run_program(scene, step, &self.0, expect);
        if step.expect.is_none() || step.within.is_none() {
            let looking = tokio::time::timeout(scene.patience(step), look());
            return match looking.await {
                Ok(Ok(Probe::Ready(seen))) => Ok(seen),
                Ok(Ok(Probe::NotYet(found))) => Err(unmet(expect, found)),
                Ok(Err(wrong)) => Err(wrong),
                Err(_) => Err(unmet(expect, "the program still runs".to_owned())),
            };
        }
        scene
            .wait(scene.patience(step), || statements::describe(expect), look)
            .await
    }
}

async fn run_program(
    scene: &Scene<'_>,
    step: &Step,
    program: &[String],
    expect: &Expect,
) -> Tried<Probe<String>> {
    let (node, _) = super::target(step)?;
    let container = scene.running(node).await?;
    let engine = &scene.lab.engine;
    let ran = engine.exec(&container.id, program, &[]).await?;
    let mut output = String::from_utf8_lossy(&ran.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&ran.stderr));
    let output = output.trim().to_owned();
    *scene.given.lock().await = Some(output.clone());
    let is_code = ran.code == expect.code.unwrap_or(0);
    let has = expect
        .output
        .as_ref()
        .is_none_or(|text| output.contains(text.as_str()));
    let seen = match ran.code {
        0 if !output.is_empty() => output,
        code => work::ended(code, false, &output),
    };
    Ok(if is_code && has {
        Probe::Ready(seen)
    } else {
        Probe::NotYet(seen)
    })
}

fn unmet(expect: &Expect, found: String) -> Wrong {
    let expected = match statements::describe(expect) {
        text if text == "no error" => "exit code 0".to_owned(),
        text => text,
    };
    Wrong::Unmet { expected, found }
}
