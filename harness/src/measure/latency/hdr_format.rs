//! Latencies in the formats of HdrHistogram, for its plotters and log tools.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use crate::measure::latency::Interval;

/// Latencies are recorded in nanoseconds and written in milliseconds.
const NANOS_PER_MILLI: f64 = 1e6;
/// Rows for every halving of the distance to 100 %, as HdrHistogram's own default.
const TICKS_PER_HALF: u32 = 5;

/// The percentile distribution of latencies in nanoseconds, in milliseconds, as
/// `outputPercentileDistribution` of HdrHistogram writes it (`.hgrm`).
pub(crate) fn percentiles(histogram: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut so_far = 0;
    for it in histogram.iter_quantiles(TICKS_PER_HALF) {
        so_far += it.count_since_last_iteration();
        let value = it.value_iterated_to() as f64 / NANOS_PER_MILLI;
        let quantile = it.quantile_iterated_to();
        let _ = write!(text, "{value:12.6} {quantile:14.12} {so_far:10}");
        let _ = match quantile < 1.0 {
            true => writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile)),
            false => writeln!(text),
        };
    }
    let (mean, deviation) = (histogram.mean(), histogram.stdev());
    let _ = writeln!(
        text,
        "#[Mean    = {:12.6}, StdDeviation   = {:12.6}]\n#[Max     = {:12.6}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]",
        mean / NANOS_PER_MILLI,
        deviation / NANOS_PER_MILLI,
        histogram.max() as f64 / NANOS_PER_MILLI,
        histogram.len(),
        histogram.buckets(),
        2 * 10_u32.pow(u32::from(histogram.sigfig())).next_power_of_two()
    );
    text
}

/// An interval log of a run, a line a second (`.hlog`); times since the run's start, values in
/// nanoseconds with the largest in milliseconds.
pub(crate) fn interval_log(intervals: &[Interval]) -> String {
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let written = (|| {
        let mut builder = IntervalLogWriterBuilder::new();
        let mut writer = builder
            .add_comment("latency from the planned time, nanoseconds")
            .with_max_value_divisor(NANOS_PER_MILLI)
            .begin_log_with(&mut log, &mut serializer)
            .ok()?;
        for Interval { second, histogram } in intervals {
            let (start, length) = (Duration::from_secs(*second), Duration::from_secs(1));
            writer.write_histogram(histogram, start, length, None).ok()?;
        }
        Some(())
    })();
    debug_assert!(written.is_some(), "a vector takes everything");
    String::from_utf8(log).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use dataflow::record::emission_times::Timed;
    use dataflow::{EventTime, ProcessingTime, StampUnit, Stamps};
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::measure::latency::Recorder;

    /// One sample of each whole millisecond from 1 to 2,500, a millisecond apart, in two halves.
    fn recorded() -> Recorder {
        let mut halves =
            [0, 1].map(|_| Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, None));
        for milli in 1..=2_500_u64 {
            let stamps = Stamps { planned: 0, ingested: (milli % 2) as u32 * 2 };
            let time = Timed { event_time: EventTime(0), stamps, records: 1 };
            halves[(milli % 2) as usize].record(&[time], ProcessingTime(milli * 1_000_000));
        }
        let [mut all, other] = halves;
        all.merge(&other);
        all
    }

    #[test]
    fn the_log_has_every_second_and_every_sample() {
        let text = interval_log(&recorded().intervals());
        let mut read = Vec::new();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            let Ok(LogEntry::Interval(entry)) = entry else { continue };
            let bytes = base64(entry.encoded_histogram());
            let histogram: Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
            read.push((entry.start_timestamp().as_secs(), histogram.len()));
            assert!((entry.max() - histogram.max() as f64 / 1e6).abs() < 0.01);
        }
        assert_eq!(read, [(0, 999), (1, 1_000), (2, 501)]);
        assert_eq!(recorded().from_planned().len(), 2_500);
    }

    #[test]
    fn the_distribution_has_the_columns_and_the_foot_of_its_format() {
        let text = percentiles(&recorded().from_planned());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
        let median = lines.iter().find(|line| line.contains(" 0.500000000000 ")).unwrap();
        let fields: Vec<f64> = median.split_whitespace().map(|it| it.parse().unwrap()).collect();
        assert!((fields[0] - 1_250.0).abs() < 1.5, "{median}");
        assert!((fields[2] - 1_250.0).abs() < 2.0 && fields[3] == 2.0, "{median}");
        let last = lines.iter().find(|line| line.contains(" 1.000000000000 ")).unwrap();
        assert!(last.trim_end().ends_with("2500"), "{last}");
        assert!(text.contains("Total count    =         2500]"), "{text}");
    }

    /// Decodes what a log holds.
    fn base64(text: &str) -> Vec<u8> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
        for letter in text.bytes().filter(|letter| *letter != b'=') {
            let value = ALPHABET.iter().position(|it| *it == letter).expect("base 64") as u32;
            (bits, held) = ((bits << 6) | value, held + 6);
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held) as u8);
            }
        }
        bytes
    }
}
