//! P = N/M: records per partition, and the fullest of them.

use dataflow::StopSignal;
use dataflow::placement::PLACEMENTS;
use reports::formulas::partitioning::skewed_batch_latency as batch;
use reports::formulas::partitioning::skewed_throughput as speed;
use reports::formulas::partitioning::zipf::Zipf;
use reports::formulas::partitioning::{balls_in_bins, hot_key, mean_load, split_key};
use reports::formulas::placement::ring_balance;
use reports::formulas::{Case, Prediction, Reading};
use reports::schema::{ChartTag, RunResult};
use serde_json::Value;

use super::case_runner::{BUFFER_NANOS, Bench, CaseDraft, CaseRunner, RECORD_NANOS, ResultFile};
use super::formula::{Formula, in_turn};
use super::key_groups;
use crate::cli::{OutArgs, SkewArgs};
use crate::commands::model::skew;
use crate::error::Result;
use crate::quantity::Rate;

/// The formula.
pub(super) const FORMULA: Formula = Formula { name: NAME, measure };

const NAME: &str = "partitioning";

/// Both models.
const ENGINES: [&str; 2] = ["pipelined", "microbatch"];

fn measure(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    in_turn(&[spread, placements, within_batches, groups, throughput, latency, mended], runner)
}

/// Keys, events and exponents of [`spread`].
const KEYS: u64 = 100_000;
const EVENTS: u64 = 200_000;
const EXPONENTS: [f64; 4] = [0.0, 0.5, 0.9, 1.2];
const PARTITIONS: [u32; 3] = [4, 16, 64];

/// The mean, and the fullest partition over it, by exponent and number of partitions.
pub(super) fn spread(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for exponent in EXPONENTS {
        let zipf = Zipf::new(KEYS, exponent);
        for (partitions, engine) in PARTITIONS.into_iter().zip(ENGINES.into_iter().cycle()) {
            if runner.is_to_stop() {
                return Ok(cases);
            }
            let bench = Bench {
                knobs: vec![("keys", KEYS.into()), ("zipf_exponent", exponent.into())],
                settings: vec![("placement", "splitmix".into())],
                events: EVENTS,
                parallelism: partitions,
                ..Bench::new(engine, "keyed-count")
            };
            let (saved, _) = runner.run(&bench)?;
            let case = format!("{KEYS} keys, s = {exponent}, {partitions} partitions");
            if exponent == 0.0 && partitions < 64 {
                cases.push(saved.case(CaseDraft {
                    formula: NAME,
                    case: case.clone(),
                    quantity: "records per partition, mean",
                    prediction: mean_load::predict(EVENTS, partitions),
                    reading: Reading::MeanLoad,
                    at: Vec::new(),
                })?);
            }
            cases.push(saved.case(CaseDraft {
                formula: NAME,
                case,
                quantity: "fullest partition over the mean",
                prediction: hot_key::predict(zipf, KEYS, EVENTS, partitions),
                reading: Reading::MaxOverMean,
                at: vec![
                    ChartTag::MaxOverMeanByPartitions.parameter(),
                    ("partitions", partitions.into()),
                    ("exponent", exponent.into()),
                    ("keys", KEYS.into()),
                    ("events", EVENTS.into()),
                    ("placement", "splitmix".into()),
                ],
            })?);
        }
    }
    Ok(cases)
}

/// One exponent under every placement: a hot key is hot wherever it goes.
pub(super) fn placements(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    const EXPONENT: f64 = 1.2;
    const PARTITIONS: u32 = 8;
    let zipf = Zipf::new(KEYS, EXPONENT);
    let mut cases = Vec::new();
    for (placement, engine) in PLACEMENTS.iter().zip(ENGINES.into_iter().cycle()) {
        if runner.is_to_stop() {
            break;
        }
        let (saved, _) = runner.run(&Bench {
            knobs: vec![("keys", KEYS.into()), ("zipf_exponent", EXPONENT.into())],
            settings: vec![("placement", (*placement).into())],
            events: EVENTS,
            parallelism: PARTITIONS,
            ..Bench::new(engine, "keyed-count")
        })?;
        cases.push(saved.case(CaseDraft {
            formula: NAME,
            case: format!("{placement}, {KEYS} keys, s = {EXPONENT}, {PARTITIONS} partitions"),
            quantity: "fullest partition over the mean",
            prediction: hot_key::predict_floor(zipf, PARTITIONS),
            reading: Reading::MaxOverMean,
            at: Vec::new(),
        })?);
    }
    for (keys, partitions, engine) in [(1, 4, "pipelined"), (3, 8, "microbatch")] {
        let (saved, _) = runner.run(&Bench {
            knobs: vec![("keys", keys.into())],
            settings: vec![("placement", "splitmix".into())],
            events: EVENTS / 10,
            parallelism: partitions,
            ..Bench::new(engine, "keyed-count")
        })?;
        let effective = balls_in_bins::effective_keys(1.0 / keys as f64, EVENTS / 10);
        cases.push(saved.case(CaseDraft {
            formula: NAME,
            case: match keys {
                1 => format!("one key, {partitions} partitions"),
                _ => format!("{keys} keys, fewer than {partitions} partitions"),
            },
            quantity: "fullest partition over the mean",
            prediction: balls_in_bins::predict(effective, partitions),
            reading: Reading::MaxOverMean,
            at: Vec::new(),
        })?);
    }
    Ok(cases)
}

/// Within every micro-batch, and within as many records of any engine.
fn within_batches(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    const DISTINCT: u64 = 10_000;
    const PARTITIONS: u32 = 8;
    const RECORDS: u64 = 2_000;
    const PLACED: [&str; 3] = ["key-groups", "murmur3", "ring"];
    let args = SkewArgs {
        workload: "keyed-count".to_owned(),
        parallelism: vec![PARTITIONS],
        events: 100_000,
        seed: runner.seed,
        placements: PLACED.map(str::to_owned).to_vec(),
        windows: vec![RECORDS],
        engine: Some("microbatch,batch_interval_ms=20".to_owned()),
        rate: Some(Rate::PerSecond(100_000.0)),
        set: vec![format!("keys={DISTINCT}")],
        out: OutArgs::default(),
        json: true,
    };
    let (_, result) = skew::measure(&args, runner.registry, &StopSignal::default(), || Ok(()))?;
    let mut cases = Vec::new();
    let scopes = [
        ("microbatch", reports::schema::skew::PER_BATCH.to_owned(), "a batch of"),
        ("pipelined", reports::schema::skew::per_window(RECORDS), "a stretch of"),
    ];
    for (engine, scope, words) in scopes {
        let saved = runner.save(&format!("skew-{engine}"), &result, engine, "virtual")?;
        for placement in PLACED {
            let keys = balls_in_bins::effective_keys(1.0 / DISTINCT as f64, RECORDS);
            let prediction = match placement {
                "ring" => ring_balance::predict(
                    dataflow::placement::DEFAULT_RING_POINTS,
                    PARTITIONS,
                    keys,
                ),
                _ => balls_in_bins::predict(keys, PARTITIONS),
            };
            cases.push(saved.case(CaseDraft {
                formula: NAME,
                case: format!("{placement}, within {words} {RECORDS} records, {DISTINCT} keys"),
                quantity: "fullest partition over the mean, mean over windows",
                prediction,
                reading: Reading::Skew {
                    placement: placement.to_owned(),
                    parallelism: PARTITIONS,
                    scope: scope.clone(),
                },
                at: Vec::new(),
            })?);
        }
    }
    Ok(cases)
}

fn groups(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    key_groups::quantisation(runner, NAME)
}

/// Bytes of a keyed event with its stamps, and of a buffer.
const EVENT_BYTES: f64 = 32.0;
const BUFFER_BYTES: f64 = 32_768.0;

/// Nanoseconds of virtual time per record behind an exchange, its share of a full buffer included.
fn record_nanos() -> f64 {
    speed::record_nanos(RECORD_NANOS, BUFFER_NANOS, BUFFER_BYTES / EVENT_BYTES)
}

fn skewed(engine: &str, exponent: f64, partitions: u32) -> Bench<'_> {
    Bench {
        // A split for every subtask, so that the stage before the exchange is spread evenly.
        knobs: vec![
            ("keys", KEYS.into()),
            ("zipf_exponent", exponent.into()),
            ("splits", partitions.into()),
        ],
        settings: vec![("placement", "splitmix".into())],
        events: 1_000_000,
        parallelism: partitions,
        ..Bench::new(engine, "keyed-count")
    }
}

/// Share of the records that the fullest partition has.
fn hot_share(result: &RunResult) -> f64 {
    let exchange = &result.exchanges[0];
    exchange.max_over_mean / exchange.records.len() as f64
}

/// Events per second, by the share of the fullest partition as it was measured.
fn throughput(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (exponent, partitions) in [(0.0, 8), (1.2, 8), (1.5, 16), (1.5, 32)] {
        for engine in ENGINES {
            if runner.is_to_stop() {
                return Ok(cases);
            }
            let (saved, result) = runner.run(&skewed(engine, exponent, partitions))?;
            let (nanos, hot) = (record_nanos(), hot_share(&result));
            let prediction = match engine {
                "pipelined" => speed::predict_pipelined(nanos, hot, partitions),
                _ => speed::predict_microbatch(nanos, hot, partitions),
            };
            cases.push(saved.case(CaseDraft {
                formula: NAME,
                case: format!("s = {exponent}, {partitions} partitions"),
                quantity: "throughput, events per second",
                prediction,
                reading: Reading::at("/throughput_per_s"),
                at: Vec::new(),
            })?);
        }
    }
    Ok(cases)
}

/// A plan that is kept to and one that is not, and how long events take on their way.
fn latency(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    const PARTITIONS: u32 = 8;
    const INTERVAL_MS: f64 = 10.0;
    const RATE: f64 = 8e6;
    let mut cases = Vec::new();
    for exponent in [0.0, 1.0, 1.2] {
        let mut bench = skewed("microbatch", exponent, PARTITIONS);
        bench.settings.push(("batch_interval_ms", INTERVAL_MS.into()));
        // What is committed is seen at the end of its batch.
        bench.settings.push(("guarantee", "exactly-once".into()));
        (bench.rate, bench.events) = (Rate::PerSecond(RATE), 800_000);
        let (saved, result) = runner.run(&bench)?;
        let load = (hot_share(&result), PARTITIONS);
        let interval = INTERVAL_MS * 1e6;
        cases.push(saved.case(CaseDraft {
            formula: NAME,
            case: format!("s = {exponent}, {PARTITIONS} partitions, T = {INTERVAL_MS} ms, 8 M/s"),
            quantity: "mean latency from the planned time, ns",
            prediction: batch::predict(interval, RATE, record_nanos(), load),
            reading: Reading::at("/latency_ns/from_planned/mean"),
            at: Vec::new(),
        })?);
        if runner.is_to_stop() {
            return Ok(cases);
        }
    }
    for (exponent, rate) in [(0.0, 5e7), (1.5, 2e7), (1.5, 5e7)] {
        let mut bench = skewed("pipelined", exponent, PARTITIONS);
        bench.rate = Rate::PerSecond(rate);
        let (saved, result) = runner.run(&bench)?;
        let (hot, even) = (hot_share(&result), 2.0 / f64::from(PARTITIONS));
        let capacity = speed::pipelined(record_nanos(), hot.max(even));
        cases.push(saved.case(CaseDraft {
            formula: NAME,
            case: format!("s = {exponent}, {PARTITIONS} partitions, planned {} M/s", rate / 1e6),
            quantity: "throughput, events per second",
            prediction: batch::predict_plan(rate, capacity),
            reading: Reading::at("/throughput_per_s"),
            at: Vec::new(),
        })?);
    }
    Ok(cases)
}

/// A hot key in parts, and what becomes of the fullest partition and of the throughput.
fn mended(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    const EXPONENT: f64 = 1.2;
    const PARTITIONS: u32 = 16;
    let zipf = Zipf::new(KEYS, EXPONENT);
    let mut cases = Vec::new();
    for engine in ENGINES {
        for parts in [1_u32, 8, 64] {
            if runner.is_to_stop() {
                return Ok(cases);
            }
            let mut bench = skewed(engine, EXPONENT, PARTITIONS);
            bench.workload = "windowed-count";
            bench.knobs.push(("split_keys", Value::from(parts)));
            bench.events = EVENTS;
            let (saved, _) = runner.run(&bench)?;
            cases.push(split(&saved, parts, split_key::predict(zipf, parts, EVENTS, PARTITIONS))?);
        }
    }
    Ok(cases)
}

fn split(saved: &ResultFile, parts: u32, prediction: Prediction) -> Result<Case> {
    saved.case(CaseDraft {
        formula: NAME,
        case: match parts {
            1 => "s = 1.2, 16 partitions, keys whole".to_owned(),
            _ => format!("s = 1.2, 16 partitions, every key in {parts} parts"),
        },
        quantity: "fullest partition over the mean",
        prediction,
        reading: Reading::MaxOverMean,
        at: vec![("parts", parts.into())],
    })
}
