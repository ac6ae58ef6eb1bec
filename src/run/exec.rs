//! Programs in a node's container.

use super::stage::Stage;
use super::{Seen, Wrong, sql};
use crate::action::{Expect, Program, Step};
use crate::wait::Probe;

impl Stage<'_> {
    pub(super) async fn exec(&self, step: &Step, program: &Program) -> Seen {
        let silent = Expect::default();
        let expect = step.expect.as_ref().unwrap_or(&silent);
        let look = || self.run_program(step, program, expect);
        if step.expect.is_none() || step.within.is_none() {
            let looking = tokio::time::timeout(self.patience(step), look());
            return match looking.await {
                Ok(Ok(Probe::Ready(seen))) => Ok(seen),
                Ok(Ok(Probe::NotYet(found))) => Err(unmet(expect, found)),
                Ok(Err(wrong)) => Err(wrong),
                Err(_) => Err(unmet(expect, "the program still runs".to_owned())),
            };
        }
        self.wait(self.patience(step), || sql::describe(expect), look)
            .await
    }

    async fn run_program(
        &self,
        step: &Step,
        program: &Program,
        expect: &Expect,
    ) -> Seen<Probe<String>> {
        let (node, _) = super::target(step)?;
        let container = self.running(node).await?;
        let engine = &self.lab.engine;
        let ran = engine.exec(&container.id, &program.0, &[]).await?;
        let mut output = String::from_utf8_lossy(&ran.stdout).into_owned();
        output.push_str(&String::from_utf8_lossy(&ran.stderr));
        let output = output.trim().to_owned();
        *self.given.lock().await = Some(output.clone());
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
    let expected = match sql::describe(expect) {
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
