//! Lines of words.

use dataflow::EventTime;
use dataflow::job::settings::Setting;
use rand::Rng;
use rand_distr::{Distribution, LogNormal};

use crate::event_time::disorder::Disorder;
use crate::event_time::event_clock::EventClock;
use crate::events::key_distribution::{KeyDistribution, MAX_KEYS};
use crate::events::payload_lengths::PayloadLengths;
use crate::random::Draws;
use crate::spec::{Events, Knobs, TimedEvent};

/// Longest line, in words: where the log-normal distribution is cut.
pub const LONGEST_LINE_WORDS: u64 = 10_000;

/// The knobs of a workload on lines.
pub const LINE_KNOBS: [Setting; 5] = [
    Setting::integer("keys", (1, MAX_KEYS), 10_000, "number of distinct words"),
    Setting::number(
        "zipf_exponent",
        (0.0, 3.0),
        1.0,
        "skew of words: the k-th most frequent occurs as often as k to the power of minus this; \
         0 is uniform",
    ),
    Setting::integer(
        "payload_bytes",
        (0, 1 << 20),
        0,
        "bytes of white space that a line has behind its words",
    ),
    Setting::number(
        "line_words_median",
        (1.0, 1_000.0),
        8.0,
        "median length of a line in words; lengths are log-normal",
    ),
    Setting::number(
        "line_words_sigma",
        (0.0, 3.0),
        0.5,
        "standard deviation of the natural logarithm of a line's length in words",
    ),
];

/// Lines whose words are drawn like keys, by default by a Zipf distribution, and whose lengths are
/// log-normal.
///
/// The word of rank 0 is `a`, of rank 25 `z`, of rank 26 `aa`: all are distinct, and frequent
/// words are short.
#[derive(Clone, Debug)]
pub struct WordLines {
    words: KeyDistribution,
    lengths: LogNormal<f64>,
    draws: Draws,
    payload_lengths: PayloadLengths,
    clock: EventClock,
    disorder: Disorder,
}

impl WordLines {
    /// By [`LINE_KNOBS`] and the knobs of [`EventClock`], [`KeyDistribution`] and [`Disorder`].
    ///
    /// # Panics
    /// When a knob is not within its bounds.
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let median = knobs.number("line_words_median");
        let sigma = knobs.number("line_words_sigma");
        Self {
            words: KeyDistribution::of(knobs),
            lengths: LogNormal::new(median.ln(), sigma).expect("sigma is finite"),
            draws: Draws::new(seed, "lines"),
            payload_lengths: PayloadLengths::of(knobs),
            clock: EventClock::of(knobs, seed),
            disorder: Disorder::new(knobs, seed),
        }
    }
}

impl Events for WordLines {
    type Event = String;

    fn event(&self, number: u64) -> TimedEvent<String> {
        let mut draws = self.draws.generator(number);
        let payload_bytes = self.payload_lengths.pick(self.draws.at(number)) as usize;
        let words = self.lengths.sample(&mut draws).round() as u64;
        let words = words.clamp(1, LONGEST_LINE_WORDS);
        let mut line = String::with_capacity(words as usize * 4 + payload_bytes);
        for word in 0..words {
            if word > 0 {
                line.push(' ');
            }
            push_word(self.words.key(number, word, draws.next_u64()), &mut line);
        }
        line.extend(std::iter::repeat_n(' ', payload_bytes));
        let event_time = EventTime(self.clock.event_time(number).0 - self.disorder.nanos(number));
        TimedEvent { value: line, event_time }
    }

    fn none_before(&self, number: u64) -> EventTime {
        EventTime(self.clock.event_time(number).0 - self.disorder.longest_nanos())
    }
}

/// Appends the word of a rank.
fn push_word(mut rank: u64, line: &mut String) {
    // 26^14 is more than 2^64.
    let mut letters = [0; 14];
    let mut first = letters.len();
    loop {
        first -= 1;
        letters[first] = b'a' + (rank % 26) as u8;
        if rank < 26 {
            break;
        }
        rank = rank / 26 - 1;
    }
    line.extend(letters[first..].iter().map(|&letter| char::from(letter)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs;

    fn lines(given: &[(&str, &str)]) -> WordLines {
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let declared = knobs::with_common(&LINE_KNOBS);
        let knobs = knobs::resolve("test", &declared, &given, None).unwrap();
        WordLines::new(&knobs, 1)
    }

    #[test]
    fn words_are_distinct() {
        let word = |rank| {
            let mut word = String::new();
            push_word(rank, &mut word);
            word
        };
        assert_eq!([0, 25, 26, 27, 701, 702].map(word), ["a", "z", "aa", "ab", "zz", "aaa"]);
        let distinct: std::collections::HashSet<String> = (0..100_000).map(word).collect();
        assert_eq!(distinct.len(), 100_000);
        assert_eq!(word(u64::MAX).len(), 14);
    }

    #[test]
    fn half_of_the_lines_are_shorter_than_the_median() {
        let lines = lines(&[("line_words_median", "20"), ("line_words_sigma", "1")]);
        let mut lengths: Vec<usize> =
            (0..10_000).map(|number| lines.event(number).value.split(' ').count()).collect();
        lengths.sort_unstable();
        assert!((19..=21).contains(&lengths[5_000]), "{}", lengths[5_000]);
        // A standard deviation above the median: e times as long.
        assert!((52..=57).contains(&lengths[8_413]), "{}", lengths[8_413]);
    }

    #[test]
    fn lines_of_one_length_have_it() {
        let lines = lines(&[("line_words_median", "3"), ("line_words_sigma", "0")]);
        assert!((0..100).all(|number| lines.event(number).value.split_whitespace().count() == 3));
    }

    #[test]
    fn a_payload_is_white_space_behind_the_words() {
        let (plain, padded) = (lines(&[]), lines(&[("payload_bytes", "100")]));
        for number in 0..10 {
            let (plain, padded) = (plain.event(number).value, padded.event(number).value);
            assert_eq!(padded.len(), plain.len() + 100);
            assert_eq!(padded.trim_end(), plain);
        }
    }
}
