//! The figures of a run that variants are compared, judged and drawn by: one table for all of them.
//!
//! A metric is named by its path in a serialized [`RunResult`], which is what results, thresholds
//! and `--json` carry. Its reader reads that very field, as a test of every metric checks.
//!
//! ```
//! use reports::schema::{Better, Metric, RunResult, Unit};
//! let p99 = Metric::named("latency_ns.from_planned.p99").unwrap();
//! assert_eq!((p99.unit, p99.better, p99.name), (Unit::Nanoseconds, Better::Less, "p99 latency"));
//! let mut run = RunResult::default();
//! assert_eq!(p99.of(&run), None);
//! run.latency_ns.from_planned.p99 = Some(1_500_000);
//! assert_eq!(p99.of(&run), Some(1_500_000.0));
//! ```

use super::latency::{LatencyKind, Percentile};
use super::run::{Measures, RunResult};

/// A figure of a run.
#[derive(Copy, Clone, Debug)]
pub struct Metric {
    /// Its path in a serialized [`RunResult`], a dot between two fields:
    /// `latency_ns.from_planned.p99`.
    pub path: &'static str,
    /// For people: `p99 latency`.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// Which of two values is better.
    pub better: Better,
    /// The runs that are made to measure it.
    pub measured_by: MeasuredBy,
    read: fn(&RunResult) -> Option<f64>,
}

/// Unit of a metric's values, as results carry them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A time in nanoseconds.
    Nanoseconds,
    /// Memory in bytes.
    Bytes,
    /// A share from 0 to 1.
    Share,
    /// Records per second.
    RecordsPerSecond,
    /// Records, windows or anything else that is counted.
    Count,
}

/// Which of two values of a metric is better.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Better {
    /// The larger one.
    More,
    /// The smaller one.
    Less,
    /// Neither: it describes the run.
    Neither,
}

/// Runs that are made to measure a metric. Others may have a value, which says little: the
/// throughput at a planned rate is the plan's.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum MeasuredBy {
    /// Every run.
    All,
    /// Runs as fast as the engine can.
    Throughput,
    /// Runs at a planned rate.
    Latency,
    /// Runs of a workload with windows.
    Windows,
    /// Runs of a workload with windows, at a planned rate.
    LatencyOfWindows,
}

impl MeasuredBy {
    /// What those runs were made for; `None` for both.
    pub const fn measures(self) -> Option<Measures> {
        match self {
            Self::Throughput => Some(Measures::Throughput),
            Self::Latency | Self::LatencyOfWindows => Some(Measures::Latency),
            Self::All | Self::Windows => None,
        }
    }

    /// Whether a run is one of them.
    pub fn includes(self, run: &RunResult) -> bool {
        let needs_windows = matches!(self, Self::Windows | Self::LatencyOfWindows);
        self.measures().is_none_or(|measures| measures == run.measures)
            && (!needs_windows || run.windows_closed.is_some())
    }
}

impl Metric {
    /// Timed events per second.
    pub const THROUGHPUT: Self = Self {
        path: "throughput_per_s",
        name: "throughput",
        unit: Unit::RecordsPerSecond,
        better: Better::More,
        measured_by: MeasuredBy::Throughput,
        read: |run| Some(run.throughput_per_s),
    };
    /// Processor time of the whole process per record.
    pub const COST: Self = Self {
        path: "cpu_ns_per_record",
        name: "processor time per record",
        unit: Unit::Nanoseconds,
        better: Better::Less,
        measured_by: MeasuredBy::All,
        read: |run| run.cpu_ns_per_record,
    };
    /// Peak resident memory.
    pub const PEAK_MEMORY: Self = Self {
        path: "peak_memory_bytes",
        name: "peak memory",
        unit: Unit::Bytes,
        better: Better::Less,
        measured_by: MeasuredBy::All,
        read: |run| whole(run.peak_memory_bytes),
    };
    /// Mean latency from the planned time. A mean hides the tail: it is drawn beside a percentile,
    /// and no threshold can be set on it.
    pub const MEAN_LATENCY: Self = latency("latency_ns.from_planned.mean", "mean latency", |run| {
        run.latency_ns.from_planned.mean
    });
    /// Median latency from the planned time.
    pub const P50_LATENCY: Self = latency("latency_ns.from_planned.p50", "p50 latency", |run| {
        whole(run.latency_ns.from_planned.p50)
    });
    /// 90th percentile of latency from the planned time.
    pub const P90_LATENCY: Self = latency("latency_ns.from_planned.p90", "p90 latency", |run| {
        whole(run.latency_ns.from_planned.p90)
    });
    /// 99th percentile of latency from the planned time.
    pub const P99_LATENCY: Self = latency("latency_ns.from_planned.p99", "p99 latency", |run| {
        whole(run.latency_ns.from_planned.p99)
    });

    /// Every metric.
    pub const ALL: &'static [Self] = &[
        Self::THROUGHPUT,
        Self {
            path: "elapsed_ns",
            name: "time",
            unit: Unit::Nanoseconds,
            better: Better::Less,
            measured_by: MeasuredBy::All,
            read: |run| Some(run.elapsed_ns as f64),
        },
        Self::COST,
        Self::PEAK_MEMORY,
        count("records_in", "records in", |run| Some(run.records_in as f64)),
        count("records_out", "records out", |run| Some(run.records_out as f64)),
        Self {
            better: Better::Less,
            ..count("late_records", "late records", |run| Some(run.late_records as f64))
        },
        Self {
            path: "windows_closed",
            name: "windows closed",
            unit: Unit::Count,
            better: Better::Neither,
            measured_by: MeasuredBy::Windows,
            read: |run| whole(run.windows_closed),
        },
        Self {
            path: "backlog_at_end",
            name: "backlog at the end",
            unit: Unit::Share,
            better: Better::Less,
            measured_by: MeasuredBy::All,
            read: |run| Some(run.backlog_at_end),
        },
        count("output.records", "size of the result", |run| Some(run.output.records as f64)),
        count("recovery.restarts", "restarts", |run| Some(run.recovery.restarts as f64)),
        count("recovery.replayed", "replayed events", |run| Some(run.recovery.replayed as f64)),
        count("recovery.completed", "checkpoints or batches completed", |run| {
            Some(run.recovery.completed as f64)
        }),
        Self {
            unit: Unit::Count,
            better: Better::Neither,
            ..latency("latency_ns.from_planned.count", "latencies", |run| {
                Some(run.latency_ns.from_planned.count as f64)
            })
        },
        Self::MEAN_LATENCY,
        Self::P50_LATENCY,
        Self::P90_LATENCY,
        Self::P99_LATENCY,
        latency("latency_ns.from_planned.p999", "p99.9 latency", |run| {
            whole(run.latency_ns.from_planned.p999)
        }),
        latency("latency_ns.from_planned.max", "max latency", |run| {
            whole(run.latency_ns.from_planned.max)
        }),
        Self {
            unit: Unit::Count,
            better: Better::Neither,
            ..latency("latency_ns.from_ingestion.count", "latencies from ingestion", |run| {
                Some(run.latency_ns.from_ingestion.count as f64)
            })
        },
        latency("latency_ns.from_ingestion.p50", "p50 latency from ingestion", |run| {
            whole(run.latency_ns.from_ingestion.p50)
        }),
        latency("latency_ns.from_ingestion.p90", "p90 latency from ingestion", |run| {
            whole(run.latency_ns.from_ingestion.p90)
        }),
        latency("latency_ns.from_ingestion.p99", "p99 latency from ingestion", |run| {
            whole(run.latency_ns.from_ingestion.p99)
        }),
        latency("latency_ns.from_ingestion.p999", "p99.9 latency from ingestion", |run| {
            whole(run.latency_ns.from_ingestion.p999)
        }),
        latency("latency_ns.from_ingestion.max", "max latency from ingestion", |run| {
            whole(run.latency_ns.from_ingestion.max)
        }),
        Self {
            unit: Unit::Count,
            better: Better::Neither,
            ..after_window(
                "latency_ns.after_window_end.count",
                "latencies after the window's end",
                |run| Some(run.latency_ns.after_window_end.count as f64),
            )
        },
        after_window(
            "latency_ns.after_window_end.p50",
            "p50 latency after the window's end",
            |run| whole(run.latency_ns.after_window_end.p50),
        ),
        after_window(
            "latency_ns.after_window_end.p90",
            "p90 latency after the window's end",
            |run| whole(run.latency_ns.after_window_end.p90),
        ),
        after_window(
            "latency_ns.after_window_end.p99",
            "p99 latency after the window's end",
            |run| whole(run.latency_ns.after_window_end.p99),
        ),
        after_window(
            "latency_ns.after_window_end.p999",
            "p99.9 latency after the window's end",
            |run| whole(run.latency_ns.after_window_end.p999),
        ),
        after_window(
            "latency_ns.after_window_end.max",
            "max latency after the window's end",
            |run| whole(run.latency_ns.after_window_end.max),
        ),
    ];

    /// The metric with this path; `None` for an unknown one.
    pub fn named(path: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|metric| metric.path == path)
    }

    /// A percentile of a latency.
    pub fn of_latency(kind: LatencyKind, percentile: Percentile) -> &'static Self {
        let is_it = |metric: &&Self| metric.latency() == Some((kind, percentile));
        Self::ALL.iter().find(is_it).expect("the table has every percentile of every latency")
    }

    /// Its value in a run, in its own unit; `None` when the run has none.
    pub fn of(&self, run: &RunResult) -> Option<f64> {
        (self.read)(run)
    }

    /// The latency and the percentile that it is; `None` for any other figure.
    pub fn latency(&self) -> Option<(LatencyKind, Percentile)> {
        let (kind, percentile) = self.path.strip_prefix("latency_ns.")?.split_once('.')?;
        let kind = LatencyKind::ALL.into_iter().find(|it| it.field() == kind)?;
        let percentile = Percentile::ALL.into_iter().find(|it| it.field() == percentile)?;
        Some((kind, percentile))
    }

    /// Whether it is a mean.
    pub fn is_mean(&self) -> bool {
        self.path.ends_with(".mean")
    }

    /// Whether `a` is better than `b`; `None` when they are equal, or neither would be.
    pub fn is_better(&self, a: f64, b: f64) -> Option<bool> {
        match self.better {
            Better::More if a != b => Some(a > b),
            Better::Less if a != b => Some(a < b),
            _ => None,
        }
    }
}

impl PartialEq for Metric {
    /// By path, which no two metrics share.
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

const fn latency(
    path: &'static str,
    name: &'static str,
    read: fn(&RunResult) -> Option<f64>,
) -> Metric {
    let (unit, better, measured_by) = (Unit::Nanoseconds, Better::Less, MeasuredBy::Latency);
    Metric { path, name, unit, better, measured_by, read }
}

const fn after_window(
    path: &'static str,
    name: &'static str,
    read: fn(&RunResult) -> Option<f64>,
) -> Metric {
    Metric { measured_by: MeasuredBy::LatencyOfWindows, ..latency(path, name, read) }
}

const fn count(
    path: &'static str,
    name: &'static str,
    read: fn(&RunResult) -> Option<f64>,
) -> Metric {
    let (unit, better, measured_by) = (Unit::Count, Better::Neither, MeasuredBy::All);
    Metric { path, name, unit, better, measured_by, read }
}

fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::schema::RUN_SCHEMA;

    /// The pointer (RFC 6901) to a metric in a serialized run.
    fn pointer(metric: &Metric) -> String {
        format!("/{}", metric.path.replace('.', "/"))
    }

    #[test]
    fn a_path_and_its_reader_are_one_field() {
        let mut file =
            serde_json::to_value(RunResult { schema: RUN_SCHEMA.into(), ..RunResult::default() })
                .unwrap();
        // A number of its own in each field: a reader of another field, or two metrics of one, show.
        let numbered = || (101_u64..).zip(Metric::ALL);
        for (number, metric) in numbered() {
            let field = file.pointer_mut(&pointer(metric));
            let field = field.unwrap_or_else(|| panic!("{} is in no result", metric.path));
            assert!(field.is_number() || field.is_null(), "{}: {field}", metric.path);
            *field = Value::from(number);
        }
        let run: RunResult = serde_json::from_value(file).unwrap();
        let back = serde_json::to_value(&run).unwrap();
        for (number, metric) in numbered() {
            assert_eq!(metric.of(&run), Some(number as f64), "{}", metric.path);
            assert_eq!(back.pointer(&pointer(metric)).unwrap().as_f64(), metric.of(&run));
        }
    }

    #[test]
    fn what_a_run_lacks_is_no_figure() {
        let run = RunResult::default();
        let file = serde_json::to_value(&run).unwrap();
        for metric in Metric::ALL {
            let value = file.pointer(&pointer(metric)).unwrap().as_f64();
            assert_eq!(metric.of(&run), value, "{}", metric.path);
        }
        assert_eq!(Metric::P99_LATENCY.of(&run), None);
        assert_eq!(Metric::THROUGHPUT.of(&run), Some(0.0));
    }

    #[test]
    fn metrics_are_found_by_path_and_by_latency() {
        for metric in Metric::ALL {
            assert_eq!(Metric::named(metric.path), Some(metric));
        }
        assert_eq!(Metric::named("throughput"), None);
        for kind in LatencyKind::ALL {
            for percentile in Percentile::ALL {
                let metric = Metric::of_latency(kind, percentile);
                let expected = match kind {
                    LatencyKind::FromPlanned => format!("{} latency", percentile.label()),
                    _ => format!("{} latency {}", percentile.label(), kind.description()),
                };
                assert_eq!(metric.name, expected);
                assert_eq!((metric.unit, metric.better), (Unit::Nanoseconds, Better::Less));
            }
        }
    }

    #[test]
    fn runs_that_measure_a_metric_are_told_by_what_they_were_made_for() {
        let run = |measures, windows_closed| RunResult {
            measures,
            windows_closed,
            ..RunResult::default()
        };
        let runs = [
            run(Measures::Throughput, None),
            run(Measures::Throughput, Some(3)),
            run(Measures::Latency, None),
            run(Measures::Latency, Some(3)),
        ];
        for (path, expected) in [
            ("records_in", [true, true, true, true]),
            ("throughput_per_s", [true, true, false, false]),
            ("latency_ns.from_planned.p99", [false, false, true, true]),
            ("windows_closed", [false, true, false, true]),
            ("latency_ns.after_window_end.count", [false, false, false, true]),
        ] {
            let metric = Metric::named(path).unwrap();
            assert_eq!(
                runs.each_ref().map(|run| metric.measured_by.includes(run)),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn better_is_more_of_throughput_and_less_of_everything_that_costs() {
        assert_eq!(Metric::THROUGHPUT.is_better(2.0, 1.0), Some(true));
        assert_eq!(Metric::P99_LATENCY.is_better(2.0, 1.0), Some(false));
        assert_eq!(Metric::COST.is_better(1.0, 1.0), None);
        assert_eq!(Metric::named("records_in").unwrap().is_better(2.0, 1.0), None);
        let more: Vec<&str> =
            Metric::ALL.iter().filter(|it| it.better == Better::More).map(|it| it.path).collect();
        assert_eq!(more, ["throughput_per_s"]);
    }
}
