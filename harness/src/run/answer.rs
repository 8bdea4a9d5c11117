//! Checks the answer of a run: what it is compared with, and whether it is wrong.

use std::collections::BTreeMap;

use dataflow::Digest;
use dataflow::job::source::SourceError;
use dataflow::operator::lateness::LateNotes;
use reports::schema::{RunInput, RunResult};
use workloads::registry::{AnyEvents, Expected, Replay};

use crate::run::audience::Audience;
use crate::run::spec::RunSpec;

/// What the output of a run is compared with.
pub enum Answer<'a> {
    /// With nothing: the figures are not kept, or the answer is looked at elsewhere.
    Unchecked,
    /// With a digest that is known already.
    Known(Digest),
    /// With what the workload's evaluator computes once the run is over, as it always is when
    /// records were late.
    Evaluated,
    /// The same, and later runs over the same events find it in the oracle.
    Remembered(&'a mut Oracle),
}

impl Answer<'_> {
    /// The right answer when these records were late; `None` if the output is not compared.
    ///
    /// # Errors
    /// When events that come from outside cannot be read again.
    pub(super) fn expected(
        self,
        spec: &RunSpec,
        events: &dyn AnyEvents,
        late: &LateNotes,
        audience: &dyn Audience,
    ) -> std::result::Result<Option<Expected>, SourceError> {
        if late.unnoted() > 0 {
            return Ok(None);
        }
        let known = |digest| Some(Expected { digest, unfounded: 0 });
        match self {
            Self::Unchecked => Ok(None),
            Self::Known(digest) if late.is_empty() => Ok(known(digest)),
            Self::Remembered(oracle) if late.is_empty() => {
                oracle.expected(spec, events, audience).map(known)
            }
            // Which records are late differs from run to run.
            Self::Known(_) | Self::Remembered(_) | Self::Evaluated => {
                events.expected_with(count(spec, events), late).map(Some)
            }
        }
    }
}

/// Over how many events an answer is computed: of an input that ends, over all that it holds, however
/// many a run has read.
fn count(spec: &RunSpec, events: &dyn AnyEvents) -> u64 {
    match events.replay() {
        Replay::Bounded(_) => u64::MAX,
        Replay::Counted(_) | Replay::Growing | Replay::Once => spec.events,
    }
}

/// What decides the answer of a run over events that are the same each time: workload, knobs, seed,
/// number of events, and the topic that they lie in.
pub(crate) type OracleKey = (String, String, u64, u64, Option<RunInput>);

/// Digests of evaluators, each computed once per [`OracleKey`].
#[derive(Default)]
pub struct Oracle(BTreeMap<OracleKey, Digest>);

impl Oracle {
    /// Under what the answer of a run is remembered.
    pub fn key(spec: &RunSpec) -> OracleKey {
        let knobs = format!("{:?}", spec.knobs().values());
        let input = spec.topic.as_ref().map(|topic| topic.described());
        (spec.workload.name().to_owned(), knobs, spec.seed, spec.events, input)
    }

    /// The digest of the right answer to a run over generated events in which no record is late.
    pub(crate) fn digest(&mut self, spec: &RunSpec, audience: &dyn Audience) -> Digest {
        let digest = self.expected(spec, &*spec.generate(), audience);
        digest.expect("what is generated can be made again")
    }

    fn expected(
        &mut self,
        spec: &RunSpec,
        events: &dyn AnyEvents,
        audience: &dyn Audience,
    ) -> std::result::Result<Digest, SourceError> {
        let mut key = Self::key(spec);
        let count = count(spec, events);
        key.3 = count;
        if let Some(digest) = self.0.get(&key) {
            return Ok(*digest);
        }
        audience.say(&format!("evaluating {}", spec.workload.name()));
        let digest = events.expected_with(count, &LateNotes::default())?.digest;
        self.0.insert(key, digest);
        Ok(digest)
    }
}

/// Whether the answer of a run was compared and is not the right one.
pub(crate) fn is_wrong(run: &RunResult) -> bool {
    run.output.is_wrong()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_nothing_was_expected_of_is_not_wrong() {
        let mut run = RunResult::default();
        run.output.digest = "a".to_owned();
        assert!(!is_wrong(&run));
        run.output.expected_digest = Some("a".to_owned());
        assert!(!is_wrong(&run));
        run.output.expected_digest = Some("b".to_owned());
        assert!(is_wrong(&run));
    }
}
