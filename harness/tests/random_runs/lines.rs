//! Nexmark events as nobody generates them: few ids that come again and again, equal times and
//! prices, empty strings, times before 1970.

use rand::RngExt;
use rand::seq::IndexedRandom as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

/// How the times of events lie.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Style {
    /// Milliseconds from one window to the next, or the gap of a session.
    pub(crate) step: i64,
    /// How much earlier than an event before it an event may be, in milliseconds.
    pub(crate) disorder: i64,
    /// Whether some are earlier than that.
    pub(crate) is_late: bool,
    /// So many windows from the first to the last.
    pub(crate) windows: i64,
}

impl Style {
    /// Draws lines.
    pub(crate) fn draw(self, count: u64, random: &mut Xoshiro256PlusPlus) -> Vec<String> {
        let ids = random.random_range(1..12);
        let start = *[0, -self.step * self.windows / 2, 1_000_000_000_007].choose(random).unwrap();
        let span = self.step * self.windows;
        // Times that are multiples of it meet one another, and the ends of windows and sessions.
        let grain = *[1, (self.step / 2).max(1), self.step].choose(random).unwrap();
        let lines = (0..count as i64).map(|number| {
            let on_time = start + number * span / count as i64;
            let earlier = match random.random_range(0..10) {
                0..6 => 0,
                6..8 if self.is_late => random.random_range(0..=self.disorder + 3 * self.step),
                _ => random.random_range(0..=self.disorder),
            };
            // Rounded up, so that what is within the bound stays there.
            let time = (on_time - earlier).div_euclid(grain) * grain;
            event(time.max(on_time - earlier), ids, self, random).to_string()
        });
        lines.collect()
    }
}

fn event(time: i64, ids: u64, style: Style, random: &mut Xoshiro256PlusPlus) -> Value {
    let id = |random: &mut Xoshiro256PlusPlus| random.random_range(0..ids);
    let text =
        |random: &mut Xoshiro256PlusPlus, all: &[&str]| all.choose(random).unwrap().to_string();
    let extra = text(random, &["", "x", "é", "longer than what lies in a word"]);
    match random.random_range(0..10) {
        0..2 => json!({ "event_type": 0, "person": {
            "id": id(random),
            "name": text(random, &["", "Ann", "Bob", "Ann Lee"]),
            "emailAddress": "a@b.c",
            "creditCard": "1 2",
            "city": text(random, &["", "Bend"]),
            "state": text(random, &["OR", "CA", "WA", ""]),
            "dateTime": time,
            "extra": extra,
        }}),
        2..4 => json!({ "event_type": 1, "auction": {
            "id": id(random),
            "itemName": text(random, &["", "vase"]),
            "description": "d d",
            "initialBid": random.random_range(0..3),
            "reserve": random.random_range(0..3),
            "dateTime": time,
            // At once, before it opened, or some windows later.
            "expires": time + random.random_range(-1..=5) * style.step,
            "seller": id(random),
            "category": random.random_range(10..12),
            "extra": extra,
        }}),
        _ => json!({ "event_type": 2, "bid": {
            "auction": id(random),
            "bidder": id(random),
            "price": *[0, 1, 100, 101, 2_000_000, 10_000_000_000_u64].choose(random).unwrap(),
            "channel": text(random, &["", "Google", "Apple", "channel-7"]),
            "url": text(random, &["", "https://x/a/b/c?channel_id=7", "a/b"]),
            "dateTime": time,
            "extra": extra,
        }}),
    }
}
