//! What a system's process runs: Java sources, which are compiled where it is installed, and the jars
//! that they need.

use crate::launch::System;

/// The program of a system.
#[derive(Copy, Clone, Debug)]
pub struct Program {
    /// The version that is pinned.
    pub version: &'static str,
    /// The project by which Maven gets its jars.
    pub pom: &'static str,
    /// SHA-256 and name of each jar, one a line.
    pub checksums: &'static str,
    /// Path and text of each source.
    pub sources: &'static [(&'static str, &'static str)],
    /// The class that is run.
    pub main: &'static str,
    /// What the JVM needs besides.
    pub jvm_options: &'static [&'static str],
}

/// Those that are named, and those that every system's program has.
macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        sources!(@all
            $($path,)*
            "common/streamgauge/Address.java",
            "common/streamgauge/Block.java",
            "common/streamgauge/Harness.java",
            "common/streamgauge/Nearest.java",
            "common/streamgauge/PackReader.java",
            "common/streamgauge/PackWriter.java",
            "common/streamgauge/Reports.java",
            "common/streamgauge/Request.java",
            "common/streamgauge/SinkConnection.java",
            "common/streamgauge/SourceConnection.java",
            "common/streamgauge/Split.java",
            "common/streamgauge/SystemUnderTest.java",
            "common/streamgauge/Words.java",
        )
    };
    (@all $($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../java/", $path)))),*]
    };
}

const FLINK: Program = Program {
    version: "2.2.1",
    pom: include_str!("../java/flink/pom.xml"),
    checksums: include_str!("../java/flink/jars.sha256"),
    sources: sources![
        "flink/streamgauge/flink/Count.java",
        "flink/streamgauge/flink/CountChar.java",
        "flink/streamgauge/flink/Event.java",
        "flink/streamgauge/flink/FlinkSystem.java",
        "flink/streamgauge/flink/Keys.java",
        "flink/streamgauge/flink/Line.java",
        "flink/streamgauge/flink/Programs.java",
        "flink/streamgauge/flink/SocketSink.java",
        "flink/streamgauge/flink/SocketSource.java",
        "flink/streamgauge/flink/SqlEvents.java",
        "flink/streamgauge/flink/SqlJob.java",
        "flink/streamgauge/flink/SqlQuery.java",
        "flink/streamgauge/flink/SqlRows.java",
        "flink/streamgauge/flink/SqlTexts.java",
    ],
    main: "streamgauge.flink.FlinkSystem",
    jvm_options: &[],
};

const SPARK: Program = Program {
    version: "4.2.0",
    pom: include_str!("../java/spark/pom.xml"),
    checksums: include_str!("../java/spark/jars.sha256"),
    sources: sources![
        "spark/streamgauge/spark/BatchInput.java",
        "spark/streamgauge/spark/BatchWatch.java",
        "spark/streamgauge/spark/Checkpoint.java",
        "spark/streamgauge/spark/Chunk.java",
        "spark/streamgauge/spark/DStreamJob.java",
        "spark/streamgauge/spark/DirectTarget.java",
        "spark/streamgauge/spark/EventReader.java",
        "spark/streamgauge/spark/Events.java",
        "spark/streamgauge/spark/Fault.java",
        "spark/streamgauge/spark/Feed.java",
        "spark/streamgauge/spark/ForkFreeFileSystem.java",
        "spark/streamgauge/spark/HarnessReceiver.java",
        "spark/streamgauge/spark/HarnessSource.java",
        "spark/streamgauge/spark/HeldRows.java",
        "spark/streamgauge/spark/Inlet.java",
        "spark/streamgauge/spark/Intake.java",
        "spark/streamgauge/spark/Job.java",
        "spark/streamgauge/spark/KnownSettings.java",
        "spark/streamgauge/spark/Logs.java",
        "spark/streamgauge/spark/Main.java",
        "spark/streamgauge/spark/NexmarkEvents.java",
        "spark/streamgauge/spark/PackedText.java",
        "spark/streamgauge/spark/Positions.java",
        "spark/streamgauge/spark/Progress.java",
        "spark/streamgauge/spark/Query.java",
        "spark/streamgauge/spark/RealtimeInput.java",
        "spark/streamgauge/spark/RealtimeReader.java",
        "spark/streamgauge/spark/RowFormat.java",
        "spark/streamgauge/spark/RowSender.java",
        "spark/streamgauge/spark/RowTarget.java",
        "spark/streamgauge/spark/Rows.java",
        "spark/streamgauge/spark/Sessions.java",
        "spark/streamgauge/spark/Settings.java",
        "spark/streamgauge/spark/Sinks.java",
        "spark/streamgauge/spark/Slice.java",
        "spark/streamgauge/spark/SliceReader.java",
        "spark/streamgauge/spark/SparkSystem.java",
        "spark/streamgauge/spark/SplitBuffer.java",
        "spark/streamgauge/spark/SqlQuery.java",
        "spark/streamgauge/spark/SqlRows.java",
        "spark/streamgauge/spark/SqlTexts.java",
        "spark/streamgauge/spark/Stamps.java",
        "spark/streamgauge/spark/StreamEvent.java",
        "spark/streamgauge/spark/StreamQuery.java",
        "spark/streamgauge/spark/StructuredJob.java",
        "spark/streamgauge/spark/TaskWatch.java",
    ],
    main: "streamgauge.spark.Main",
    jvm_options: SPARK_OPTIONS,
};

/// What Spark's own scripts give a JVM of version 17 (`JavaModuleOptions`).
const SPARK_OPTIONS: &[&str] = &[
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.cs=ALL-UNNAMED",
    "--add-opens=java.base/sun.security.action=ALL-UNNAMED",
    "--add-opens=java.base/sun.util.calendar=ALL-UNNAMED",
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
];

/// The program of a system.
pub const fn program(system: System) -> &'static Program {
    match system {
        System::Flink => &FLINK,
        System::Spark => &SPARK,
    }
}
