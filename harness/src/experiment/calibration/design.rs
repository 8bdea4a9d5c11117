//! The runs of a calibration.

use dataflow::job::runtime::CostKind;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Target;
use crate::quantity::Rate;

impl Target {
    /// The profile that it makes.
    pub(crate) const fn profile(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Flink => "flink",
            Self::Spark => "spark",
            Self::SparkStock => "spark-stock",
        }
    }

    /// Of what that is, in a sentence.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Bare => "our own engines, as they are",
            Self::Flink => "Apache Flink, DataStream API, objects reused, without checkpoints",
            Self::Spark => {
                "Apache Spark, Structured Streaming, without a process for each file of a checkpoint"
            }
            Self::SparkStock => "Apache Spark, Structured Streaming, as it is shipped",
        }
    }

    /// How long its runs are, unless somebody says otherwise.
    pub(crate) const fn duration(self) -> Duration {
        match self {
            Self::Bare => Duration::from_millis(500),
            Self::Flink => Duration::from_secs(4),
            Self::Spark | Self::SparkStock => Duration::from_secs(8),
        }
    }
}

/// What of a run is explained by prices.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// Processor time per record.
    ProcessorTime,
    /// Mean length of a batch with records: what the driver pays, and what cores pay side by side.
    BatchTime,
}

impl Response {
    /// What a figure is of.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::ProcessorTime => "record",
            Self::BatchTime => "batch",
        }
    }
}

/// One run of a calibration.
#[derive(Clone, Debug)]
pub(crate) struct Design {
    /// What is special of it, as tables name it.
    pub(crate) name: &'static str,
    /// Who runs it.
    pub(crate) engine: &'static str,
    /// Who counts its work.
    pub(crate) model: &'static str,
    pub(crate) workload: &'static str,
    pub(crate) rate: Rate,
    pub(crate) knobs: Vec<(&'static str, Value)>,
    /// What the model's plan has besides.
    pub(crate) model_knobs: Vec<(&'static str, Value)>,
    pub(crate) settings: Vec<(&'static str, Value)>,
    /// What the model calls the same.
    pub(crate) model_settings: Vec<(&'static str, Value)>,
    /// Keys that there are.
    pub(crate) keys: Option<u64>,
    pub(crate) response: Response,
}

/// What a price is asked of: a kind of work, at this number of keys if it depends on that.
pub(crate) type Unknown = (CostKind, Option<u64>);

/// Numbers of keys between which a table leaves the caches.
const FEW_KEYS: u64 = 1_000;
const MANY_KEYS: u64 = 100_000;
/// The size of a buffer, in bytes.
const BUFFER: u64 = 32 * 1024;
/// Records of a batch, of which the fixed costs are most, and of one of which they are little.
const SMALL_BATCH: u64 = 256;
const LARGE_BATCH: u64 = 16_384;
/// Bytes that make an event large.
const LARGE_PAYLOAD: u64 = 200;

/// The runs that tell the prices of a target apart.
pub(crate) fn designs(target: Target) -> Vec<Design> {
    match target {
        Target::Bare => bare(),
        Target::Flink => flink(),
        Target::Spark => spark("fork-free"),
        Target::SparkStock => spark("stock"),
    }
}

/// The prices that they tell.
pub(crate) fn unknowns(target: Target) -> Vec<Unknown> {
    match target {
        Target::Bare => vec![
            (CostKind::Record, None),
            (CostKind::ExchangeByte, None),
            (CostKind::StateAccess, Some(FEW_KEYS)),
            (CostKind::StateAccess, Some(MANY_KEYS)),
            (CostKind::UpdatedKey, None),
            (CostKind::Buffer, None),
            (CostKind::Task, None),
            (CostKind::Batch, None),
        ],
        Target::Flink => vec![
            (CostKind::Record, None),
            (CostKind::ExchangeByte, None),
            (CostKind::StateAccess, Some(FEW_KEYS)),
            (CostKind::StateAccess, Some(MANY_KEYS)),
            (CostKind::Buffer, None),
        ],
        Target::Spark | Target::SparkStock => vec![
            (CostKind::Record, None),
            (CostKind::UpdatedKey, None),
            (CostKind::Task, None),
            (CostKind::Batch, None),
        ],
    }
}

/// A run of the same workload by a system and by its model.
fn design(
    (engine, model): (&'static str, &'static str),
    name: &'static str,
    workload: &'static str,
) -> Design {
    Design {
        name,
        engine,
        model,
        workload,
        rate: Rate::Max,
        knobs: Vec::new(),
        model_knobs: Vec::new(),
        settings: Vec::new(),
        model_settings: Vec::new(),
        keys: None,
        response: Response::ProcessorTime,
    }
}

/// At most what Flink takes, and at planned rates, at which short timeouts make small buffers.
fn flink() -> Vec<Design> {
    let flink = |name, workload| design(("flink", "pipelined"), name, workload);
    let count = |name, keys: u64| Design {
        keys: Some(keys),
        knobs: vec![("keys", json!(keys))],
        ..flink(name, "keyed-count")
    };
    let timed = |name, keys, per_s: f64, timeout_ms: u64| Design {
        rate: Rate::PerSecond(per_s),
        settings: vec![("execution.buffer-timeout.interval", json!(format!("{timeout_ms} ms")))],
        model_settings: vec![("buffer_timeout_ms", json!(timeout_ms))],
        ..count(name, keys)
    };
    let mut large = count("large records", FEW_KEYS);
    large.knobs.push(("payload_bytes", json!(LARGE_PAYLOAD)));
    vec![
        flink("one stage", "forward"),
        count("1,000 keys", FEW_KEYS),
        count("100,000 keys", MANY_KEYS),
        large,
        timed("1,000 keys, 200 k/s, 100 ms", FEW_KEYS, 200_000.0, 100),
        timed("1,000 keys, 200 k/s, 5 ms", FEW_KEYS, 200_000.0, 5),
        timed("100,000 keys, 200 k/s, 20 ms", MANY_KEYS, 200_000.0, 20),
    ]
}

/// Batches every second, empty but for a few records or full, of few tasks or many, and of few keys or
/// many.
fn spark(checkpoint_files: &'static str) -> Vec<Design> {
    let every = |name, workload, per_s: f64| Design {
        rate: Rate::PerSecond(per_s),
        settings: vec![("trigger", json!("1s")), ("checkpoint_files", json!(checkpoint_files))],
        model_settings: vec![("batch_interval_ms", json!(1_000))],
        response: Response::BatchTime,
        ..design(("spark", "microbatch"), name, workload)
    };
    // As Spark always does it: aggregated ahead of the shuffle, and a row per key and batch.
    let count = |name, keys: u64, per_s| Design {
        keys: Some(keys),
        knobs: vec![("keys", json!(keys))],
        model_knobs: vec![("changes", json!("last-per-key")), ("combiner", json!("on"))],
        ..every(name, "keyed-count", per_s)
    };
    let mut many_tasks = count("1,000 keys, 100/s, 16 partitions", FEW_KEYS, 100.0);
    many_tasks.settings.push(("spark.sql.shuffle.partitions", json!(16)));
    many_tasks.model_settings.push(("shuffle_partitions", json!(16)));
    vec![
        every("one stage, 100/s", "forward", 100.0),
        every("one stage, 500 k/s", "forward", 500_000.0),
        count("1,000 keys, 100/s", FEW_KEYS, 100.0),
        many_tasks,
        count("1,000 keys, 400 k/s", FEW_KEYS, 400_000.0),
        count("100,000 keys, 20 k/s", MANY_KEYS, 20_000.0),
        count("100,000 keys, 200 k/s", MANY_KEYS, 200_000.0),
    ]
}

fn bare() -> Vec<Design> {
    let pipelined = |name, workload, keys, knobs, settings: Vec<(&'static str, Value)>| Design {
        knobs,
        model_settings: settings.clone(),
        settings,
        keys,
        ..design(("pipelined", "pipelined"), name, workload)
    };
    let count = |name, keys: u64, buffer: u64| {
        let settings = vec![("buffer_bytes", json!(buffer))];
        pipelined(name, "keyed-count", Some(keys), vec![("keys", json!(keys))], settings)
    };
    let batches = |name, workload, knobs, records: u64, partitions: u64| {
        let settings = vec![
            ("batch_interval_ms", json!(0)),
            ("max_offsets_per_trigger", json!(records)),
            ("shuffle_partitions", json!(partitions)),
        ];
        Design {
            engine: "microbatch",
            model: "microbatch",
            ..pipelined(name, workload, Some(FEW_KEYS), knobs, settings)
        }
    };
    let keys = |keys: u64| vec![("keys", json!(keys))];
    let last = |each: u64| vec![("keys", json!(each)), ("changes", json!("last-per-key"))];
    let large = || vec![("keys", json!(FEW_KEYS)), ("payload_bytes", json!(LARGE_PAYLOAD))];
    let many = |name, records| Design {
        keys: Some(MANY_KEYS),
        ..batches(name, "keyed-count", keys(MANY_KEYS), records, 2)
    };
    vec![
        pipelined("one stage", "forward", None, Vec::new(), Vec::new()),
        batches("one stage, batches of 16,384", "forward", Vec::new(), LARGE_BATCH, 2),
        count("1,000 keys", FEW_KEYS, BUFFER),
        count("1,000 keys, buffers of 2 KiB", FEW_KEYS, BUFFER / 16),
        count("1,000 keys, buffers of 512 bytes", FEW_KEYS, BUFFER / 64),
        count("100,000 keys", MANY_KEYS, BUFFER),
        many("100,000 keys, batches of 16,384", LARGE_BATCH),
        pipelined("large records", "keyed-count", Some(FEW_KEYS), large(), Vec::new()),
        batches("large records, batches of 16,384", "keyed-count", large(), LARGE_BATCH, 2),
        batches("batches of 256, 2 partitions", "keyed-count", keys(FEW_KEYS), SMALL_BATCH, 2),
        batches("batches of 256, 16 partitions", "keyed-count", keys(FEW_KEYS), SMALL_BATCH, 16),
        batches("batches of 1,024", "keyed-count", keys(FEW_KEYS), 4 * SMALL_BATCH, 2),
        batches("batches of 16,384", "keyed-count", keys(FEW_KEYS), LARGE_BATCH, 2),
        batches("last per key, batches of 256", "keyed-count", last(FEW_KEYS), SMALL_BATCH, 2),
        batches("last per key, batches of 16,384", "keyed-count", last(FEW_KEYS), LARGE_BATCH, 2),
    ]
}
