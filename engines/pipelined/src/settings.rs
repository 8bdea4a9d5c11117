//! What can be set, with Flink's defaults.

use dataflow::placement::{PLACEMENTS, PlacementKind};
use dataflow::settings::{Setting, Settings};

use crate::input_gate::GateLimits;

/// Settings of the pipelined engine.
pub const SETTINGS: &[Setting] = &[
    Setting::choice("guarantee", &["none"], "delivery guarantee; only `none` so far, as there is no recovery yet")
        .mirroring("execution.checkpointing.mode"),
    Setting::choice("placement", PLACEMENTS, "how keys find their subtask"),
    Setting::integer("max_parallelism", (1, 32_768), 128, "key groups; by default one and a half times the parallelism, rounded up to a power of two, at least 128")
        .derived()
        .mirroring("pipeline.max-parallelism"),
    Setting::integer("buffer_bytes", (64, 1 << 30), 32 * 1024, "size of a buffer, in bytes")
        .mirroring("taskmanager.memory.segment-size"),
    Setting::number("buffer_timeout_ms", (-1.0, 3_600_000.0), 100.0, "interval of the flusher, in ms; 0 sends every record by itself, -1 only full buffers")
        .mirroring("execution.buffer-timeout.interval"),
    Setting::integer("exclusive_buffers_per_channel", (0, 1 << 20), 2, "credits that belong to each channel")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::integer("floating_buffers_per_gate", (0, 1 << 20), 8, "credits that the channels of a gate share")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::integer("max_buffers_per_channel", (1, 1 << 20), 10, "buffers that may wait for credit on a channel before its subtask stops taking input")
        .mirroring("NettyShuffleEnvironmentConfiguration (fixed)"),
    Setting::integer("watermark_interval_ms", (1, 3_600_000), 200, "sources emit their watermark this often, in ms")
        .mirroring("pipeline.auto-watermark-interval"),
    Setting::integer("watermark_interval_records", (1, i64::MAX), 4_096, "and after this many records of a subtask, so that event time moves at any speed"),
    Setting::integer("stall_timeout_ms", (100, 3_600_000), 10_000, "the run ends with an error when nothing moves for this long, in ms"),
];

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The settings that the engine's parts take.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) placement: PlacementKind,
    pub(crate) max_parallelism: Option<u32>,
    pub(crate) buffer_bytes: usize,
    pub(crate) flush_nanos: Option<u64>,
    pub(crate) limits: GateLimits,
    pub(crate) watermark_nanos: u64,
    pub(crate) watermark_records: u64,
    pub(crate) stall_nanos: u64,
}

impl Resolved {
    pub(crate) fn new(settings: &Settings) -> Self {
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
            placement: PlacementKind::named(settings.name("placement")),
            max_parallelism: settings.get_integer("max_parallelism").map(|it| it as u32),
            buffer_bytes,
            flush_nanos,
            limits: GateLimits {
                exclusive_per_channel: settings.integer("exclusive_buffers_per_channel") as u32,
                floating_per_gate: settings.integer("floating_buffers_per_gate") as u32,
                backlog_per_channel: settings.integer("max_buffers_per_channel") as usize,
            },
            watermark_nanos: settings.integer("watermark_interval_ms") * NANOS_PER_MILLI,
            watermark_records: settings.integer("watermark_interval_records"),
            stall_nanos: settings.integer("stall_timeout_ms") * NANOS_PER_MILLI,
        }
    }
}
