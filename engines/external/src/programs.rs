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

macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../java/", $path)))),*]
    };
}

const FLINK: Program = Program {
    version: "2.2.1",
    pom: include_str!("../java/flink/pom.xml"),
    checksums: include_str!("../java/flink/jars.sha256"),
    sources: sources![
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
        "flink/streamgauge/flink/Count.java",
        "flink/streamgauge/flink/Event.java",
        "flink/streamgauge/flink/FlinkSystem.java",
        "flink/streamgauge/flink/Keys.java",
        "flink/streamgauge/flink/Line.java",
        "flink/streamgauge/flink/Programs.java",
        "flink/streamgauge/flink/SocketSink.java",
        "flink/streamgauge/flink/SocketSource.java",
    ],
    main: "streamgauge.flink.FlinkSystem",
    jvm_options: &[],
};

/// The program of a system.
pub const fn program(system: System) -> &'static Program {
    match system {
        System::Flink | System::Spark => &FLINK,
    }
}
