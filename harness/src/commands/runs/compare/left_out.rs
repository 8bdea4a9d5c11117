//! What was left out of a comparison and why: a line for each variant.

use reports::schema::RunResult;
use reports::words::units::count;

/// A line for each variant of each experiment of which runs were left out.
pub(super) fn lines(runs: &[RunResult]) -> Vec<String> {
    let mut variants: Vec<Variant<'_>> = Vec::new();
    for run in runs.iter().filter(|run| !run.superseded) {
        let name = (run.experiment.as_str(), run.variant.as_str());
        match variants.iter_mut().find(|variant| variant.name == name) {
            Some(variant) => variant.runs.push(run),
            None => variants.push(Variant { name, runs: vec![run] }),
        }
    }
    variants.iter().filter_map(Variant::line).collect()
}

/// The runs of one variant of an experiment.
struct Variant<'a> {
    name: (&'a str, &'a str),
    runs: Vec<&'a RunResult>,
}

impl Variant<'_> {
    fn line(&self) -> Option<String> {
        let left_out = self.runs.iter().filter(|run| !run.valid);
        // Reasons of one kind differ in their figures.
        let mut kinds: Vec<(String, u64, &str)> = Vec::new();
        for run in left_out.clone() {
            let reason = run.invalid_because.first().map_or("no reason was recorded", |it| it);
            let kind = kind(reason);
            match kinds.iter_mut().find(|(known, ..)| *known == kind) {
                Some((_, times, _)) => *times += 1,
                None => kinds.push((kind, 1, reason)),
            }
        }
        let (experiment, variant) = self.name;
        let (out, all) = (left_out.count() as u64, self.runs.len() as u64);
        let reasons: Vec<String> = match kinds.as_slice() {
            [] => return None,
            [(.., reason)] => vec![(*reason).to_owned()],
            several => {
                several.iter().map(|(_, times, it)| format!("{}: {it}", count(*times))).collect()
            }
        };
        let runs = if all == 1 { "run" } else { "runs" };
        Some(format!(
            "{experiment} on {variant}: {} of {} {runs} left out. {}",
            count(out),
            count(all),
            reasons.join(" ")
        ))
    }
}

/// A reason up to its first figure.
fn kind(reason: &str) -> String {
    reason.chars().take_while(|letter| !letter.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(variant: &str, because: &[&str]) -> RunResult {
        RunResult {
            experiment: "quick".to_owned(),
            variant: variant.to_owned(),
            valid: because.is_empty(),
            invalid_because: because.iter().map(|it| (*it).to_owned()).collect(),
            ..RunResult::default()
        }
    }

    #[test]
    fn there_is_a_line_for_each_variant_and_a_reason_for_each_kind() {
        let busy = |percent: u32| format!("Others took {percent} % of the cores.");
        let mut runs = vec![
            run("a", &[&busy(34)]),
            run("b", &[]),
            run("a", &[&busy(20)]),
            run("c", &["It fell behind."]),
            run("c", &[&busy(12), "It fell behind."]),
            run("c", &[]),
        ];
        runs.push(RunResult { superseded: true, ..run("b", &["Others."]) });
        assert_eq!(
            lines(&runs),
            [
                "quick on a: 2 of 2 runs left out. Others took 34 % of the cores.",
                "quick on c: 2 of 3 runs left out. 1: It fell behind. 1: Others took 12 % of the \
                 cores.",
            ]
        );
    }
}
