//! The same piece of work on other engines, on hand-written loops and on our engines, side by side
//! in one process.

mod digest;
mod on_renoir;
mod on_timely;
mod ours;
mod plain;
mod rings;
mod work;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::digest::Sink;
use crate::work::{Contender, Outcome, Work};

/// Whose speed the others are divided by.
const BASELINE: &str = "timely";

/// Everyone who can take part.
fn contenders() -> Vec<Box<dyn Contender>> {
    let peers: [Box<dyn Contender>; 4] = [
        Box::new(on_timely::Timely),
        Box::new(on_renoir::Renoir),
        Box::new(plain::Plain),
        Box::new(rings::Rings),
    ];
    peers.into_iter().chain(ours::contenders()).collect()
}

/// Runs `keyed-count` on several engines in turn and compares their throughput.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Distinct keys; one set of rows for each
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    keys: Vec<u64>,

    /// Events of each run, over both sources
    #[arg(long, default_value_t = 20_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,

    /// Runs of each contender in each cell
    #[arg(long, default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Who takes part; all, unless said otherwise
    #[arg(long = "contender", value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    contenders: Vec<String>,

    /// What the sink does with each update
    #[arg(long = "sink", value_delimiter = ',', default_value = "sum,digest")]
    sinks: Vec<Sink>,

    /// Prints JSON rather than a table
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Serialize)]
struct Row {
    keys: u64,
    sink: Sink,
    contender: String,
    records: u64,
    median: f64,
    min: f64,
    max: f64,
    /// Median of the ratios to the baseline in the same round.
    ratio: Option<f64>,
    /// Million records a second, by round.
    rates: Vec<f64>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let contenders = chosen(contenders(), &args.contenders)?;
    let mut rows = Vec::new();
    for &keys in &args.keys {
        for &sink in &args.sinks {
            let work = Work { keys, records: args.records, seed: 42, sink };
            rows.extend(cell(&contenders, &work, args.rounds)?);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        println!("{}", table(&rows));
    }
    Ok(())
}

fn chosen(mut all: Vec<Box<dyn Contender>>, names: &[String]) -> Result<Vec<Box<dyn Contender>>> {
    let known: Vec<String> = all.iter().map(|contender| contender.name().to_owned()).collect();
    for name in names {
        ensure!(known.contains(name), "no contender {name:?}; there are {}", known.join(", "));
    }
    if !names.is_empty() {
        all.retain(|contender| names.iter().any(|name| name == contender.name()));
    }
    Ok(all)
}

/// All rounds of one piece of work. The order is turned round each time, so that what one contender
/// leaves behind (a warm core, a fragmented heap) is not always found by the same one.
fn cell(contenders: &[Box<dyn Contender>], work: &Work, rounds: u32) -> Result<Vec<Row>> {
    let expected = plain::Plain.run(work);
    ensure!(expected.records == work.records, "the loop lost records");
    let mut rates: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let rate = measure(&*contenders[index], work, expected).with_context(|| {
                format!("{} keys, sink {}, round {}", work.keys, work.sink.name(), round + 1)
            })?;
            rates.entry(index).or_default().push(rate);
        }
    }
    let baseline = contenders.iter().position(|contender| contender.name() == BASELINE);
    let baseline = baseline.map(|index| rates[&index].clone());
    let rows = rates.into_iter().map(|(index, rates)| {
        let ratios = |baseline: &Vec<f64>| rates.iter().zip(baseline).map(|(a, b)| a / b).collect();
        Row {
            keys: work.keys,
            sink: work.sink,
            contender: contenders[index].name().to_owned(),
            records: work.records,
            median: median(rates.clone()),
            min: rates.iter().copied().fold(f64::INFINITY, f64::min),
            max: rates.iter().copied().fold(0.0, f64::max),
            ratio: baseline.as_ref().map(|baseline| median(ratios(baseline))),
            rates,
        }
    });
    Ok(rows.collect())
}

/// Million records a second, if the answer is right.
fn measure(contender: &dyn Contender, work: &Work, expected: Outcome) -> Result<f64> {
    let start = Instant::now();
    let outcome = contender.run(work);
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        outcome == expected,
        "{} is wrong: {outcome:x?} where the loop has {expected:x?}",
        contender.name()
    );
    Ok(work.records as f64 / seconds / 1e6)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let ratio = format!("x {BASELINE}");
    table.set_header(["keys", "sink", "contender", "M records/s", "min..max", &ratio]);
    for row in rows {
        table.add_row([
            row.keys.to_string(),
            row.sink.name().to_owned(),
            row.contender.clone(),
            format!("{:.1}", row.median),
            format!("{:.1}..{:.1}", row.min, row.max),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
        ]);
    }
    for column in [0, 3, 4, 5] {
        let column = table.column_mut(column).expect("the table has six columns");
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{chosen, contenders, measure, median};
    use crate::digest::Sink;
    use crate::plain::Plain;
    use crate::work::{Contender, Outcome, Work};

    #[test]
    fn all_contenders_agree_with_the_loop() {
        // Nothing at all, less than a buffer, and more than an epoch with an odd one left over.
        for records in [0, 1, 1_001, 300_001] {
            for sink in [Sink::Sum, Sink::Digest] {
                let work = Work { keys: 1_000, records, seed: 7, sink };
                let expected = Plain.run(&work);
                for contender in contenders() {
                    assert_eq!(contender.run(&work), expected, "{}: {work:?}", contender.name());
                }
            }
        }
    }

    #[test]
    fn a_wrong_answer_is_an_error() {
        struct Liar;
        impl Contender for Liar {
            fn name(&self) -> &str {
                "liar"
            }
            fn run(&self, work: &Work) -> Outcome {
                Outcome { records: work.records, accumulator: 1 }
            }
        }
        let work = Work { keys: 10, records: 100, seed: 7, sink: Sink::Digest };
        let error = measure(&Liar, &work, Plain.run(&work)).unwrap_err();
        assert!(error.to_string().starts_with("liar is wrong"), "{error}");
    }

    #[test]
    fn an_unknown_contender_is_an_error() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(chosen(contenders(), &names(&["nobody"])).is_err());
        assert_eq!(chosen(contenders(), &names(&["rings", "loop"])).unwrap().len(), 2);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0]), 2.0);
    }
}
