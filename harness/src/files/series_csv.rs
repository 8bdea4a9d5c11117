//! The series of a run as CSV, for spreadsheets and data frames: what was emitted and what waited
//! per bin of time, every micro-batch, every checkpoint. Times are in nanoseconds, as in the result.

use reports::schema::RunResult;

use crate::error::{Error, Result};

/// The series that a run has, as (ending of the file's name, text); one without a row is left out.
///
/// `-series.csv` has a line per bin of [`reports::schema::SERIES_BIN_NS`], `-batches.csv` one per
/// micro-batch, `-checkpoints.csv` one per completed checkpoint, `-partitions.csv` one per partition
/// of every exchange. Columns have the names of the result's fields.
///
/// # Errors
/// Never in practice: the text is made in memory.
pub(crate) fn series(run: &RunResult) -> Result<Vec<(&'static str, String)>> {
    let all = [
        ("-series.csv", over_time(run)),
        ("-batches.csv", batches(run)),
        ("-checkpoints.csv", checkpoints(run)),
        ("-partitions.csv", partitions(run)),
    ];
    let mut files = Vec::new();
    for (ending, table) in all {
        let table = table.map_err(Error::run)?;
        if let Some(text) = table {
            files.push((ending, text));
        }
    }
    Ok(files)
}

/// A table as text; `None` without a row.
type Table = csv::Result<Option<String>>;

fn table(heading: &[&str], rows: impl ExactSizeIterator<Item = Vec<String>>) -> Table {
    if rows.len() == 0 {
        return Ok(None);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(heading)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn over_time(run: &RunResult) -> Table {
    let rows = run.series.iter().map(|bin| {
        [bin.at_ns, bin.records, bin.latency_ns_max, bin.unread].map(|it| it.to_string()).to_vec()
    });
    table(&["at_ns", "records", "latency_ns_max", "unread"], rows)
}

fn batches(run: &RunResult) -> Table {
    let stages = run.batches.iter().map(|it| it.stages_ns.len()).max().unwrap_or(0);
    let mut heading: Vec<String> =
        ["batch", "trigger_ns", "delay_ns", "records", "total_ns", "watermark_ns"]
            .map(str::to_owned)
            .to_vec();
    heading.extend((0..stages).map(|stage| format!("stage_{stage}_ns")));
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let rows = run.batches.iter().map(|it| {
        let mut row = [it.batch, it.trigger_ns, it.delay_ns, it.records, it.total_ns]
            .map(|it| it.to_string())
            .to_vec();
        row.push(it.watermark_ns.map_or(String::new(), |it| it.to_string()));
        // A batch without data has fewer stages than the others.
        let times = it.stages_ns.iter().map(ToString::to_string);
        row.extend(times.chain(std::iter::repeat_n(String::new(), stages - it.stages_ns.len())));
        row
    });
    table(&heading, rows)
}

fn checkpoints(run: &RunResult) -> Table {
    let rows = run.recovery.checkpoints.iter().map(|it| {
        vec![
            it.id.to_string(),
            it.triggered_ns.to_string(),
            it.duration_ns.to_string(),
            it.bytes.to_string(),
            it.full.to_string(),
            it.alignment_ns.to_string(),
            it.pause_ns.to_string(),
        ]
    });
    let heading =
        ["id", "triggered_ns", "duration_ns", "bytes", "full", "alignment_ns", "pause_ns"];
    table(&heading, rows)
}

fn partitions(run: &RunResult) -> Table {
    let rows: Vec<Vec<String>> = run
        .exchanges
        .iter()
        .flat_map(|exchange| {
            exchange.records.iter().enumerate().map(|(partition, records)| {
                let (name, placement) = (exchange.exchange.clone(), exchange.placement.clone());
                vec![name, placement, partition.to_string(), records.to_string()]
            })
        })
        .collect();
    table(&["exchange", "placement", "partition", "records"], rows.into_iter())
}

#[cfg(test)]
mod tests {
    use reports::schema::{BatchRow, CheckpointRow, ExchangeLoad, SeriesRow};

    use super::*;

    fn batch(batch: u64, stages_ns: Vec<u64>) -> BatchRow {
        let watermark_ns = (batch > 0).then_some(-5);
        BatchRow {
            batch,
            trigger_ns: 1,
            delay_ns: 2,
            records: 3,
            stages_ns,
            total_ns: 9,
            watermark_ns,
            max_over_mean: None,
            tasks: Vec::new(),
        }
    }

    #[test]
    fn every_series_is_a_table_and_an_empty_one_is_no_file() {
        assert_eq!(series(&RunResult::default()).unwrap(), []);
        let mut run = RunResult {
            series: vec![SeriesRow { at_ns: 100, records: 7, unread: 2, ..SeriesRow::default() }],
            batches: vec![batch(0, vec![4, 5]), batch(1, vec![6])],
            exchanges: vec![ExchangeLoad {
                exchange: "a, b -> c".to_owned(),
                placement: "modulo".to_owned(),
                records: vec![10, 20],
                max_over_mean: 1.3,
                bytes: 0,
            }],
            ..RunResult::default()
        };
        run.recovery.checkpoints.push(CheckpointRow {
            id: 1,
            triggered_ns: 50,
            duration_ns: 6,
            bytes: 70,
            full: true,
            alignment_ns: 8,
            pause_ns: 9,
        });
        let files = series(&run).unwrap();
        assert_eq!(
            files,
            [
                ("-series.csv", "at_ns,records,latency_ns_max,unread\n100,7,0,2\n".to_owned()),
                (
                    "-batches.csv",
                    "batch,trigger_ns,delay_ns,records,total_ns,watermark_ns,stage_0_ns,stage_1_ns\n\
                     0,1,2,3,9,,4,5\n1,1,2,3,9,-5,6,\n"
                        .to_owned()
                ),
                (
                    "-checkpoints.csv",
                    "id,triggered_ns,duration_ns,bytes,full,alignment_ns,pause_ns\n1,50,6,70,true,8,9\n"
                        .to_owned()
                ),
                (
                    "-partitions.csv",
                    "exchange,placement,partition,records\n\"a, b -> c\",modulo,0,10\n\
                     \"a, b -> c\",modulo,1,20\n"
                        .to_owned()
                ),
            ]
        );
    }
}
