//! The cases of formulas as tables for the terminal.

use reports::formulas::chapters::CHAPTERS;
use reports::formulas::{CaseVerdict, FormulasResult};
use reports::page::formulas as formulas_page;
use reports::words;

use crate::terminal::table::table;

/// Every formula's cases, then how many hold.
pub(super) fn formulas(result: &FormulasResult) -> String {
    let mut text = String::new();
    for chapter in &CHAPTERS {
        if result.of(chapter.name).next().is_none() {
            continue;
        }
        let headings =
            ["case", "engine", "quantity", "predicted", "measured", "error", "allowed", "verdict"];
        let mut table = table(&headings, 3);
        for case in result.of(chapter.name) {
            table.add_row([
                case.case.clone(),
                case.engine.clone(),
                case.quantity.clone(),
                formulas_page::figure(case.predicted),
                formulas_page::figure(case.measured),
                formulas_page::error(case),
                words::tolerance::allowed(case.tolerance),
                case.verdict.words().to_owned(),
            ]);
        }
        let count = |verdict| result.count(chapter.name, verdict);
        text.push_str(&format!(
            "{}: {}\n{table}\n{} hold, {} do not, {} are outside their range.\n\n",
            chapter.title,
            chapter.formula,
            count(CaseVerdict::Holds),
            count(CaseVerdict::DoesNotHold),
            count(CaseVerdict::OutsideItsRange),
        ));
    }
    text.truncate(text.trim_end().len());
    text
}
