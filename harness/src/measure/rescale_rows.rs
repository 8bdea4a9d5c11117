//! What moved when a job went on with another number of partitions.

use dataflow::job::observer::RescaleReport;
use dataflow::placement::Amount;
use reports::schema::RescaleRow;

/// The row of a stage whose state has moved to other partitions.
pub(super) fn rescale_row(report: &RescaleReport) -> RescaleRow {
    let table = |of: fn(&Amount) -> u64| {
        report.taken.iter().map(|row| row.iter().map(of).collect()).collect()
    };
    let (from, to) = (report.before.partitions(), report.after.partitions());
    RescaleRow {
        from,
        to,
        placement_before: report.before.name().to_owned(),
        placement_after: report.after.name().to_owned(),
        goes_on_from: (0..to).map(|number| report.goes_on_from(number)).collect(),
        keys: table(|amount| amount.keys),
        bytes: table(|amount| amount.bytes),
        took_ns: report.nanos,
    }
}

/// Adds another stage of the same widths.
pub(super) fn add(sum: &mut RescaleRow, row: &RescaleRow) {
    let amounts = |row: &mut [Vec<u64>], more: &[Vec<u64>]| {
        let more = more.iter().flatten();
        row.iter_mut().flatten().zip(more).for_each(|(sum, more)| *sum += more);
    };
    amounts(&mut sum.keys, &row.keys);
    amounts(&mut sum.bytes, &row.bytes);
    sum.took_ns = sum.took_ns.max(row.took_ns);
}
