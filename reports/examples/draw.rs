//! Draws the charts and the page of a result directory, without any engine in the program.
//!
//! ```sh
//! cargo run --release -p streamgauge-reports --example draw -- results/2026-11-22T18-00-00Z-quick --png
//! ```

use std::path::Path;
use std::process::ExitCode;

use reports::write::{Pictures, draw_as};

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: draw DIRECTORY [--png]");
        return ExitCode::from(2);
    };
    let pictures = match std::env::args_os().nth(2) {
        Some(flag) if flag == "--png" => Pictures::SvgAndPng,
        _ => Pictures::Svg,
    };
    match draw_as(Path::new(&directory), pictures) {
        Ok(drawn) => {
            println!("{} and {} charts", drawn.report.display(), drawn.charts.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
