//! What can be set, with Spark's defaults.

use dataflow::job::engine::{GUARANTEES, Guarantee};
use dataflow::job::placement_settings::{LOST_PARTITION, RING_POINTS, RING_SEED};
use dataflow::job::recovery::restart_limit::RESTART_ATTEMPTS;
use dataflow::job::settings::{Default, Setting, Settings};
use dataflow::job::split_reader::IDLE_TIMEOUT;
use dataflow::job::status::STALL_TIMEOUT;
use dataflow::placement::{PLACEMENTS, PlacementKind};

use crate::watermarks::{WATERMARKS, WatermarkRule};

/// Records a trigger takes at most when events are read as fast as they are taken.
const MAX_OFFSETS_AT_MAX: i64 = 262_144;
/// Size of a buffer within a shuffle block, in bytes; blocks are lists of such buffers.
pub(crate) const BLOCK_BUFFER_BYTES: usize = 32 * 1024;

/// Settings of the micro-batch engine.
pub const SETTINGS: &[Setting] = &[
    Setting::choice("guarantee", GUARANTEES, "delivery guarantee; all but `none` log every batch and keep state versions, and exactly-once needs a transactional sink")
        .mirroring("checkpointLocation"),
    Setting::choice("placement", PLACEMENTS, "how keys find their partition"),
    RING_POINTS,
    RING_SEED,
    LOST_PARTITION,
    Setting::number("batch_interval_ms", (0.0, 3_600_000.0), 0.0, "trigger interval, in ms; 0 runs batches back to back")
        .mirroring("Trigger.ProcessingTime"),
    Setting::integer("max_offsets_per_trigger", (1, i64::MAX), 0, "records a trigger takes at most; without a limit by default, 262144 at `--rate max`, where all events are there from the start")
        .derived()
        .at_max(Default::Integer(MAX_OFFSETS_AT_MAX))
        .mirroring("maxOffsetsPerTrigger"),
    Setting::integer("shuffle_partitions", (1, 32_768), 1, "partitions of stages behind an exchange; the parallelism by default")
        .derived()
        .mirroring("spark.sql.shuffle.partitions"),
    Setting::integer("max_parallelism", (1, 32_768), 128, "key groups; by default one and a half times the partitions, rounded up to a power of two, at least 128")
        .derived(),
    Setting::number("polling_delay_ms", (0.0, 60_000.0), 10.0, "wait after a trigger that found no data, in ms; 0 waits for the next event")
        .mirroring("spark.sql.streaming.pollingDelay"),
    Setting::choice("watermark", WATERMARKS, "which split the watermark is made from: `max` the one that is ahead, as in Spark; `min` the one that is behind, so that a split whose events come later makes none late"),
    IDLE_TIMEOUT,
    Setting::integer("min_deltas_for_snapshot", (1, 1_000_000), 10, "state versions written as deltas before the next is written whole")
        .mirroring("spark.sql.streaming.stateStore.minDeltasForSnapshot"),
    Setting::integer("min_batches_to_retain", (1, 1_000_000), 100, "committed batches whose logs and state versions are kept")
        .mirroring("spark.sql.streaming.minBatchesToRetain"),
    Setting::integer("max_task_failures", (1, 1_000), 4, "failures of one task in one batch that end the run; with guarantee none the first one does")
        .mirroring("spark.task.maxFailures"),
    RESTART_ATTEMPTS,
    STALL_TIMEOUT,
];

const NANOS_PER_MILLI: f64 = 1e6;

/// The settings that the engine's parts take.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedSettings {
    pub(crate) guarantee: Guarantee,
    pub(crate) interval_nanos: u64,
    pub(crate) max_offsets: u64,
    pub(crate) shuffle_partitions: u32,
    pub(crate) placement: PlacementKind,
    pub(crate) max_parallelism: Option<u32>,
    pub(crate) polling_nanos: u64,
    pub(crate) watermark: WatermarkRule,
    /// `None`: a split without events holds the smallest watermark back for ever.
    pub(crate) idle_nanos: Option<u64>,
    pub(crate) stall_nanos: u64,
    pub(crate) min_deltas: u64,
    pub(crate) retain: u64,
    pub(crate) max_task_failures: u64,
}

impl ResolvedSettings {
    pub(crate) fn new(settings: &Settings, parallelism: u32) -> Self {
        let partitions = settings.get_integer("shuffle_partitions").map(|it| it as u32);
        let max_offsets = settings.get_integer("max_offsets_per_trigger").map(|it| it as u64);
        Self {
            guarantee: Guarantee::named(settings.name("guarantee")),
            interval_nanos: (settings.number("batch_interval_ms") * NANOS_PER_MILLI) as u64,
            max_offsets: max_offsets.unwrap_or(u64::MAX),
            shuffle_partitions: partitions.unwrap_or(parallelism),
            placement: PlacementKind::of(settings),
            max_parallelism: settings.get_integer("max_parallelism").map(|it| it as u32),
            polling_nanos: (settings.number("polling_delay_ms") * NANOS_PER_MILLI) as u64,
            idle_nanos: Some((settings.number("idle_timeout_ms") * NANOS_PER_MILLI) as u64)
                .filter(|&nanos| nanos > 0),
            watermark: WatermarkRule::named(settings.name("watermark")),
            stall_nanos: settings.integer("stall_timeout_ms") * NANOS_PER_MILLI as u64,
            min_deltas: settings.integer("min_deltas_for_snapshot"),
            retain: settings.integer("min_batches_to_retain"),
            max_task_failures: settings.integer("max_task_failures"),
        }
    }
}
