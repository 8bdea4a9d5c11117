//! Streamgauge: the same operators on the same events under the pipelined and the micro-batch
//! model.

use std::process::ExitCode;

use streamgauge::Registry;

fn main() -> ExitCode {
    streamgauge::main(&Registry::standard())
}
