//! The numbers from 0, in three splits.

use std::ops::Range;

use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{EventTime, ProcessingTime, Record};

#[derive(Copy, Clone)]
pub(crate) struct Numbers;

/// How many there are.
pub(crate) const NUMBERS: u64 = 30_000;
const SPLITS: u64 = 3;

impl Splits for Numbers {
    fn splits(&self) -> u32 {
        SPLITS as u32
    }
    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: NUMBERS / SPLITS, next: Next::Never })
    }
}

impl Source<u64> for Numbers {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(*self)
    }
}

impl Reader<u64> for Numbers {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<u64>>,
    ) -> Result<EventTime, SourceError> {
        let number = |offset| offset * SPLITS + u64::from(split);
        into.extend(offsets.map(|offset| Record::untimed(number(offset), EventTime(0))));
        Ok(EventTime(0))
    }
}
