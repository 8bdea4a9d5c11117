//! The loop by which windows close: one after the other, and each as far as there is room.

use crate::operator::progress::{Progress, Step};
use crate::operator::{Collect, Counted};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// The window that closes at the moment, and what of it is still to be emitted.
#[derive(Clone, Debug)]
pub(crate) struct ClosingWindow<F> {
    /// Emitted from its end on.
    firing: Vec<F>,
    /// The instant behind the window's last one.
    end: i64,
}

impl<F> ClosingWindow<F> {
    /// No window closes.
    pub(crate) const fn new() -> Self {
        Self { firing: Vec::new(), end: i64::MIN }
    }

    /// Whether everything was emitted. A stage finishes before it is saved.
    pub(crate) const fn is_done(&self) -> bool {
        self.firing.is_empty()
    }

    /// The end of the window that closed last.
    pub(crate) const fn end(&self) -> i64 {
        self.end
    }

    /// All windows that end here or before have closed, whether or not there was anything in them.
    pub(crate) const fn closed_upto(&mut self, end: i64) {
        self.end = end;
    }

    /// Closes windows until none is due or there is no more room. `release` takes the end of the
    /// window that closed last, moves what the next one that is due holds into the vector, and says
    /// where that ends. `emit` emits one entry of the window that ends there, by [`fire`].
    #[inline]
    pub(crate) fn close<T, C: Collect<T>>(
        &mut self,
        progress: Progress,
        out: &mut C,
        emit: impl Fn(i64, F, &mut C),
        mut release: impl FnMut(i64, &mut Vec<F>) -> Option<i64>,
    ) -> Step {
        loop {
            while let Some(entry) = self.firing.pop_if(|_| !out.is_full()) {
                emit(self.end, entry, out);
            }
            if !self.firing.is_empty() {
                return Step::More;
            }
            let Some(end) = release(self.end, &mut self.firing) else { return Step::Done };
            self.end = end;
            if progress.watermark < EventTime::MAX {
                out.count(Counted::WindowClosed);
            }
        }
    }
}

/// Emits a result of a window that closes, or of a unit of work that ends. One that only the end of
/// the input released is not timed.
#[inline]
pub(crate) fn fire<T>(progress: Progress, record: Record<T>, out: &mut impl Collect<T>) {
    let at_end_of_input = progress.watermark == EventTime::MAX;
    let stamps = if at_end_of_input { Stamps::UNTIMED } else { record.stamps };
    out.count(Counted::Fired);
    out.push(Record { stamps, ..record });
}
