//! The labs as people get them: every file of `labs/` on a real Docker, by the program and its JSON.

#[path = "support/binary.rs"]
mod binary;
#[path = "scenarios/broken.rs"]
mod broken;
#[path = "scenarios/broken_logical.rs"]
mod broken_logical;
#[path = "scenarios/catalogue.rs"]
mod catalogue;
#[path = "scenarios/hardened.rs"]
mod hardened;
#[path = "scenarios/hba.rs"]
mod hba;
#[path = "scenarios/lab.rs"]
mod lab;
#[path = "scenarios/logical.rs"]
mod logical;
#[path = "support/ready.rs"]
mod ready;
#[path = "scenarios/restarts.rs"]
mod restarts;
#[path = "scenarios/tls.rs"]
mod tls;

fn main() {
    let mut trials = catalogue::trials();
    trials.extend(logical::trials());
    trials.extend(hardened::trials());
    trials.extend(hba::trials());
    trials.extend(broken::trials());
    trials.extend(broken_logical::trials());
    trials.extend(restarts::trials());
    trials.extend(tls::trials());
    libtest_mimic::run(&ready::arguments(), trials).exit();
}
