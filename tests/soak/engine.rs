//! The engine's process ends and begins again: during an `up`, during a `run`, and under a lab that is up.

use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Trial};

use crate::dice::Dice;
use crate::subject::{Place, lab, left, said, spawn};

/// The variable with the command that restarts the engine and returns when it answers.
const VARIABLE: &str = "LAB_SOAK_RESTART_ENGINE";

/// The test, left out without a command that restarts the engine.
pub fn trial(name: &'static str, test: fn(&mut Dice, &Place)) -> Trial {
    if std::env::var_os(VARIABLE).is_some_and(|command| !command.is_empty()) {
        return crate::trial(name, test);
    }
    Trial::ignorable_test(name, move || {
        Ok(Completion::ignored_with(format!("{VARIABLE} is not set")))
    })
}

fn restart() {
    let command = std::env::var(VARIABLE).expect("a command");
    let ended = Command::new("sh").args(["-c", &command]).status();
    assert!(ended.expect("sh runs").success(), "{command}");
    let began = Instant::now();
    while !Command::new("docker")
        .arg("ps")
        .output()
        .is_ok_and(|ps| ps.status.success())
    {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the engine does not answer"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whatever the engine's end interrupts says so and ends, and nothing is left that cannot be removed.
pub fn restarts(dice: &mut Dice, place: &Place) {
    let (name, scenario) = (place.name(0), place.scenario());
    for verb in ["up", "run"] {
        let arguments = [verb, &scenario, "--name", &name].map(str::to_owned);
        let child = spawn(place, &arguments);
        std::thread::sleep(Duration::from_millis(dice.below(3000)));
        restart();
        let ended = child.wait_with_output().expect("its end");
        let code = ended.status.code();
        // It may have ended before the engine did.
        assert!(
            matches!(code, Some(0 | 1 | 3)),
            "{verb}: {code:?} {}",
            said(&ended)
        );
        let down = lab(place, &["down", &name]);
        assert_eq!(down.status.code(), Some(0), "{verb}: {}", said(&down));
        assert_eq!(left(&name), Vec::<String>::new(), "{verb}");
    }
    let up = lab(place, &["up", &scenario, "--name", &name]);
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
    restart();
    // An engine without live restore stops containers when it ends.
    let status = lab(place, &["status", &name]);
    assert!(
        matches!(status.status.code(), Some(0 | 1)),
        "{}",
        said(&status)
    );
    let start = lab(place, &["start", &name, "primary", "replica"]);
    assert_eq!(start.status.code(), Some(0), "{}", said(&start));
    let verify = lab(place, &["verify", &name]);
    assert_eq!(verify.status.code(), Some(0), "{}", said(&verify));
    let down = lab(place, &["down", &name]);
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    assert_eq!(left(&name), Vec::<String>::new());
}
