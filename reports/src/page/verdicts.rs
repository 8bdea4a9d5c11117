//! What came out, as sentences.

use maud::{Markup, html};

use crate::schema::CompareResult;
use crate::words::contention;
use crate::words::summary::Experiment;
use crate::words::verdict::{Sentence, sentences};

/// An entry for each experiment; a reason that all its sentences share stands once.
pub(crate) fn section(result: &CompareResult, experiments: &[Experiment<'_>]) -> Markup {
    html! {
        section.verdicts {
            h2 { "Verdict" }
            @for line in contention::lines(result) { p.meta { (line) } }
            dl {
                @for experiment in experiments {
                    @let sentences = sentences(experiment);
                    @let shared = shared_reason(&sentences);
                    dt { (experiment.name) }
                    dd {
                        @for sentence in &sentences {
                            p {
                                (sentence.text)
                                @if let (Some(why), None) = (&sentence.why, shared) {
                                    " " span.why { (why) }
                                }
                            }
                        }
                        @if let Some(why) = shared { p.why { (why) } }
                    }
                }
            }
        }
    }
}

fn shared_reason(sentences: &[Sentence]) -> Option<&str> {
    let first = sentences.first()?.why.as_deref()?;
    let all = sentences.iter().all(|sentence| sentence.why.as_deref() == Some(first));
    all.then_some(first)
}
