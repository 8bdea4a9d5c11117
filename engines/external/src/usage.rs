//! What a process has used, as Linux tells.

use std::fs;

use dataflow::job::completion::ProcessUsage;

/// Nanoseconds of a tick: `USER_HZ` is 100 on every architecture that Linux runs on today.
const NANOS_PER_TICK: u64 = 10_000_000;
/// Where user time stands in `/proc/PID/stat`, behind the name; system time and both of the children
/// that were waited for follow.
const USER_TIME: usize = 11;

/// Processor time of a process and of the children that it has waited for, in nanoseconds; `None`
/// where the system does not tell.
pub(crate) fn cpu_nanos(pid: u32) -> Option<u64> {
    cpu_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn cpu_in(stat: &str) -> Option<u64> {
    // The name may hold anything, spaces and parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(USER_TIME).take(4);
    let ticks: Vec<u64> = times.map(|it| it.parse().ok()).collect::<Option<_>>()?;
    (ticks.len() == 4).then(|| ticks.iter().sum::<u64>() * NANOS_PER_TICK)
}

/// What a process has used since it had used `before`; its peak of memory is that of its life.
pub(crate) fn usage_since(pid: u32, before: Option<u64>) -> Option<ProcessUsage> {
    let cpu_nanos = cpu_nanos(pid)?.saturating_sub(before?);
    let peak_memory = fs::read_to_string(format!("/proc/{pid}/status")).ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024)
    });
    Some(ProcessUsage { cpu_nanos, peak_memory })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_the_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 9 0 1 2 3";
        assert_eq!(cpu_in(stat), Some(2_100_000_000));
        assert_eq!(cpu_in("7 (java) S 1"), None);
    }
}
