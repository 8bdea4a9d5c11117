//! Buckets of latency for drawings: four to a doubling.
//!
//! Percentiles never come from these; they come from histograms of three digits. Buckets are what a
//! heat map can show of many intervals of time without a histogram for each.

/// Buckets to a doubling, as a power of two.
const BITS: u32 = 2;
/// Shortest latency told apart, in nanoseconds.
pub const LOWEST_NANOS: u64 = 1 << 10;

/// The bucket of a latency in nanoseconds: 0 up to [`LOWEST_NANOS`], then four to a doubling.
///
/// ```
/// use reports::schema::latency::buckets::{bounds, bucket};
/// assert_eq!(bucket(0), 0);
/// let (low, high) = bounds(bucket(1_000_000));
/// assert!(low <= 1_000_000 && 1_000_000 < high && high as f64 / low as f64 <= 1.25);
/// ```
#[inline]
pub const fn bucket(nanos: u64) -> u8 {
    if nanos < LOWEST_NANOS {
        return 0;
    }
    let doublings = nanos.ilog2();
    let within = (nanos >> (doublings - BITS)) & ((1 << BITS) - 1);
    (((doublings - LOWEST_NANOS.ilog2()) << BITS) as u64 + within + 1) as u8
}

/// Bounds of a bucket in nanoseconds: the first that belongs to it, and the first that does not.
pub const fn bounds(bucket: u8) -> (u64, u64) {
    if bucket == 0 { (0, LOWEST_NANOS) } else { (first(bucket as u32 - 1), first(bucket as u32)) }
}

/// Upper bound, in nanoseconds, of the bucket in which a quantile (0 to 1) of some counts lies: at
/// most a quarter too high. Buckets are (number, count), rising; 0 without any.
///
/// ```
/// use reports::schema::latency::buckets::{bounds, bucket, quantile};
/// let counts = [(bucket(1_000_000), 99), (bucket(8_000_000), 1)];
/// assert_eq!(quantile(&counts, 0.99), bounds(bucket(1_000_000)).1);
/// assert_eq!(quantile(&counts, 1.0), bounds(bucket(8_000_000)).1);
/// ```
pub fn quantile(counts: &[(u8, u64)], quantile: f64) -> u64 {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let mut below = 0;
    let place = counts.iter().find(|(_, count)| {
        below += count;
        below as f64 >= total as f64 * quantile
    });
    place.map_or(0, |(bucket, _)| bounds(*bucket).1)
}

const fn first(place: u32) -> u64 {
    let doublings = place >> BITS;
    let within = (place & ((1 << BITS) - 1)) as u128;
    let first = ((1 << BITS) + within) << (LOWEST_NANOS.ilog2() + doublings - BITS);
    if first > u64::MAX as u128 { u64::MAX } else { first as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        assert_eq!(bounds(0), (0, LOWEST_NANOS));
        for place in 0..=bucket(u64::MAX) {
            let (low, high) = bounds(place);
            assert_eq!((bucket(low), bucket(high - 1)), (place, place), "{place}");
            assert!(high == u64::MAX || bucket(high) == place + 1, "{place}");
        }
        assert_eq!(bounds(1), (1_024, 1_280));
        assert_eq!(bounds(5), (2_048, 2_560));
    }
}
