//! Lines in capitals.

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Input;
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use serde::{Deserialize, Serialize};

use crate::events::word_lines::{LINE_KNOBS, WordLines};
use crate::spec::{Description, Knobs, TimedEvent, Workload};

/// Every line becomes a row in upper case.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Uppercase;

/// A row of [`Uppercase`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UppercaseLine {
    /// The line.
    pub line: String,
}

impl Data for UppercaseLine {
    fn size_bytes(&self) -> usize {
        self.line.size_bytes()
    }
}

impl Workload for Uppercase {
    type Events = WordLines;

    fn name(&self) -> &'static str {
        "uppercase"
    }
    fn description(&self) -> Description {
        Description {
            origin: "the example of the document that this program grew from",
            operators: "source -> map -> sink",
            state: "none",
            stresses: "work per record, and records on the heap",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        &LINE_KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn suggests(&self) -> &'static [(&'static str, i64)] {
        &[("batch_interval_ms", 2_000)]
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> WordLines {
        WordLines::new(knobs, seed)
    }
    fn reads_text(&self) -> bool {
        true
    }
    fn parse(&self, line: &str) -> Result<String, (u64, String)> {
        Ok(line.to_owned())
    }

    fn plan(&self, _: &Knobs, events: Stream<Input<String>>, sink: SinkSlot) -> Plan {
        events.map(|line: String| UppercaseLine { line: line.to_uppercase() }).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<String>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for event in events {
            let line = event.value.chars().flat_map(char::to_uppercase).collect();
            digest.insert(&UppercaseLine { line });
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::golden::assert_pinned;
    use crate::testing::run_plan::run_lines;

    #[test]
    fn lines_are_upper_cased_in_every_script() {
        let rows = run_lines(Uppercase, &[], &["hello, world", "", "Straße", "ὀδυσσεύς"]);
        let expected = [
            r#"{"line":""}"#,
            r#"{"line":"HELLO, WORLD"}"#,
            r#"{"line":"STRASSE"}"#,
            r#"{"line":"ὈΔΥΣΣΕΎΣ"}"#,
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(Uppercase);
    }
}
