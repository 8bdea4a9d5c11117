//! Knobs that shape events while they are generated. Events that are read from an input are what
//! they are, so these mean nothing to them.

/// The common knobs of this kind, those of generated lines, and those of Nexmark's generator.
const ONLY_GENERATED: [&str; 25] = [
    "keys",
    "key_distribution",
    "zipf_exponent",
    "hot_share",
    "hot_keys",
    "hot_drift_events",
    "key_file",
    "disorder",
    "late_fraction",
    "payload_bytes",
    "payload_distribution",
    "line_words_median",
    "line_words_sigma",
    "person_proportion",
    "auction_proportion",
    "bid_proportion",
    "hot_auction_ratio",
    "hot_bidder_ratio",
    "hot_seller_ratio",
    "active_people",
    "in_flight_auctions",
    "person_bytes",
    "auction_bytes",
    "bid_bytes",
    "strings",
];

/// Whether only generated events read a knob of this name.
pub fn only_generated(name: &str) -> bool {
    ONLY_GENERATED.contains(&name)
}

/// Whether what comes from outside, and is no file, cannot have a knob of this name: it shapes generated
/// events, or deals events out to splits.
pub fn not_from_outside(name: &str) -> bool {
    name == "splits" || only_generated(name)
}

/// The same of a topic, whose messages have times and partitions of their own.
pub fn not_of_topics(name: &str) -> bool {
    ["event_rate", "idle_splits", "straggler_delay_ms"].contains(&name) || not_from_outside(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_a_knob() {
        let workloads = crate::registry::standard();
        let knobs: Vec<&str> =
            workloads.iter().flat_map(|it| it.knobs()).map(|knob| knob.name).collect();
        for name in ONLY_GENERATED {
            assert!(knobs.contains(&name), "{name}");
        }
        assert!(only_generated("keys") && !only_generated("window_ms"));
    }
}
