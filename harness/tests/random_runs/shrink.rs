//! Makes a run that fails as small as it can be while it still fails.

use crate::case::Case;

/// The smallest run that was found.
pub(crate) fn smallest(mut case: Case) -> Case {
    loop {
        let before = size(&case);
        for smaller in simpler(&case) {
            try_it(&mut case, smaller);
        }
        fewer_lines(&mut case);
        fewer_events(&mut case);
        if size(&case) == before {
            return case;
        }
    }
}

fn size(case: &Case) -> (u64, usize, u32, bool) {
    (case.events, case.knobs.len() + case.shared.len(), case.parallelism, case.kill.is_some())
}

fn try_it(case: &mut Case, smaller: Case) -> bool {
    let fails = smaller.run().is_err_and(|why| why.contains("instead of"));
    if fails {
        *case = smaller;
    }
    fails
}

/// Without a fault, a knob, a setting, or with less parallelism.
fn simpler(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    all.extend(case.kill.is_some().then(|| Case { kill: None, ..case.clone() }));
    all.extend((case.parallelism > 1).then(|| Case { parallelism: 1, ..case.clone() }));
    if case.engine != "sequential" {
        let kill = None;
        all.push(Case { engine: "sequential", parallelism: 1, kill, ..case.clone() });
    }
    let without = |name: &String| {
        let mut smaller = case.clone();
        smaller.knobs.remove(name);
        smaller.shared.remove(name);
        smaller
    };
    all.extend(case.knobs.keys().chain(case.shared.keys()).map(without));
    all
}

fn fewer_lines(case: &mut Case) {
    let Some(lines) = &case.lines else { return };
    let mut piece = lines.len().div_ceil(2);
    while piece > 0 {
        let mut from = 0;
        while let Some(lines) = case.lines.as_ref().filter(|lines| from < lines.len()) {
            let mut left = lines.clone();
            left.drain(from..(from + piece).min(left.len()));
            let smaller = Case { events: left.len() as u64, lines: Some(left), ..case.clone() };
            if smaller.events == 0 || !try_it(case, smaller) {
                from += piece;
            }
        }
        piece /= 2;
    }
}

fn fewer_events(case: &mut Case) {
    while case.lines.is_none() && case.events > 1 {
        let mut smaller = case.clone();
        smaller.events = case.events * 3 / 4;
        if !try_it(case, smaller) {
            return;
        }
    }
}
