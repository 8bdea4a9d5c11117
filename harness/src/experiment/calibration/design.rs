//! The runs of a calibration.

use dataflow::job::runtime::CostKind;
use serde_json::{Value, json};

use crate::cli::Target;

impl Target {
    /// The profile that it makes.
    pub(crate) const fn profile(self) -> &'static str {
        match self {
            Self::Bare => "bare",
        }
    }

    /// Of what that is, in a sentence.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Bare => "our own engines, as they are",
        }
    }
}

/// What of a run is explained by prices.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// Processor time per record, of a run as fast as it goes.
    ProcessorTime,
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
    pub(crate) knobs: Vec<(&'static str, Value)>,
    pub(crate) settings: Vec<(&'static str, Value)>,
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
    }
}

fn bare() -> Vec<Design> {
    let pipelined = |name, workload, keys, knobs, settings| Design {
        name,
        engine: "pipelined",
        model: "pipelined",
        workload,
        knobs,
        settings,
        keys,
        response: Response::ProcessorTime,
    };
    let count = |name, keys: u64, buffer: u64| {
        let settings = vec![("buffer_bytes", json!(buffer))];
        pipelined(name, "keyed-count", Some(keys), vec![("keys", json!(keys))], settings)
    };
    let batches = |name, workload, knobs, records: u64, partitions: u64| Design {
        engine: "microbatch",
        model: "microbatch",
        settings: vec![
            ("batch_interval_ms", json!(0)),
            ("max_offsets_per_trigger", json!(records)),
            ("shuffle_partitions", json!(partitions)),
        ],
        ..pipelined(name, workload, Some(FEW_KEYS), knobs, Vec::new())
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
