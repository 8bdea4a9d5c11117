//! Rules that turn the figures of a machine into advice, each with its bound.

use reports::words::units;

use super::diagnosis::{Advice, Diagnosis, Level};

/// Fewest cores on which a program that measures leaves an engine of two subtasks alone.
const ENOUGH_CORES: u64 = 4;
/// Load of a minute per core above which other programs are at work.
const BUSY_LOAD: f64 = 0.25;
/// A clock that costs more, in nanoseconds, is felt where buffers are small.
const DEAR_CLOCK_NANOS: f64 = 100.0;
/// Timers whose 99th percentile is later, in nanoseconds, blur a flush or trigger of a millisecond.
const LATE_TIMER_NANOS: u64 = 1_000_000;
/// Share of the time in stalls above which others are at work.
const LOST_SHARE: f64 = 0.01;
/// Noise floor, as a factor, above which a machine tells only large differences.
const LOUD: f64 = 1.1;

/// What everything means, in the order in which it matters.
pub(super) fn advice(diagnosis: &Diagnosis) -> Vec<Advice> {
    let rules =
        [build, cores, governor, load, stalls, clock, timers].iter().map(|rule| rule(diagnosis));
    rules.flatten().chain(noise(diagnosis)).collect()
}

fn said(level: Level, about: &'static str, text: String) -> Option<Advice> {
    Some(Advice { level, about, text })
}

fn build(diagnosis: &Diagnosis) -> Option<Advice> {
    if diagnosis.environment["profile"] == "release" {
        return said(Level::Good, "build", "with optimisation".to_owned());
    }
    let text =
        "without optimisation: every figure is of the compiler's making. Build with --release";
    said(Level::Bad, "build", text.to_owned())
}

fn cores(diagnosis: &Diagnosis) -> Option<Advice> {
    let cores = diagnosis.environment["cores"].as_u64()?;
    if cores >= ENOUGH_CORES {
        return said(
            Level::Good,
            "cores",
            format!(
                "{cores}; keep subtasks below that (--parallelism), as sources, timers and the \
                     measuring want some too"
            ),
        );
    }
    let text = format!(
        "{cores}: an engine shares them with the program that measures, and subtasks with one another. \
         Compare variants with each other here, and do not take throughput for that of a larger machine"
    );
    said(Level::Mind, "cores", text)
}

fn governor(diagnosis: &Diagnosis) -> Option<Advice> {
    match diagnosis.environment["governor"].as_str() {
        None => said(
            Level::Good,
            "governor",
            "not told by this machine, as is usual for a virtual one".to_owned(),
        ),
        Some("performance") => said(Level::Good, "governor", "performance".to_owned()),
        Some(other) => said(
            Level::Mind,
            "governor",
            format!(
                "{other}: the clock rate follows the load, so that a run at a low rate is slower per \
                 record. Set it to performance"
            ),
        ),
    }
}

fn load(diagnosis: &Diagnosis) -> Option<Advice> {
    let load = diagnosis.environment["load_before"][0].as_f64()?;
    let cores = diagnosis.environment["cores"].as_f64()?;
    if load <= cores * BUSY_LOAD {
        return said(Level::Good, "load", format!("{load:.2} in the past minute: idle"));
    }
    let text = format!(
        "{load:.2} in the past minute on {cores} cores: other programs are at work, and runs will be \
         invalid or their intervals wide. Wait until they have ended"
    );
    said(Level::Mind, "load", text)
}

fn stalls(diagnosis: &Diagnosis) -> Option<Advice> {
    let stalls = diagnosis.stalls;
    let text = format!(
        "longest {}, {} of the time away: no maximum or p99.9 is below that, whatever the engine",
        units::duration(stalls.longest_ns as f64),
        units::share(stalls.lost_share)
    );
    let level = if stalls.lost_share > LOST_SHARE { Level::Mind } else { Level::Good };
    said(level, "stalls", text)
}

fn clock(diagnosis: &Diagnosis) -> Option<Advice> {
    let clock = diagnosis.clock;
    let cost = units::duration(clock.cost_ns);
    if clock.cost_ns <= DEAR_CLOCK_NANOS {
        let text = format!("{cost} a reading; engines read it once per buffer");
        return said(Level::Good, "clock", text);
    }
    let text = format!(
        "{cost} a reading: engines read it once per buffer, so buffer_timeout_ms=0 pays it for every \
         record. A virtual machine may have a better clock source to choose"
    );
    said(Level::Mind, "clock", text)
}

fn timers(diagnosis: &Diagnosis) -> Option<Advice> {
    let late = diagnosis.timer_late_ns;
    let text = format!(
        "late by {} (median), {} (p99): flushes, triggers and planned events are by as much; \
         latencies closer together than that are not told apart by it",
        units::duration(late.p50 as f64),
        units::duration(late.p99 as f64)
    );
    let level = if late.p99 > LATE_TIMER_NANOS { Level::Mind } else { Level::Good };
    said(level, "timers", text)
}

fn noise(diagnosis: &Diagnosis) -> Vec<Advice> {
    let rows = diagnosis.noise.iter().filter(|row| row.metric == "throughput_per_s");
    let told = rows.filter_map(|row| {
        let floor = row.floor?;
        let share = units::share(floor - 1.0);
        let text = format!(
            "{} differs from itself by up to {share} in {} pairs of short runs: a smaller difference \
             between two variants is noise. Longer runs and more repeats lower it",
            row.variant, row.pairs
        );
        let level = if floor > LOUD || row.suspicious { Level::Mind } else { Level::Good };
        said(level, "noise floor", text)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reports::schema::NoiseRow;
    use serde_json::{Value, json};

    use super::super::diagnosis::{ClockFigures, DOCTOR_SCHEMA, StallFigures, TimerFigures};
    use super::*;

    fn idle() -> Diagnosis {
        let environment: BTreeMap<String, Value> = serde_json::from_value(json!({
            "profile": "release", "cores": 8, "governor": "performance", "load_before": [0.1, 0.2, 0.3],
        }))
        .unwrap();
        let row = |floor| NoiseRow {
            experiment: "keyed-count".to_owned(),
            workload: "keyed-count".to_owned(),
            metric: "throughput_per_s".to_owned(),
            variant: "pipelined".to_owned(),
            ratio: Some(1.001),
            pairs: 10,
            floor: Some(floor),
            suspicious: false,
        };
        Diagnosis {
            schema: DOCTOR_SCHEMA,
            environment,
            clock: ClockFigures { cost_ns: 25.0, step_ns: 1 },
            timer_late_ns: TimerFigures { count: 1_000, p50: 60_000, p99: 90_000, max: 200_000 },
            stalls: StallFigures { watched_ns: 500_000_000, longest_ns: 90_000, lost_share: 0.001 },
            noise: vec![row(1.02)],
            noise_events: 1_000,
            systems: Vec::new(),
            advice: Vec::new(),
        }
    }

    fn level(diagnosis: &Diagnosis, about: &str) -> Level {
        advice(diagnosis).iter().find(|it| it.about == about).unwrap().level
    }

    #[test]
    fn an_idle_machine_is_good() {
        let advice = advice(&idle());
        assert_eq!(advice.len(), 8, "{advice:#?}");
        assert!(advice.iter().all(|it| it.level == Level::Good), "{advice:#?}");
    }

    #[test]
    fn each_figure_beyond_its_bound_is_told() {
        type Change = fn(&mut Diagnosis);
        let cases: [(&str, Level, Change); 8] = [
            ("build", Level::Bad, |it| put(it, "profile", json!("debug"))),
            ("cores", Level::Mind, |it| put(it, "cores", json!(2))),
            ("governor", Level::Mind, |it| put(it, "governor", json!("powersave"))),
            ("load", Level::Mind, |it| put(it, "load_before", json!([3.0, 1.0, 1.0]))),
            ("stalls", Level::Mind, |it| it.stalls.lost_share = 0.02),
            ("clock", Level::Mind, |it| it.clock.cost_ns = 600.0),
            ("timers", Level::Mind, |it| it.timer_late_ns.p99 = 2_000_000),
            ("noise floor", Level::Mind, |it| it.noise[0].floor = Some(1.3)),
        ];
        for (about, expected, change) in cases {
            let mut diagnosis = idle();
            change(&mut diagnosis);
            assert_eq!(level(&diagnosis, about), expected, "{about}");
        }
    }

    fn put(diagnosis: &mut Diagnosis, name: &str, value: Value) {
        diagnosis.environment.insert(name.to_owned(), value);
    }
}
