//! The machine and the build as results hold them, and what the process has used.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The machine, the build, and the load before the measurement.
pub(crate) fn describe() -> BTreeMap<String, Value> {
    let load = sysinfo::System::load_average().ok();
    let entries = [
        ("cores", json!(std::thread::available_parallelism().map_or(1, usize::from))),
        ("processor", json!(processor())),
        ("kernel", json!(sysinfo::System::kernel_version().ok())),
        ("operating_system", json!(sysinfo::System::long_os_version().ok())),
        ("compiler", json!(env!("STREAMGAUGE_COMPILER"))),
        ("profile", json!(if cfg!(debug_assertions) { "debug" } else { "release" })),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("commit", json!(env!("STREAMGAUGE_COMMIT"))),
        ("dirty", json!(env!("STREAMGAUGE_DIRTY") == "true")),
        ("governor", json!(governor())),
        ("load_before", json!(load.map(|load| [load.one, load.five, load.fifteen]))),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

fn governor() -> Option<String> {
    let path = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Processor time and peak memory of this process over a run.
#[derive(Debug)]
pub(crate) struct Usage {
    processor: cpu_time::ProcessTime,
}

impl Usage {
    /// Starts to measure; the peak of memory is set back where the system allows.
    pub(crate) fn start() -> Self {
        // Linux: 5 resets the peak of the resident set. Elsewhere there is no such file, and the
        // peak is not reported.
        let reset = crate::files::write_plain("/proc/self/clear_refs".as_ref(), b"5");
        drop(reset);
        Self { processor: cpu_time::ProcessTime::now() }
    }

    /// Processor time since the start, in nanoseconds, and the peak of the resident set in bytes.
    pub(crate) fn end(&self) -> (u64, Option<u64>) {
        let nanos = u64::try_from(self.processor.elapsed().as_nanos()).unwrap_or(u64::MAX);
        (nanos, peak_memory_bytes())
    }
}

fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}
