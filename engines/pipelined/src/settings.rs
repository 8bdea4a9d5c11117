//! What can be set, with Flink's defaults.

use dataflow::Guarantee;
use dataflow::job::engine::GUARANTEES;
use dataflow::job::link::LinkSpec;
use dataflow::job::placement_settings::{LOST_PARTITION, RING_POINTS, RING_SEED};
use dataflow::job::recovery::restart_limit::RESTART_ATTEMPTS;
use dataflow::job::settings::{Setting, Settings};
use dataflow::job::split_reader::IDLE_TIMEOUT;
use dataflow::job::status::STALL_TIMEOUT;
use dataflow::placement::{PLACEMENTS, PlacementKind};

use crate::channel::input_gate::GateLimits;
use crate::checkpoint::coordinator::CheckpointTimes;

/// Settings of the pipelined engine.
pub const SETTINGS: &[Setting] = &[
    Setting::choice("guarantee", GUARANTEES, "what is promised when something fails; `none` takes no checkpoints")
        .mirroring("execution.checkpointing.mode"),
    Setting::number("checkpoint_interval_ms", (1.0, 3_600_000.0), 1_000.0, "time between two checkpoints, in ms; Flink takes none unless it is set")
        .mirroring("execution.checkpointing.interval"),
    Setting::number("checkpoint_timeout_ms", (1.0, 86_400_000.0), 600_000.0, "a checkpoint that takes longer fails the job, in ms")
        .mirroring("execution.checkpointing.timeout"),
    Setting::number("checkpoint_min_pause_ms", (0.0, 3_600_000.0), 0.0, "time from the end of a checkpoint to the next at least, in ms")
        .mirroring("execution.checkpointing.min-pause"),
    Setting::integer("checkpoint_deltas", (0, 1_000), 0, "checkpoints that hold only what changed, between two full ones; 0 makes all of them full")
        .mirroring("execution.checkpointing.incremental"),
    Setting::number("restart_delay_ms", (0.0, 3_600_000.0), 1_000.0, "time before a failed job starts again, in ms; half as long again after each failure")
        .mirroring("restart-strategy.exponential-delay.initial-backoff"),
    Setting::number("restart_delay_max_ms", (0.0, 3_600_000.0), 60_000.0, "longest time before a failed job starts again, in ms")
        .mirroring("restart-strategy.exponential-delay.max-backoff"),
    RESTART_ATTEMPTS,
    Setting::choice("placement", PLACEMENTS, "how keys find their subtask"),
    RING_POINTS,
    RING_SEED,
    LOST_PARTITION,
    Setting::integer("max_parallelism", (1, 32_768), 128, "key groups; by default one and a half times the parallelism, rounded up to a power of two, at least 128")
        .derived()
        .mirroring("pipeline.max-parallelism"),
    Setting::integer("buffer_bytes", (64, 1 << 30), 32 * 1024, "size of a buffer, in bytes")
        .mirroring("taskmanager.memory.segment-size"),
    Setting::number("buffer_timeout_ms", (-1.0, 3_600_000.0), 100.0, "interval of the flusher, in ms; 0 sends every record by itself, -1 only full buffers")
        .mirroring("execution.buffer-timeout.interval"),
    Setting::number("mini_batch_latency_ms", (0.001, 3_600_000.0), 100.0, "in a plan that combines records by key, time for which a subtask combines, in ms; Flink combines none unless it is set")
        .mirroring("table.exec.mini-batch.allow-latency"),
    Setting::integer("mini_batch_size", (1, i64::MAX), 5_000, "and it ends with the buffer that makes it this many records")
        .mirroring("table.exec.mini-batch.size"),
    Setting::integer("exclusive_buffers_per_channel", (0, 1 << 20), 2, "credits that belong to each channel")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::integer("floating_buffers_per_gate", (0, 1 << 20), 8, "credits that the channels of a gate share")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::integer("max_buffers_per_channel", (1, 1 << 20), 10, "buffers that may wait for credit on a channel before its subtask stops taking input")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::choice("link", LINKS, "how buffers travel: `local` hands them over within the process, `remote` puts each channel on a link of its own, and credits come back over it")
        .mirroring("LocalInputChannel, RemoteInputChannel"),
    Setting::number("link_latency_ms", (0.0, 60_000.0), 0.05, "with a remote link: time that a buffer or a credit is under way, in ms; a round trip takes two"),
    Setting::number("link_mbit_per_s", (0.0, 1e9), 10_000.0, "with a remote link: bandwidth of each channel, in Mbit/s; 0 is without a limit"),
    Setting::integer("watermark_interval_ms", (1, 3_600_000), 200, "sources emit their watermark this often, in ms")
        .mirroring("pipeline.auto-watermark-interval"),
    Setting::integer("watermark_interval_records", (1, i64::MAX), 4_096, "and after this many records of a subtask, so that event time moves at any speed"),
    IDLE_TIMEOUT,
    STALL_TIMEOUT,
];

/// Where the two ends of a channel are.
const LINKS: &[&str] = &["local", "remote"];
const BYTES_PER_MEGABIT: f64 = 125_000.0;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// The settings that the engine's parts take.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedSettings {
    pub(crate) placement: PlacementKind,
    pub(crate) max_parallelism: Option<u32>,
    pub(crate) buffer_bytes: usize,
    pub(crate) flush_nanos: Option<u64>,
    pub(crate) mini_batch_nanos: u64,
    pub(crate) mini_batch_size: u64,
    pub(crate) limits: GateLimits,
    /// `None` when buffers are handed over within the process.
    pub(crate) link: Option<LinkSpec>,
    pub(crate) watermark_nanos: u64,
    pub(crate) watermark_records: u64,
    /// `None`: a split without events holds the watermark back for ever.
    pub(crate) idle_nanos: Option<u64>,
    pub(crate) stall_nanos: u64,
    pub(crate) guarantee: Guarantee,
    pub(crate) checkpoints: CheckpointTimes,
    pub(crate) checkpoint_deltas: u64,
    pub(crate) restart_nanos: u64,
    pub(crate) restart_max_nanos: u64,
}

impl ResolvedSettings {
    pub(crate) fn new(settings: &Settings) -> Self {
        let nanos = |name| (settings.number(name) * NANOS_PER_MILLI as f64) as u64;
        let timeout_ms = settings.number("buffer_timeout_ms");
        // 0 sends every record by itself: a buffer that one record fills. What is not a record,
        // a watermark, still goes by the flusher; it runs each millisecond then.
        let (buffer_bytes, flush_nanos) = if timeout_ms == 0.0 {
            (1, Some(NANOS_PER_MILLI))
        } else {
            let nanos = (timeout_ms * NANOS_PER_MILLI as f64) as u64;
            (settings.integer("buffer_bytes") as usize, (timeout_ms > 0.0).then_some(nanos))
        };
        Self {
            placement: PlacementKind::of(settings),
            max_parallelism: settings.get_integer("max_parallelism").map(|it| it as u32),
            buffer_bytes,
            flush_nanos,
            mini_batch_nanos: nanos("mini_batch_latency_ms"),
            mini_batch_size: settings.integer("mini_batch_size"),
            limits: GateLimits {
                exclusive_per_channel: settings.integer("exclusive_buffers_per_channel") as u32,
                floating_per_gate: settings.integer("floating_buffers_per_gate") as u32,
                backlog_per_channel: settings.integer("max_buffers_per_channel") as usize,
            },
            link: (settings.name("link") == "remote").then(|| LinkSpec {
                latency_nanos: nanos("link_latency_ms"),
                bytes_per_s: Some(settings.number("link_mbit_per_s"))
                    .filter(|&megabits| megabits > 0.0)
                    .map(|megabits| (megabits * BYTES_PER_MEGABIT).max(1.0) as u64),
            }),
            watermark_nanos: settings.integer("watermark_interval_ms") * NANOS_PER_MILLI,
            watermark_records: settings.integer("watermark_interval_records"),
            idle_nanos: Some(nanos("idle_timeout_ms")).filter(|&nanos| nanos > 0),
            stall_nanos: settings.integer("stall_timeout_ms") * NANOS_PER_MILLI,
            guarantee: Guarantee::named(settings.name("guarantee")),
            checkpoints: CheckpointTimes {
                interval_nanos: nanos("checkpoint_interval_ms").max(1),
                timeout_nanos: nanos("checkpoint_timeout_ms"),
                min_pause_nanos: nanos("checkpoint_min_pause_ms"),
            },
            checkpoint_deltas: settings.integer("checkpoint_deltas"),
            restart_nanos: nanos("restart_delay_ms"),
            restart_max_nanos: nanos("restart_delay_max_ms"),
        }
    }
}
