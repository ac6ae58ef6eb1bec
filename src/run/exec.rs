//! `exec`: a program in a node's container.

use super::scene::Scene;
use super::{Act, Tried, Walk, Wrong, statements};
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
        code => ended(code, &output),
    };
    Ok(if is_code && has {
        Probe::Ready(seen)
    } else {
        Probe::NotYet(seen)
    })
}

/// How a program ended, and what it wrote, where it wrote anything.
pub(super) fn ended(code: i64, output: &str) -> String {
    // Of a program that a signal ended, shells and Docker say 128 and the signal's number.
    let signal = match code {
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

fn unmet(expect: &Expect, found: String) -> Wrong {
    let expected = match statements::describe(expect) {
        text if text == "no error" => "exit code 0".to_owned(),
        text => text,
    };
    Wrong::Unmet { expected, found }
}

#[cfg(test)]
mod tests {
    use super::ended;

    #[test]
    fn a_program_that_was_killed_is_said_to_be() {
        assert_eq!(ended(137, ""), "exit code 137, killed by SIGKILL");
        assert_eq!(ended(143, " bye\n"), "exit code 143, ended by SIGTERM: bye");
        assert_eq!(ended(1, "no"), "exit code 1: no");
        assert_eq!(ended(0, "\n"), "exit code 0");
    }
}
