//! Processor time: of the cores that this process may use, of all programs together and of it alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use external::cpu_nanos;

/// Nanoseconds of a tick in `/proc/stat`: `USER_HZ` is 100 on every architecture that Linux runs on
/// today.
const NANOS_PER_TICK: u64 = 10_000_000;
/// Where `idle` and `iowait` stand in a line of `/proc/stat`, behind its name.
const IDLE: [usize; 2] = [3, 4];
/// Columns up to `steal`.
const COLUMNS: usize = 8;

/// Readings since the system's start, in nanoseconds.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CpuTimes {
    /// How long the cores that this process may use were idle, all together. What is idle is counted
    /// exactly, where what is busy is sampled at ticks, and misses whoever sleeps at them.
    pub(crate) idle_nanos: u64,
    /// What the system has counted of these cores in all, busy or idle, as far as it counts.
    pub(crate) counted_nanos: u64,
    /// Processor time of this process.
    pub(crate) own_nanos: u64,
    /// How long this process' control group was held back by its quota.
    pub(crate) throttled_nanos: u64,
}

/// Where processor time is read.
pub(crate) struct CpuMeter {
    own: cpu_time::ProcessTime,
    /// Processes besides this one that are part of it, and what they had used at the start.
    others: Vec<(u32, u64)>,
    /// Cores that this process may run on.
    pub(crate) allowed: BTreeSet<usize>,
    throttled: Option<PathBuf>,
}

impl CpuMeter {
    /// Of this process; `None` where the system does not tell.
    pub(crate) fn open() -> Option<Self> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let allowed = allowed_cores(&status)?;
        let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let throttled = cpu_stat(&groups);
        Some(Self { own: cpu_time::ProcessTime::now(), others: Vec::new(), allowed, throttled })
    }

    /// The same with other processes that are part of this one.
    #[must_use]
    pub(crate) fn with(self, processes: Vec<u32>) -> Self {
        let used = processes.into_iter().filter_map(|pid| Some((pid, cpu_nanos(pid)?)));
        Self { others: used.collect(), ..self }
    }

    /// How things stand now; `None` where the system does not tell.
    pub(crate) fn read(&self) -> Option<CpuTimes> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let throttled = self.throttled.as_ref().and_then(|it| std::fs::read_to_string(it).ok());
        let (idle_nanos, counted_nanos) = core_nanos(&stat, &self.allowed)?;
        Some(CpuTimes {
            idle_nanos,
            counted_nanos,
            own_nanos: self.own_nanos(),
            throttled_nanos: throttled.map_or(0, |text| throttled_nanos(&text)),
        })
    }

    /// Processor time of this process, and of those that are part of it, since the meter was opened.
    pub(crate) fn own_nanos(&self) -> u64 {
        let own = u64::try_from(self.own.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // One that has gone uses no more.
        let since = |(pid, before): &(u32, u64)| Some(cpu_nanos(*pid)?.saturating_sub(*before));
        own + self.others.iter().filter_map(since).sum::<u64>()
    }
}

/// The cores in the line `Cpus_allowed_list: 0-3,8` of `/proc/self/status`.
fn allowed_cores(status: &str) -> Option<BTreeSet<usize>> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut cores = BTreeSet::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>().ok()?..=last.parse::<usize>().ok()?);
    }
    (!cores.is_empty()).then_some(cores)
}

/// The idle time of these cores, and all of their time, by the text of `/proc/stat`; `None` unless
/// all of them are there.
fn core_nanos(stat: &str, cores: &BTreeSet<usize>) -> Option<(u64, u64)> {
    let (mut found, mut idle, mut all) = (0, 0, 0);
    for line in stat.lines() {
        let mut words = line.split_whitespace();
        let name = words.next().and_then(|it| it.strip_prefix("cpu"));
        let Some(core) = name.and_then(|it| it.parse::<usize>().ok()) else { continue };
        if cores.contains(&core) {
            let columns: Vec<u64> = words.map_while(|it| it.parse().ok()).collect();
            idle += IDLE.iter().map(|at| columns.get(*at)).sum::<Option<u64>>()?;
            // What guests use, in the columns behind these, is in them already.
            all += columns.iter().take(COLUMNS).sum::<u64>();
            found += 1;
        }
    }
    (found == cores.len()).then_some((idle * NANOS_PER_TICK, all * NANOS_PER_TICK))
}

/// The file in which this process' control group says how long it was held back, of the second or
/// the first version of control groups.
fn cpu_stat(groups: &str) -> Option<PathBuf> {
    let of_group = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let folder = match controllers {
            "" => "/sys/fs/cgroup",
            _ if controllers.split(',').any(|it| it == "cpu") => "/sys/fs/cgroup/cpu",
            _ => return None,
        };
        let file = Path::new(folder).join(path.trim_start_matches('/')).join("cpu.stat");
        file.is_file().then_some(file)
    };
    groups.lines().find_map(of_group)
}

/// From the text of `cpu.stat`.
fn throttled_nanos(text: &str) -> u64 {
    let of = |name: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let found = lines.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok());
        found.unwrap_or(0_u64)
    };
    // The second version counts microseconds, the first nanoseconds.
    of("throttled_usec") * 1_000 + of("throttled_time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cores_that_the_process_may_use_count() {
        let stat = "cpu  9 9 9 99 9 0 0 0 0 0\ncpu0 1 2 3 40 5 6 7 8 0 0\n\
                    cpu1 1 2 3 70 1 6 7 8 0 0\nintr 5\n";
        let cores = |list: &str| allowed_cores(&format!("Name:\tx\nCpus_allowed_list:\t{list}\n"));
        let times = |stat: &str, list: &str| {
            let nanos = core_nanos(stat, &cores(list).unwrap());
            nanos.map(|(idle, all)| (idle / NANOS_PER_TICK, all / NANOS_PER_TICK))
        };
        assert_eq!(times(stat, "0-1"), Some((116, 170)));
        assert_eq!(times(stat, "1"), Some((71, 98)));
        assert_eq!(times(stat, "1-2"), None, "a core is missing");
        assert_eq!(times("cpu0 1 2\n", "0"), None, "the line is cut off");
        assert_eq!(cores("0-2,5,7-8").unwrap().len(), 6);
        assert_eq!(cores(""), None);
        assert_eq!(allowed_cores("Name:\tx\n"), None);
    }

    #[test]
    fn both_versions_of_control_groups_tell_how_long_they_held_back() {
        assert_eq!(throttled_nanos("nr_throttled 3\nthrottled_usec 1500\n"), 1_500_000);
        assert_eq!(throttled_nanos("nr_throttled 3\nthrottled_time 1500\n"), 1_500);
        assert_eq!(throttled_nanos(""), 0);
        assert_eq!(cpu_stat("12:cpu,cpuacct:/no/such/group\n0::/no/such/group\nbroken\n"), None);
    }

    #[test]
    fn a_process_that_works_uses_time() {
        let Some(meter) = CpuMeter::open() else { return };
        let before = meter.read().expect("what was there once is there");
        let mut sum = 0_u64;
        while meter.own_nanos() < before.own_nanos + 5_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let after = meter.read().expect("what was there once is there");
        assert!(after.own_nanos >= before.own_nanos + 5_000_000);
        assert!(after.idle_nanos >= before.idle_nanos);
    }
}
