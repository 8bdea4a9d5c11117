//! Events and rows of every workload are what their lines of JSON say.

use std::collections::BTreeMap;

use dataflow::Digest;
use dataflow::job::message_log::{MessageForm, MessageFormat};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::registry::{AnyEvents, AnyWorkload, standard};
use crate::schedule::arrival::Schedule;
use crate::spec::Knobs;
use crate::testing::memory_log::MemoryLog;
use crate::testing::run_plan::{run, slot};

/// Events of a case: enough for a row of every workload.
const COUNT: u64 = 600;

/// Each workload, with payloads of so many bytes if it has some.
fn workloads(payload_bytes: u32) -> impl Iterator<Item = (std::sync::Arc<dyn AnyWorkload>, Knobs)> {
    standard().into_iter().map(move |workload| {
        let has_payloads = workload.knobs().iter().any(|knob| knob.name == "payload_bytes");
        let given = ("payload_bytes".to_owned(), Value::from(payload_bytes));
        let given: BTreeMap<_, _> = has_payloads.then_some(given).into_iter().collect();
        let knobs = workload.resolve(&given, Some(100.0)).unwrap();
        (workload, knobs)
    })
}

/// The events of messages of this format.
fn messages(
    workload: &dyn AnyWorkload,
    knobs: &Knobs,
    format: MessageFormat,
    lines: &str,
) -> Option<Box<dyn AnyEvents>> {
    let form = MessageForm { format: Some(format), time: None };
    workload.messages(knobs, MemoryLog::of(lines.lines().map(str::as_bytes)), &form).ok()
}

/// The column of a change that says what it is.
#[derive(Deserialize)]
struct Op {
    op: Option<String>,
}

/// The digest of rows by their lines.
fn digest_of(rows: &str, hash_of_line: fn(&str) -> serde_json::Result<u128>) -> Digest {
    let mut digest = Digest::default();
    for row in rows.lines() {
        let hash = hash_of_line(row).unwrap_or_else(|error| panic!("{row}: {error}"));
        let Op { op } = serde_json::from_str(row).unwrap();
        if op.is_none_or(|op| op.starts_with('+')) {
            digest.merge(&Digest { records: 1, sum: hash });
        } else {
            digest.merge(&Digest { records: -1, sum: hash.wrapping_neg() });
        }
    }
    digest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn an_event_is_what_its_line_says(seed: u64, payload_bytes in 0_u32..40) {
        for (workload, knobs) in workloads(payload_bytes) {
            let generated = workload.generate(&knobs, seed);
            let sample = generated.sample(COUNT);
            let read = messages(&*workload, &knobs, MessageFormat::Ndjson, &sample).unwrap();
            let name = workload.name();
            prop_assert_eq!(read.sample(COUNT), sample.clone(), "{}", name);
            // A line of a text is no JSON; the time of any other is that of its number.
            let is_text = messages(&*workload, &knobs, MessageFormat::Text, "").is_some();
            let read = match is_text {
                true => read,
                false => workload.lines(&knobs, "sample", &mut sample.as_bytes()).unwrap(),
            };
            prop_assert_eq!(read.expected(COUNT), generated.expected(COUNT), "{}", name);
        }
    }

    #[test]
    fn a_row_is_what_its_line_says(seed: u64, payload_bytes in 0_u32..40) {
        for (workload, knobs) in workloads(payload_bytes) {
            let plan = workload.generate(&knobs, seed).plan(Schedule::at_once(COUNT), slot());
            let (written, rows) = run(&plan);
            let read = digest_of(&rows, plan.hash_of_line);
            prop_assert_eq!(read, written, "{}", workload.name());
        }
    }
}
