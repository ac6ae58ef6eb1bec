//! The process that makes a lab, and whether it still lives.
//!
//! A process is named by its number, the moment of its start, the boot of its machine and its PID namespace. A number
//! alone is given again, and means another process in a container. A process of another machine, boot or namespace
//! cannot be seen from here: it counts as alive.

use std::fs;
use std::path::PathBuf;

/// What stands where a system does not tell something.
const UNKNOWN: &str = "-";

/// This process, for labels: `PID@HOST START BOOT NAMESPACE`.
#[must_use]
pub fn this_process() -> String {
    of(std::process::id())
}

/// The process with that number, seen from this one, for labels.
#[must_use]
pub fn of(pid: u32) -> String {
    let start = stat(pid).map_or_else(|| UNKNOWN.to_owned(), |seen| seen.start);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let here = Place::here().unwrap_or_else(Place::unknown);
    let (host, boot, namespace) = (host.trim(), here.boot, here.namespace);
    format!("{pid}@{host} {start} {boot} {namespace}")
}

/// A process from a label in the form in which people read it: `PID@HOST`.
pub(super) fn shown(owner: &str) -> String {
    let name = owner.split(' ').next();
    name.unwrap_or_default().to_owned()
}

/// Whether a process from a label lives. False if that cannot be known here.
pub(super) fn is_alive(owner: &str) -> bool {
    let Some((pid, start, place)) = parse(owner) else {
        return false;
    };
    let seen = stat(pid).filter(|_| Place::here() == Some(place));
    seen.is_some_and(|seen| !seen.is_dead && seen.start == start)
}

/// Whether a process from a label has ended. False if that cannot be known here.
pub(super) fn has_ended(owner: &str) -> bool {
    let Some((pid, start, place)) = parse(owner) else {
        return false;
    };
    if Place::here() != Some(place) {
        return false;
    }
    // Some systems hide the processes of other users.
    if stat(1).is_none() {
        return false;
    }
    stat(pid).is_none_or(|seen| seen.is_dead || seen.start != start)
}

/// The parts of a label. None if one of them is not known.
fn parse(owner: &str) -> Option<(u32, &str, Place)> {
    let mut words = owner.split(' ');
    let pid = words.next()?.split_once('@')?.0.parse().ok()?;
    let mut known = || words.next().filter(|word| *word != UNKNOWN);
    let (start, boot, namespace) = (known()?, known()?, known()?);
    let place = Place {
        boot: boot.to_owned(),
        namespace: namespace.to_owned(),
    };
    Some((pid, start, place))
}

/// Where a process number means something.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The boot of the machine.
    boot: String,
    /// The namespaces of process numbers and of the clock that start times are read from.
    namespace: String,
}

impl Place {
    fn unknown() -> Self {
        Self {
            boot: UNKNOWN.to_owned(),
            namespace: UNKNOWN.to_owned(),
        }
    }

    /// This process's. None if `/proc` is missing or belongs to another namespace than this process.
    fn here() -> Option<Self> {
        let myself = fs::read_link("/proc/self").ok()?;
        if myself.to_str()? != std::process::id().to_string() {
            return None;
        }
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let pids = inode("pid")?;
        let times = inode("time").unwrap_or_default();
        Some(Self {
            boot: boot.trim().to_owned(),
            namespace: format!("{pids}/{times}"),
        })
    }
}

/// The number of one of this process's namespaces: 4026531836 of `pid:[4026531836]`.
fn inode(kind: &str) -> Option<String> {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
    let number = link.to_str()?.split_once(":[")?.1.strip_suffix(']')?;
    Some(number.to_owned())
}

/// What the system says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// Whether it has ended and waits for its parent.
    is_dead: bool,
    /// When it started, in ticks since the boot.
    start: String,
}

fn stat(pid: u32) -> Option<Stat> {
    let path: PathBuf = ["/proc", &pid.to_string(), "stat"].iter().collect();
    parse_stat(&fs::read_to_string(path).ok()?)
}

/// The state is field 3, the start field 22. Field 2 is a name in brackets, which may contain spaces and brackets.
fn parse_stat(line: &str) -> Option<Stat> {
    let mut fields = line.rsplit_once(") ")?.1.split(' ');
    let is_dead = matches!(fields.next()?, "Z" | "X" | "x");
    let start = fields.nth(18)?.trim().to_owned();
    Some(Stat { is_dead, start })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    /// The parts of a label, to change one of them.
    fn parts(owner: &str) -> [String; 4] {
        let parts: Vec<String> = owner.split(' ').map(str::to_owned).collect();
        parts.try_into().expect("four parts")
    }

    #[test]
    fn a_process_lives_until_it_ends_also_if_nobody_has_waited_for_it() {
        let this = this_process();
        assert!(!has_ended(&this) && is_alive(&this), "{this}");
        let mut child = Command::new("sleep").arg("600").spawn().expect("a child");
        let owner = of(child.id());
        assert!(!has_ended(&owner), "{owner}");
        child.kill().expect("killed");
        // It is a zombie, for this process has not waited for it.
        let began = Instant::now();
        while !stat(child.id()).is_some_and(|seen| seen.is_dead) {
            assert!(began.elapsed() < Duration::from_secs(60), "{owner}");
            std::thread::yield_now();
        }
        assert!(has_ended(&owner), "{owner}");
        child.wait().expect("its end");
        assert!(has_ended(&owner), "{owner}");
    }

    #[test]
    fn a_number_that_was_given_again_is_another_process() {
        let [pid, _, boot, namespace] = parts(&this_process());
        assert!(has_ended(&format!("{pid} 1 {boot} {namespace}")));
    }

    #[test]
    fn another_host_name_changes_nothing() {
        let this = this_process();
        let (pid, rest) = this.split_once('@').expect("a host");
        let (_, rest) = rest.split_once(' ').expect("more");
        assert!(!has_ended(&format!("{pid}@renamed {rest}")));
        assert!(has_ended(&format!("4294967295@renamed {rest}")));
    }

    #[test]
    fn a_process_that_cannot_be_seen_from_here_counts_as_alive() {
        let [_, start, boot, namespace] = parts(&this_process());
        let nobody = "4294967295@host";
        for stranger in [
            format!("{nobody} {start} another-boot {namespace}"),
            format!("{nobody} {start} {boot} 1/2"),
            format!("{nobody} - - -"),
            nobody.to_owned(),
            String::new(),
        ] {
            assert!(!has_ended(&stranger) && !is_alive(&stranger), "{stranger}");
        }
        assert!(has_ended(&format!("{nobody} {start} {boot} {namespace}")));
        assert_eq!(shown(&format!("{nobody} {start} {boot}")), nobody);
    }

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "7 (a) b) (c) R 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 8213 0 0\n";
        let seen = parse_stat(line).expect("a process");
        assert_eq!((seen.is_dead, seen.start.as_str()), (false, "8213"));
    }
}
