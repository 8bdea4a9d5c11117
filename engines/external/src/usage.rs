//! What a process has used, as Linux tells; elsewhere nobody does.

use std::fs;

use dataflow::job::completion::ProcessUsage;

/// Nanoseconds of a tick: `USER_HZ` is 100 on every architecture that Linux runs on today.
const NANOS_PER_TICK: u64 = 10_000_000;
/// Where the times of the children that were waited for stand in `/proc/PID/stat`, behind the name.
const CHILDREN: usize = 13;

/// Processor time of a process, in nanoseconds; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub fn cpu_nanos(pid: u32) -> Option<u64> {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).ok()?);
    let time = nix::time::clock_getcpuclockid(pid).and_then(|clock| clock.now()).ok()?;
    Some(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// Processor time of a process, in nanoseconds; `None` where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn cpu_nanos(_: u32) -> Option<u64> {
    None
}

/// The same with the children that it has waited for, such as the programs that it has called.
pub(crate) fn tree_nanos(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(cpu_nanos(pid)? + children_in(&stat)?)
}

fn children_in(stat: &str) -> Option<u64> {
    // The name may hold anything, spaces and parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(CHILDREN).take(2);
    let ticks: Vec<u64> = times.map(|it| it.parse().ok()).collect::<Option<_>>()?;
    (ticks.len() == 2).then(|| ticks.iter().sum::<u64>() * NANOS_PER_TICK)
}

/// What a process has used since it had used `before`; its peak of memory is that of its life.
pub(crate) fn usage_since(pid: u32, before: Option<u64>) -> Option<ProcessUsage> {
    let cpu_nanos = tree_nanos(pid)?.saturating_sub(before?);
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
    fn times_of_children_stand_behind_the_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 7 3 20 0 9 0 1 2 3";
        assert_eq!(children_in(stat), Some(100_000_000));
        assert_eq!(children_in("7 (java) S 1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_used_some_time() {
        assert!(cpu_nanos(std::process::id()).is_some_and(|nanos| nanos > 0));
        assert_eq!(cpu_nanos(u32::MAX), None);
    }
}
