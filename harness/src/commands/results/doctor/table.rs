//! What `doctor` found as a table for the terminal.

use comfy_table::{ContentArrangement, Table, presets};

use super::diagnosis::{Diagnosis, Level};

/// What the machine does to results, with what to mind marked.
pub(super) fn diagnosis(diagnosis: &Diagnosis) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
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
    format!("{}\n{table}\n{}", machine.join(", "), diagnosis.systems.join("\n"))
}
