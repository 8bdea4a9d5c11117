//! Nexmark's auctions: persons who sell and bid, auctions, and bids.
//!
//! The events are those of the Java generator (nexmark/nexmark, from Apache Beam's): ids,
//! proportions, hot ratios and sizes by its rules and defaults. An event is a function of the seed
//! and its number, which the original's are not: it draws from one unseeded generator per split.
//! Three of its defects are left out: hot bidders are offset once and not twice, rate shapes
//! change the rate, and times are integers.

mod event;
mod generator;
mod knobs;
mod ranges;
mod serialization;
mod strings;
mod text;

pub use event::{Auction, Bid, Event, Person};
pub use generator::NexmarkEvents;
pub(crate) use knobs::check;
pub use knobs::{KNOBS, bound_nanos};
pub use text::Text;
