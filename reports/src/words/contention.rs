//! What a duet is, and what is known of how much its sides disturb one another.

use super::units;
use super::verdict::metric_name;
use crate::schema::{CompareResult, ContentionRow};

/// What was measured of runs that were made two at a time, a line each; none for other runs.
pub fn lines(result: &CompareResult) -> Vec<String> {
    if result.runs.iter().all(|run| run.duet.is_none()) {
        return Vec::new();
    }
    let what = "Duets: two runs at a time, each on a core of its own. Throughput and processor time are \
                of the part in which both ran, and throughput is by the time that nobody else had the \
                core; figures of runs by themselves are others.";
    let known = result.contention.iter().filter_map(line);
    std::iter::once(what.to_owned()).chain(known).collect()
}

fn line(row: &ContentionRow) -> Option<String> {
    let name = metric_name(&row.metric);
    let beside = units::significant(row.beside_itself?);
    let when = if row.measured.is_empty() { String::new() } else { format!(", {}", row.measured) };
    Some(format!(
        "{} on {}: beside a copy of itself its {name} is {beside} times what it is alone ({} rounds{when}).",
        row.experiment, row.variant, row.rounds
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{DuetSide, RunResult};

    #[test]
    fn duets_say_that_they_are_and_others_say_nothing() {
        let run = RunResult { duet: Some(DuetSide::default()), ..RunResult::default() };
        let row = ContentionRow {
            experiment: "quick".to_owned(),
            variant: "pipelined".to_owned(),
            metric: "throughput_per_s".to_owned(),
            beside_itself: Some(0.987),
            rounds: 5,
            measured: "2026-11-30T10:00:00Z".to_owned(),
            ..ContentionRow::default()
        };
        let unknown = ContentionRow { beside_itself: None, ..row.clone() };
        let contention = vec![row, unknown];
        let mut result = CompareResult { runs: vec![run], contention, ..CompareResult::default() };
        let said = lines(&result);
        assert_eq!(said.len(), 2);
        assert_eq!(
            said[1],
            "quick on pipelined: beside a copy of itself its throughput is 0.987 times what it is \
             alone (5 rounds, 2026-11-30T10:00:00Z)."
        );
        result.runs[0].duet = None;
        assert_eq!(lines(&result), [""; 0]);
    }
}
