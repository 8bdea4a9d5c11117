//! Faults as a user writes them: `kill:subtask@40%`, `slow:task+20ms@2s`, `lose:trigger@3`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use dataflow::job::runtime::Role;
use dataflow::record::time::ProcessingTime;
use runtime::{Fate, Fault, Faults, Message, Trigger, Victim};

use crate::quantity;

/// One fault of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    what: FaultKind,
    text: String,
}

#[derive(Clone, Debug, PartialEq)]
enum FaultKind {
    Strike { fault: Fault, when: Moment },
    Message(Message),
}

/// When a fault strikes.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Moment {
    /// When this share of the events has been read.
    Share(f64),
    /// This long after the start of the runtime.
    After(Duration),
}

/// Control messages by short names.
const MESSAGES: [(&str, &str); 3] = [
    ("trigger", "trigger checkpoint"),
    ("acknowledgement", "acknowledge checkpoint"),
    ("credit", "announce credit"),
];

const FORMS: &str = "write kill:VICTIM@WHEN, slow:VICTIM+DURATION@WHEN, lose:MESSAGE@NUMBER or \
     delay:MESSAGE+DURATION@NUMBER, where VICTIM is subtask, task, executor, driver or \
     coordinator, WHEN is a share of the events (40%) or a time (2s), and MESSAGE is trigger, \
     acknowledgement or credit";

impl FromStr for FaultSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: String| format!("{what}; {FORMS}");
        let (kind, rest) = text.split_once(':').ok_or_else(|| wrong("no `:`".to_owned()))?;
        let (whom, when) = rest.rsplit_once('@').ok_or_else(|| wrong("no `@`".to_owned()))?;
        let (name, extra) = match whom.split_once('+') {
            Some((name, extra)) => (name, Some(quantity::duration(extra)?)),
            None => (whom, None),
        };
        let needs = |given: Option<Duration>| {
            given.ok_or_else(|| wrong(format!("`{kind}` needs a duration: `{name}+20ms`")))
        };
        let what = match kind {
            "kill" => FaultKind::Strike { fault: Fault::Kill(name.parse()?), when: moment(when)? },
            "slow" => {
                let role = match name {
                    "subtask" => Role::Subtask,
                    "task" => Role::Task,
                    _ => return Err(wrong(format!("`{name}` cannot be slow"))),
                };
                let nanos = needs(extra)?.as_nanos() as u64;
                FaultKind::Strike { fault: Fault::Slow { role, nanos }, when: moment(when)? }
            }
            "lose" | "delay" => {
                let known = MESSAGES.iter().find(|(short, _)| *short == name);
                let (_, name) = known.ok_or_else(|| wrong(format!("`{name}` is no message")))?;
                let nth = when.parse().ok().filter(|nth| *nth > 0);
                let nth = nth.ok_or_else(|| wrong(format!("`{when}` is no number from 1")))?;
                let fate = if kind == "lose" {
                    Fate::Lost
                } else {
                    Fate::Late(needs(extra)?.as_nanos() as u64)
                };
                FaultKind::Message(Message { name: (*name).to_owned(), nth, fate })
            }
            _ => return Err(wrong(format!("`{kind}` is no fault"))),
        };
        Ok(Self { what, text: text.to_owned() })
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    match text.strip_suffix('%') {
        Some(share) => {
            let share: Option<f64> = share.parse().ok();
            share
                .filter(|share| (0.0..=100.0).contains(share))
                .map(|share| Moment::Share(share / 100.0))
                .ok_or_else(|| format!("`{text}` is no share from 0% to 100%"))
        }
        None => quantity::duration(text).map(Moment::After),
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FaultSpec {
    /// Kills at a share of the events, from 0 to 1.
    pub fn kill_at(victim: runtime::Victim, share: f64) -> Self {
        let text = format!("kill:{victim}@{}%", share * 100.0);
        Self {
            what: FaultKind::Strike { fault: Fault::Kill(victim), when: Moment::Share(share) },
            text,
        }
    }

    /// Whether it strikes at a share of the events, so that their number must be known before.
    pub fn strikes_at_share(&self) -> bool {
        matches!(self.what, FaultKind::Strike { when: Moment::Share(_), .. })
    }

    /// Whether it can strike a system in a process of its own: one of its tasks, or all of it.
    pub(crate) fn strikes_systems(&self) -> bool {
        let FaultKind::Strike { fault: Fault::Kill(victim), .. } = &self.what else { return false };
        *victim != Victim::Executor
    }

    /// Plans the fault with a runtime. One that waits for a share of the events comes back, with
    /// the number of events after which it strikes.
    pub fn plan(&self, faults: &Arc<Faults>, events: u64) -> Option<(u64, Fault)> {
        match &self.what {
            FaultKind::Message(message) => faults.plan_message(message.clone()),
            FaultKind::Strike { fault, when: Moment::After(after) } => {
                let at = ProcessingTime(after.as_nanos() as u64);
                faults.plan(Trigger::At(at), *fault);
            }
            FaultKind::Strike { fault, when: Moment::Share(share) } => {
                return Some(((events as f64 * share) as u64, *fault));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for text in [
            "kill:subtask@40%",
            "kill:coordinator@2s",
            "slow:task+20ms@50%",
            "lose:trigger@3",
            "delay:acknowledgement+5ms@1",
        ] {
            assert_eq!(text.parse::<FaultSpec>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_wrong_form_says_what_is_wrong_and_how_it_is_written() {
        for (text, says) in [
            ("kill", "no `:`"),
            ("kill:subtask", "no `@`"),
            ("kill:everyone@40%", "`everyone` cannot be killed"),
            ("kill:task@140%", "no share"),
            ("slow:task@1s", "needs a duration"),
            ("lose:trigger@0", "no number from 1"),
            ("lose:letter@1", "no message"),
            ("burn:task@1s", "no fault"),
        ] {
            let error = text.parse::<FaultSpec>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
