//! Query 5: the hottest items.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::{Fate, Late, LateRows};
use dataflow::operators::{Aggregator, Count, WindowResult};
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::{Event, bound_nanos};
use crate::queries::nexmark::query::{Events, Query, bids, event_time};
use crate::spec::{Description, Knobs, TimedEvent, WindowPace};

pub(crate) struct Q5;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    auction: u64,
    num: u64,
}

impl Data for Row {}

/// Stage and input of the window that meets the bids.
const WINDOW: (usize, u8) = (1, 0);

/// Keeps the auctions with most bids, all of them when several have as many.
#[derive(Copy, Clone, Debug)]
struct Hottest;

impl Aggregator for Hottest {
    type In = WindowResult<u64, u64>;
    type Accumulator = (u64, Vec<u64>);
    type Result = (u64, Vec<u64>);

    fn fresh(&self) -> Self::Accumulator {
        (0, Vec::new())
    }
    fn add(&self, (most, auctions): &mut Self::Accumulator, counted: &Self::In) {
        if counted.result > *most {
            *most = counted.result;
            auctions.clear();
        }
        if counted.result == *most {
            auctions.push(counted.key);
        }
    }
    fn merge(&self, into: &mut Self::Accumulator, from: &Self::Accumulator) {
        if from.0 > into.0 {
            *into = from.clone();
        } else if from.0 == into.0 {
            into.1.extend(&from.1);
        }
    }
    fn result(&self, accumulator: &Self::Accumulator) -> Self::Result {
        accumulator.clone()
    }
}

const KNOBS: &[Setting] = &[
    Setting::integer("window_ms", (1, LONGEST_MS), 10_000, "size of a window, milliseconds"),
    Setting::integer(
        "slide_ms",
        (1, LONGEST_MS),
        2_000,
        "from one window to the next, milliseconds",
    ),
    Setting::choice(
        "panes",
        &["shared", "unshared"],
        "shared: a bid is counted once, in a pane that windows share; unshared: in every window",
    ),
];

impl Query for Q5 {
    fn name(&self) -> &'static str {
        "nexmark-q5"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 5, hot items: HOP(2 s, 10 s), the auctions whose count is the \
                     largest of their window",
            operators: "source -> filter_map -> key_by -> sliding window -> key_by -> window -> \
                        flat_map -> sink",
            state: "a counter per auction and pane; the largest per window",
            stresses: "overlapping windows, a hot key, and one subtask that meets all counts",
            ties: "none are broken: all auctions of the largest count are results",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn has_windows(&self) -> bool {
        true
    }
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        WindowPace::by("slide_ms", knobs)
    }

    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        let shares = knobs.name("panes") == "shared";
        knobs::check_hops(knobs, ("window_ms", "slide_ms"), shares)?;
        knobs::check_open_windows(knobs, "slide_ms", bound_nanos(knobs))
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let (size, slide) = (knobs::nanos(knobs, "window_ms"), knobs::nanos(knobs, "slide_ms"));
        let auctions = events.filter_map(|event| event.bid().map(|bid| bid.auction));
        let windows = auctions.key_by(|auction: &u64| *auction).sliding_window(size, slide);
        let windows = if knobs.name("panes") == "unshared" { windows.unshared() } else { windows };
        windows
            .aggregate(Count::default())
            // Counts happen at the last instant of their window, so those of one window, and of no
            // other, are together in a tumbling window as long as the slide.
            .key_by(|counted: &WindowResult<u64, u64>| counted.window_end.0)
            .window(slide)
            .aggregate(Hottest)
            .flat_map(|hottest| {
                let (num, auctions) = hottest.result;
                auctions.into_iter().map(move |auction| Row { auction, num })
            })
            .sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest {
        let (size, slide) = (knobs.integer("window_ms") as i64, knobs.integer("slide_ms") as i64);
        // Counts by the end of the window, in milliseconds.
        let mut open: BTreeMap<i64, BTreeMap<u64, u64>> = BTreeMap::new();
        let mut digest = Digest::default();
        let mut close = |counts: BTreeMap<u64, u64>| {
            let most = counts.values().copied().max().unwrap_or(0);
            for (auction, num) in counts.into_iter().filter(|(_, num)| *num == most) {
                digest.insert(&Row { auction, num });
            }
        };
        for bid in bids(events) {
            let time = bid.date_time;
            while let Some(first) = open.first_entry().filter(|first| *first.key() <= time) {
                close(first.remove());
            }
            // Windows start at the multiples of the slide.
            let last_start = time.div_euclid(slide) * slide;
            let starts = (0..).map(|index| last_start - index * slide);
            let ends = starts.map(|start| start + size).take_while(|end| *end > time);
            let closed = match late.take(WINDOW, &bid.auction, event_time(time)) {
                None => i64::MIN,
                Some(Late { watermark, fate }) => {
                    // The last end that the watermark has reached, an instant behind the window.
                    let reached = (watermark.0 + 1).div_euclid(1_000_000) - size;
                    let closed = reached.div_euclid(slide) * slide + size;
                    let is_partly = last_start + size > closed;
                    late.expect(match fate {
                        Fate::RefusedUpTo(end) => is_partly && end == event_time(closed),
                        Fate::Refused => !is_partly,
                        Fate::Accepted => false,
                    });
                    closed
                }
            };
            for end in ends.take_while(|end| *end > closed) {
                *open.entry(end).or_default().entry(bid.auction).or_default() += 1;
            }
        }
        open.into_values().for_each(close);
        digest
    }
}

#[cfg(test)]
mod tests {
    use dataflow::EventTime;

    use super::*;

    #[test]
    fn of_equal_counts_all_are_kept() {
        let count = |key, result| WindowResult { key, window_end: EventTime(10), result };
        let mut accumulator = Hottest.fresh();
        for counted in [count(1, 2), count(2, 3), count(3, 3), count(4, 1)] {
            Hottest.add(&mut accumulator, &counted);
        }
        assert_eq!(accumulator, (3, vec![2, 3]));
    }
}
