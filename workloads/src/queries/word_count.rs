//! Counts the words of lines.

use std::collections::HashMap;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Count, Input};
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::events::word_lines::{LINE_KNOBS, WordLines};
use crate::queries::running::{CHANGES, COMBINER, running_aggregate};
use crate::spec::{Description, Knobs, TimedEvent, Workload};

/// A running count per word.
#[derive(Copy, Clone, Debug)]
pub struct WordCount;

/// A row of [`WordCount`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WordTotal {
    /// The word.
    pub word: Arc<str>,
    /// How often it has come so far.
    pub count: u64,
}

impl Data for WordTotal {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.word.len()
    }
}

impl Workload for WordCount {
    type Events = WordLines;

    fn name(&self) -> &'static str {
        "word-count"
    }
    fn description(&self) -> Description {
        Description {
            origin: "the first example of every stream processor",
            operators: "source -> flat_map -> key_by -> count -> map -> sink",
            state: "a counter per word",
            stresses: "fan-out, records on the heap, the exchange of the most frequent word",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        const KNOBS: [Setting; 7] = {
            let [keys, zipf, payload, median, sigma] = LINE_KNOBS;
            [keys, zipf, payload, median, sigma, CHANGES, COMBINER]
        };
        &KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
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

    fn plan(&self, knobs: &Knobs, events: Stream<Input<String>>, sink: SinkSlot) -> Plan {
        let words = events.flat_map(|line: String| -> Vec<Arc<str>> {
            line.split_whitespace().map(Arc::from).collect()
        });
        let row = |(word, count)| WordTotal { word, count };
        running_aggregate(words, knobs, Arc::clone, Count::default(), row, sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<String>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut counts: HashMap<String, u64, FixedState> = HashMap::default();
        for event in events {
            for word in event.value.split(char::is_whitespace).filter(|word| !word.is_empty()) {
                if let Some(count) = counts.get_mut(word) {
                    *count += 1;
                } else {
                    counts.insert(word.to_owned(), 1);
                }
            }
        }
        let mut digest = Digest::default();
        for (word, count) in counts {
            digest.insert(&WordTotal { word: word.into(), count });
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
    fn words_are_counted_across_lines() {
        let rows = run_lines(WordCount, &[], &["to be  or", "", " not to\tbe"]);
        let left: Vec<&String> = rows.iter().filter(|row| row.contains(r#""op":"+"#)).collect();
        let expected = [
            r#"{"op":"+I","word":"be","count":1}"#,
            r#"{"op":"+I","word":"not","count":1}"#,
            r#"{"op":"+I","word":"or","count":1}"#,
            r#"{"op":"+I","word":"to","count":1}"#,
            r#"{"op":"+U","word":"be","count":2}"#,
            r#"{"op":"+U","word":"to","count":2}"#,
        ];
        assert_eq!(left, expected);
        assert_eq!(rows.len(), 8);
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(WordCount);
    }
}
