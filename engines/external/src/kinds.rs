//! The engines there are, with their settings: those of a system stand under its own keys.

use dataflow::job::engine::GUARANTEES;
use dataflow::job::settings::Setting;
use dataflow::job::status::STALL_TIMEOUT;

use crate::kind::EngineKind;
use crate::launch::System;

/// Workloads of one step, or of one key.
const PLAIN: &[&str] = &["forward", "uppercase", "keyed-count", "word-count", "windowed-count"];

const FLINK: &[Setting] = &[
    Setting::choice("guarantee", GUARANTEES, "delivery guarantee; all but `none` take checkpoints, and only exactly-once keeps rows back until one is complete"),
    Setting::text("execution.buffer-timeout.interval", "100 ms", "longest time for which a buffer waits to be full; `0 ms` sends each record by itself"),
    Setting::text("execution.checkpointing.interval", "1 s", "time from one checkpoint to the next; not with guarantee none"),
    Setting::text("pipeline.auto-watermark-interval", "200 ms", "time from one watermark to the next"),
    Setting::choice("pipeline.object-reuse", &["true", "false"], "whether records are handed from operator to operator without a copy; the product's own default is false"),
    STALL_TIMEOUT,
];

/// All of them, in the order in which they are listed.
pub(crate) const KINDS: &[EngineKind] = &[EngineKind {
    name: "flink",
    describe: "the real Apache Flink in a process of its own, its DataStream API (`systems install flink`)",
    system: System::Flink,
    settings: FLINK,
    foreign_keys: FLINK_KEYS,
    warm_up_nanos: 10_000_000_000,
    workloads: PLAIN,
    why_not: " as a DataStream program; `flink-sql` has the queries of Nexmark",
}];

/// Sections of Flink's configuration.
const FLINK_KEYS: &[&str] = &[
    "execution.", "pipeline.", "state.", "taskmanager.", "jobmanager.", "restart-strategy.",
    "table.", "parallelism.", "rest.", "task.", "cluster.", "heartbeat.", "metrics.", "pekko.",
];
