//! Labs on a machine whose processors are taken.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::dice::Dice;
use crate::number;
use crate::subject::{Place, lab, said};

/// Labs of the catalogue that wait for something in each way: for replication, time, promotion, a slot, an error.
const LABS: [&str; 10] = [
    "logical-conflict",
    "failover-rewind",
    "physical-sync",
    "delayed",
    "standby-conflict",
    "logical-shopping",
    "switchover",
    "sync-blocks",
    "error-slot-in-use",
    "cascade",
];

/// The labs of the catalogue pass while every processor has several other things to do.
pub fn busy(_: &mut Dice, place: &Place) {
    let is_long = number("LAB_SOAK_ROUNDS", 10) > 10;
    let (labs, loops) = if is_long { (10, 8) } else { (2, 4) };
    let over = AtomicBool::new(false);
    let files = LABS[..labs].iter().map(|lab| place.copy_of(lab));
    let common = ["run", "--jobs", "2", "--within", "60s"].map(str::to_owned);
    let arguments: Vec<String> = common.into_iter().chain(files).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = std::thread::scope(|threads| {
        for _ in 0..loops {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let run = lab(place, &arguments);
        over.store(true, Ordering::Relaxed);
        run
    });
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
}
