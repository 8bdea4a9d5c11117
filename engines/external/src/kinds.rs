//! The engines there are, with their settings: those of a system stand under its own keys.

use dataflow::job::engine::GUARANTEES;
use dataflow::job::settings::{Default, Setting};
use dataflow::job::status::STALL_TIMEOUT;

use crate::kind::EngineKind;
use crate::launch::System;

/// Workloads of one step, or of one key.
const PLAIN: &[&str] = &["forward", "uppercase", "keyed-count", "word-count", "windowed-count"];

/// Queries of Nexmark that are written in SQL here.
const QUERIES: &[&str] = &[
    "nexmark-q0",
    "nexmark-q1",
    "nexmark-q2",
    "nexmark-q3",
    "nexmark-q4",
    "nexmark-q5",
    "nexmark-q7",
    "nexmark-q8",
    "nexmark-q9",
    "nexmark-q11",
    "nexmark-q14",
    "nexmark-q15",
    "nexmark-q16",
    "nexmark-q17",
    "nexmark-q18",
    "nexmark-q19",
    "nexmark-q20",
    "nexmark-q22",
];

const FLINK: &[Setting] = &[
    Setting::choice(
        "guarantee",
        GUARANTEES,
        "delivery guarantee; all but `none` take checkpoints, and only exactly-once keeps rows back until one is complete",
    ),
    Setting::text(
        "execution.buffer-timeout.interval",
        "100 ms",
        "longest time for which a buffer waits to be full; `0 ms` sends each record by itself",
    ),
    Setting::text(
        "execution.checkpointing.interval",
        "1 s",
        "time from one checkpoint to the next; not with guarantee none",
    ),
    Setting::text(
        "pipeline.auto-watermark-interval",
        "200 ms",
        "time from one watermark to the next",
    ),
    Setting::choice(
        "pipeline.object-reuse",
        &["true", "false"],
        "whether records are handed from operator to operator without a copy; the product's own default is false",
    ),
    STALL_TIMEOUT,
];

const SPARK: &[Setting] = &[
    GUARANTEE_OF_SPARK,
    Setting::text("trigger", "0ms", "time from the start of one micro-batch to that of the next; 0 runs batches back to back")
        .mirroring("Trigger.ProcessingTime"),
    Setting::integer("maxOffsetsPerTrigger", (1, i64::MAX), 0, "events that a micro-batch takes at most; without a limit by default, 262144 at `--rate max`")
        .derived()
        .at_max(Default::Integer(262_144))
        .mirroring("maxOffsetsPerTrigger"),
    CHECKPOINT_FILES,
    STALL_TIMEOUT_OF_SPARK,
];

const SPARK_REALTIME: &[Setting] = &[
    GUARANTEE_OF_SPARK,
    Setting::text(
        "batch_duration",
        "5s",
        "length of a batch, at whose end its offsets are committed: rows do not wait for it",
    )
    .mirroring("Trigger.RealTime"),
    CHECKPOINT_FILES,
    STALL_TIMEOUT_OF_SPARK,
];

const SPARK_DSTREAM: &[Setting] = &[
    Setting::choice(
        "guarantee",
        &["none"],
        "delivery guarantee; receivers lose what they hold when they fail",
    ),
    Setting::text("batch_interval", "1s", "time from one batch to the next")
        .mirroring("StreamingContext"),
    CHECKPOINT_FILES,
    STALL_TIMEOUT_OF_SPARK,
];

const GUARANTEE_OF_SPARK: Setting = Setting::choice(
    "guarantee",
    GUARANTEES,
    "delivery guarantee; Spark writes its logs and states with each, and only exactly-once keeps rows \
     back until their batch is committed",
)
.mirroring("checkpointLocation");

const CHECKPOINT_FILES: Setting = Setting::choice(
    "checkpoint_files",
    &["fork-free", "stock"],
    "how files of a checkpoint are made; without Hadoop's native library the product starts a process for \
     each (`stock`), which is most of what a small micro-batch takes",
)
.mirroring("spark.hadoop.fs.file.impl");

/// A first batch compiles for seconds.
const STALL_TIMEOUT_OF_SPARK: Setting = Setting::integer(
    "stall_timeout_ms",
    (100, 3_600_000),
    60_000,
    "the run ends with an error when it has events and neither reads nor writes for this long, in ms",
);

/// Sections of Spark's configuration.
const SPARK_KEYS: &[&str] = &["spark."];

/// All of them, in the order in which they are listed.
pub(crate) const KINDS: &[EngineKind] = &[
    EngineKind {
        name: "flink",
        describe: "the real Apache Flink in a process of its own, its DataStream API (`systems install flink`)",
        system: System::Flink,
        settings: FLINK,
        foreign_keys: FLINK_KEYS,
        warm_up_nanos: 10_000_000_000,
        workloads: &[PLAIN],
        refused: &[],
        since: &[],
        why_not: " as a DataStream program; `flink-sql` has queries of Nexmark",
    },
    EngineKind {
        name: "flink-sql",
        describe: "the real Apache Flink, its SQL: queries of Nexmark",
        system: System::Flink,
        settings: FLINK,
        foreign_keys: FLINK_KEYS,
        warm_up_nanos: 10_000_000_000,
        workloads: &[QUERIES],
        refused: &[],
        since: &[],
        why_not: " in SQL; `flink` has the workloads of one key",
    },
    EngineKind {
        name: "spark",
        describe: "the real Apache Spark, Structured Streaming in micro-batches (`systems install spark`)",
        system: System::Spark,
        settings: SPARK,
        foreign_keys: SPARK_KEYS,
        warm_up_nanos: 30_000_000_000,
        workloads: &[PLAIN, QUERIES],
        refused: &[(
            "nexmark-q4",
            ": it averages maxima that change, and in Structured Streaming an aggregate over another is for \
             append mode only, with a watermark in both",
        )],
        since: &[],
        why_not: "",
    },
    EngineKind {
        name: "spark-realtime",
        describe: "the same in real-time mode: long-lived tasks that hand each row on",
        system: System::Spark,
        settings: SPARK_REALTIME,
        foreign_keys: SPARK_KEYS,
        warm_up_nanos: 15_000_000_000,
        workloads: &[&[
            "forward",
            "uppercase",
            "keyed-count",
            "word-count",
            "nexmark-q0",
            "nexmark-q1",
            "nexmark-q2",
            "nexmark-q14",
            "nexmark-q22",
        ]],
        refused: &[],
        since: &[("keyed-count", "4.3"), ("word-count", "4.3")],
        why_not: ": in Spark 4.2 this mode takes no shuffle and no aggregate",
    },
    EngineKind {
        name: "spark-dstream",
        describe: "the real Apache Spark, its older API of DStreams with receivers",
        system: System::Spark,
        settings: SPARK_DSTREAM,
        foreign_keys: SPARK_KEYS,
        warm_up_nanos: 30_000_000_000,
        workloads: &[PLAIN],
        refused: &[("windowed-count", ": DStreams know no event time")],
        since: &[],
        why_not: ": DStreams know neither event time nor SQL",
    },
];

/// Sections of Flink's configuration.
const FLINK_KEYS: &[&str] = &[
    "execution.",
    "pipeline.",
    "state.",
    "taskmanager.",
    "jobmanager.",
    "restart-strategy.",
    "table.",
    "parallelism.",
    "rest.",
    "task.",
    "cluster.",
    "heartbeat.",
    "metrics.",
    "pekko.",
];
