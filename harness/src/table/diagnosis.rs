//! What `doctor` found.

use super::table;
use crate::doctor::{Diagnosis, Level};

/// What the machine does to results, with what to mind marked.
pub fn diagnosis(diagnosis: &Diagnosis) -> String {
    let mut table = table(&["", "", "what it means"], 3);
    for advice in &diagnosis.advice {
        let mark = match advice.level {
            Level::Good => "ok",
            Level::Mind => "mind",
            Level::Bad => "BAD",
        };
        table.add_row([advice.about, mark, &advice.text]);
    }
    let text = |name: &str| diagnosis.environment.get(name).and_then(|it| it.as_str());
    let machine = [text("processor"), text("operating_system"), text("kernel")];
    let machine: Vec<&str> = machine.into_iter().flatten().collect();
    format!("{}\n{table}", machine.join(", "))
}
