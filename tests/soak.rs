//! Kills and signals at random moments, and many processes at once, on real Docker: nothing is left, no name is blocked.
//!
//! `LAB_SOAK_RESTART_ENGINE` is a command that restarts the engine: without it, that test is left out, as the engine may
//! have other work. `LAB_SOAK_ROUNDS` says how often (default: a short form), `LAB_SOAK_STANDBYS` how wide the widest lab is, and
//! `LAB_SOAK_SEED` repeats the moments of a run: each test prints the seed when it fails.

#[path = "support/dice.rs"]
mod dice;
#[path = "soak/engine.rs"]
mod engine;
#[path = "soak/load.rs"]
mod load;
#[path = "support/ready.rs"]
#[expect(dead_code, reason = "the tests here are not asynchronous")]
mod ready;
#[path = "soak/subject.rs"]
mod subject;

use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use replication_lab::engine::{ContainerSpec, Engine, LAB_LABEL, Labels, Limits, Selector};

use dice::Dice;
use subject::{Place, SUBJECTS, Subject, lab, left, said, spawn};

/// A whole number from the environment.
fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    let given = given.filter(|text| !text.is_empty());
    given.map_or(default, |text| text.parse().expect("a whole number"))
}

fn main() {
    // Each test has many processes at once, or none that may be disturbed.
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = vec![
        trial(
            "kills_at_random_moments_leave_what_gc_and_down_remove",
            kills,
        ),
        trial("signals_at_random_moments_leave_nothing", signals),
        trial("of_twelve_ups_of_one_name_one_wins", twelve),
        trial(
            "gc_takes_nothing_of_labs_that_are_made_beside_it",
            gc_beside,
        ),
        trial("a_wide_lab_goes_up_and_down", wide),
        trial("labs_pass_beside_busy_loops", load::busy),
        engine::trial("a_lab_outlives_restarts_of_the_engine", engine::restarts),
        // `gc` fails meanwhile, so that this cannot be beside other tests.
        trial("a_guest_on_the_network_is_named_and_blocks_no_name", guest),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(name: &'static str, test: fn(&mut Dice, &Place)) -> Trial {
    ready::needs_docker(name, move || {
        let clock = std::time::SystemTime::now();
        let clock = clock.duration_since(std::time::UNIX_EPOCH).expect("a time");
        let seed = number("LAB_SOAK_SEED", u64::from(clock.subsec_nanos()));
        let place = Place::new(name);
        let tested = std::panic::catch_unwind(|| test(&mut Dice(seed), &place));
        for name in place.names() {
            lab(&place, &["-q", "down", &name]);
        }
        tested.map_err(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            let words = words.unwrap_or_default();
            Failed::from(format!("{words}\nrepeat it with LAB_SOAK_SEED={seed}"))
        })
    })
}

/// Waits for a moment that the dice chose: the moment is what is tested here. A process that ends first is no exception.
fn at_a_moment(dice: &mut Dice, subject: &Subject) {
    let moment = dice.below(u64::try_from(subject.takes.as_millis()).expect("some seconds"));
    std::thread::sleep(Duration::from_millis(moment));
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    // It may have ended.
    let sent = std::process::Command::new("kill")
        .args([name, &id])
        .output();
    sent.expect("kill runs");
}

/// Removes what a process left. What `gc` leaves is a whole lab.
fn clean(dice: &mut Dice, place: &Place, name: &str, after: &str) {
    if dice.below(2) == 0 {
        let gc = lab(place, &["gc"]);
        assert!(gc.status.success(), "{after}: {}", said(&gc));
        let state = place.state(name);
        assert_ne!(state.as_deref(), Some("incomplete"), "{after}: gc left it");
    }
    let down = lab(place, &["down", name]);
    assert_eq!(down.status.code(), Some(0), "{after}: {}", said(&down));
    assert_eq!(left(name), Vec::<String>::new(), "{after}");
    place.no_files(after);
}

fn kills(dice: &mut Dice, place: &Place) {
    let name = place.name(0);
    for round in 0..number("LAB_SOAK_ROUNDS", 6) {
        let subject = &SUBJECTS[usize::try_from(round).expect("small") % SUBJECTS.len()];
        subject.prepare(place, &name);
        let mut child = spawn(place, &subject.arguments(place, &name));
        at_a_moment(dice, subject);
        signal(&child, "-KILL");
        child.wait().expect("its end");
        clean(
            dice,
            place,
            &name,
            &format!("round {round}, {}", subject.verb),
        );
    }
    // The name is free, and the lab works.
    let up = lab(place, &["up", &place.scenario(), "--name", &name]);
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
}

fn signals(dice: &mut Dice, place: &Place) {
    let name = place.name(0);
    for round in 0..number("LAB_SOAK_ROUNDS", 10) * 2 / 5 {
        let subject = &SUBJECTS[usize::try_from(round).expect("small") % SUBJECTS.len()];
        subject.prepare(place, &name);
        let child = spawn(place, &subject.arguments(place, &name));
        at_a_moment(dice, subject);
        let which = *dice.one(&["-INT", "-TERM", "-HUP"]);
        signal(&child, which);
        let twice = dice.below(2) == 0;
        if twice {
            std::thread::sleep(Duration::from_millis(dice.below(300)));
            signal(&child, "-INT");
        }
        let ended = child.wait_with_output().expect("its end");
        let after = format!("round {round}, {} {which}, twice: {twice}", subject.verb);
        // A process that had not begun to listen ends by the signal.
        let code = ended.status.code();
        let expected = matches!(code, None | Some(0 | 130));
        assert!(expected, "{after}: {code:?} {}", said(&ended));
        let says_nothing_is_left = said(&ended).contains("nothing is left behind");
        if says_nothing_is_left && subject.makes {
            assert_eq!(left(&name), Vec::<String>::new(), "{after}");
        }
        clean(dice, place, &name, &after);
    }
}

fn twelve(_: &mut Dice, place: &Place) {
    let name = place.name(0);
    let scenario = place.scenario();
    let arguments = ["up", &scenario, "--name", &name].map(str::to_owned);
    let ups: Vec<Child> = (0..12).map(|_| spawn(place, &arguments)).collect();
    let ended = ups.into_iter();
    let ended: Vec<_> = ended
        .map(|up| up.wait_with_output().expect("its end"))
        .collect();
    let won = ended.iter().filter(|up| said(up).contains(" is up after "));
    let all: Vec<String> = ended.iter().map(said).collect();
    assert_eq!(won.count(), 1, "{all:#?}");
    for up in &ended {
        // Who comes when it is up is told so.
        assert!(matches!(up.status.code(), Some(0 | 3)), "{}", said(up));
    }
    let verified = lab(place, &["verify", &name]);
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    let down = lab(place, &["down", &name]);
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    assert_eq!(left(&name), Vec::<String>::new());
}

/// Several labs come up and go, one of them again and again under one name, while `gc` runs all the time.
fn gc_beside(_: &mut Dice, place: &Place) {
    let rounds = number("LAB_SOAK_ROUNDS", 10);
    let labs = if rounds > 10 { 8 } else { 2 };
    let (over, scenario) = (AtomicBool::new(false), place.scenario());
    let ends_well = |arguments: &[&str]| {
        let ended = lab(place, arguments);
        assert_eq!(
            ended.status.code(),
            Some(0),
            "{arguments:?}: {}",
            said(&ended)
        );
    };
    std::thread::scope(|threads| {
        let collector = threads.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let gc = lab(place, &["gc"]);
                assert!(gc.status.success(), "{}", said(&gc));
            }
        });
        let makers: Vec<_> = (1..labs)
            .map(|number| {
                let name = place.name(number);
                let scenario = scenario.as_str();
                threads.spawn(move || {
                    ends_well(&["up", scenario, "--name", &name, "--within", "180s"]);
                    ends_well(&["down", &name]);
                })
            })
            .collect();
        let name = place.name(0);
        let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..(rounds / 3).min(50) {
                ends_well(&["up", &scenario, "--name", &name, "--no-verify"]);
                ends_well(&["down", &name]);
            }
        }));
        let made: Vec<_> = makers
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect();
        over.store(true, Ordering::SeqCst);
        let collected = collector.join();
        for ended in made.into_iter().chain([again, collected]) {
            if let Err(panic) = ended {
                std::panic::resume_unwind(panic);
            }
        }
    });
    for name in place.names() {
        assert_eq!(left(&name), Vec::<String>::new());
    }
}

fn wide(_: &mut Dice, place: &Place) {
    let (name, standbys) = (place.name(0), number("LAB_SOAK_STANDBYS", 10));
    let times = if standbys > 10 { 5 } else { 1 };
    let scenario = place.wide(standbys);
    for _ in 0..times {
        let up = lab(
            place,
            &["up", &scenario, "--name", &name, "--within", "300s"],
        );
        assert_eq!(up.status.code(), Some(0), "{}", said(&up));
        let down = lab(place, &["down", &name]);
        assert_eq!(down.status.code(), Some(0), "{}", said(&down));
        assert_eq!(left(&name), Vec::<String>::new());
    }
}

/// A container of somebody else is on the lab's network.
fn guest(_: &mut Dice, place: &Place) {
    let (lab_name, scenario) = (place.name(0), place.scenario());
    let up = || {
        lab(
            place,
            &["up", &scenario, "--name", &lab_name, "--no-verify"],
        )
    };
    let first = up();
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let name = format!("{lab_name}-guest");
    let runtime = ready::runtime();
    let engine = runtime.block_on(Engine::connect()).expect("Docker");
    let id = runtime.block_on(join(&engine, &lab_name, &name));
    let down = ["down", &lab_name];
    let refused = [&down[..], &down, &["gc"]].map(|arguments| lab(place, arguments));
    let state = place.state(&lab_name);
    let next = up();
    let gone = runtime.block_on(engine.remove_container(&id));
    gone.expect("a removal");
    for refused in refused {
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        let guest = format!("the container `{name}` is on it and does not belong to the lab");
        assert!(said(&refused).contains(&guest), "{}", said(&refused));
    }
    assert_eq!(state.as_deref(), Some("incomplete"));
    // The network that would not go has a name of its own.
    assert_eq!(next.status.code(), Some(0), "{}", said(&next));
    let down = lab(place, &down);
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    assert_eq!(left(&lab_name), Vec::<String>::new());
}

/// Starts a container on the network of a lab.
async fn join(engine: &Engine, lab: &str, name: &str) -> String {
    let of_lab = Selector::LabelValue(LAB_LABEL.to_owned(), lab.to_owned());
    let networks = engine.networks(Some(&of_lab)).await.expect("a list");
    let containers = engine.containers(&of_lab).await.expect("a list");
    let guest = ContainerSpec {
        name: name.to_owned(),
        hostname: "guest".to_owned(),
        image: containers[0].image.clone(),
        user: "postgres".to_owned(),
        command: ["sleep", "600"].map(str::to_owned).into(),
        env: Vec::new(),
        network: Some(networks[0].name.clone()),
        address: None,
        publish: None,
        mounts: Vec::new(),
        limits: Limits::default(),
        shm_bytes: 0,
        labels: Labels::new(),
        stdin: false,
        power: None,
    };
    let id = engine.create_container(&guest).await.expect("a guest");
    engine.start_container(&id).await.expect("it starts");
    id
}
