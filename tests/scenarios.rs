//! The labs as people get them: every file of `labs/` on a real Docker, by the program and its JSON.

#[path = "support/binary.rs"]
mod binary;
#[path = "scenarios/broken.rs"]
mod broken;
#[path = "scenarios/broken_logical.rs"]
mod broken_logical;
#[path = "support/browser.rs"]
mod browser;
#[path = "support/case.rs"]
mod case;
#[path = "scenarios/cases.rs"]
mod cases;
#[path = "scenarios/catalogue.rs"]
mod catalogue;
#[path = "scenarios/ends.rs"]
mod ends;
#[path = "scenarios/faults.rs"]
mod faults;
#[path = "scenarios/frozen_proofs.rs"]
mod frozen_proofs;
#[path = "scenarios/hardened.rs"]
mod hardened;
#[path = "scenarios/hba.rs"]
mod hba;
#[path = "scenarios/hindered.rs"]
mod hindered;
#[path = "scenarios/host_auth.rs"]
mod host_auth;
#[path = "scenarios/hostile.rs"]
mod hostile;
#[path = "scenarios/killed_proofs.rs"]
mod killed_proofs;
#[path = "scenarios/lab.rs"]
mod lab;
#[path = "scenarios/limits.rs"]
mod limits;
#[path = "scenarios/logical.rs"]
mod logical;
#[path = "support/mutation.rs"]
mod mutation;
#[path = "scenarios/mutations.rs"]
mod mutations;
#[path = "scenarios/odd_tables.rs"]
mod odd_tables;
#[path = "scenarios/only_lab.rs"]
mod only_lab;
#[path = "scenarios/passwords.rs"]
mod passwords;
#[path = "scenarios/pgadmin.rs"]
mod pgadmin;
#[path = "support/ready.rs"]
mod ready;
#[path = "scenarios/reasons.rs"]
mod reasons;
#[path = "scenarios/rehearsals.rs"]
mod rehearsals;
#[path = "scenarios/restarts.rs"]
mod restarts;
#[path = "scenarios/resumed.rs"]
mod resumed;
#[path = "scenarios/runs.rs"]
mod runs;
#[path = "scenarios/steps.rs"]
mod steps;
#[path = "scenarios/taken.rs"]
mod taken;
#[path = "scenarios/terminal.rs"]
mod terminal;
#[path = "scenarios/tls.rs"]
mod tls;
#[path = "scenarios/truth.rs"]
mod truth;
#[path = "scenarios/unproven.rs"]
mod unproven;

fn main() {
    let mut trials = catalogue::trials();
    trials.extend(logical::trials());
    trials.extend(hardened::trials());
    trials.extend(limits::trials());
    trials.extend(hba::trials());
    trials.extend(broken::trials());
    trials.extend(broken_logical::trials());
    trials.extend(faults::trials());
    trials.extend(frozen_proofs::trials());
    trials.extend(odd_tables::trials());
    trials.extend(killed_proofs::trials());
    trials.extend(reasons::trials());
    trials.extend(rehearsals::trials());
    trials.extend(cases::trials());
    trials.extend(restarts::trials());
    trials.extend(mutations::trials());
    trials.extend(runs::trials());
    trials.extend(resumed::trials());
    trials.extend(ends::trials());
    trials.extend(steps::trials());
    trials.extend(taken::trials());
    trials.extend(tls::trials());
    trials.extend(truth::trials());
    trials.extend(unproven::trials());
    trials.extend(only_lab::trials());
    trials.extend(hindered::trials());
    trials.extend(passwords::trials());
    trials.extend(hostile::trials());
    trials.extend(terminal::trials());
    trials.extend(host_auth::trials());
    trials.extend(pgadmin::trials());
    libtest_mimic::run(&ready::arguments(), trials).exit();
}
