//! How a keyed stream is cut into windows other than plain tumbling ones.

use super::{KeyedStream, Stream, WindowedStream, open};
use crate::job::plan::EdgeKind;
use crate::operator::SidePort;
use crate::operators::{
    Aggregator, LateFiringWindow, ProcessingTimeWindow, SessionWindow, SlidingWindow,
};
use crate::record::data::{Data, Key};

/// A keyed stream cut by event time, in the way that `W` says.
pub struct WindowedBy<T, F, W> {
    keyed: KeyedStream<T, F>,
    windows: W,
    late: Option<SidePort<T>>,
}

/// Windows that overlap.
#[derive(Copy, Clone, Debug)]
pub struct Sliding {
    size_nanos: i64,
    slide_nanos: i64,
    is_unshared: bool,
}

/// Sessions that end in a gap.
#[derive(Copy, Clone, Debug)]
pub struct SessionGap {
    gap_nanos: i64,
}

/// Tumbling windows that fire again for late records.
#[derive(Copy, Clone, Debug)]
pub struct LateFiring {
    size_nanos: i64,
    lateness_nanos: i64,
}

/// A keyed stream cut into windows of processing time.
pub struct ProcessingTimeStream<T, F> {
    keyed: KeyedStream<T, F>,
    size_nanos: i64,
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> KeyedStream<T, F> {
    /// Windows of `size_nanos` of event time, a new one every `slide_nanos`.
    pub fn sliding_window(self, size_nanos: i64, slide_nanos: i64) -> WindowedBy<T, F, Sliding> {
        let windows = Sliding { size_nanos, slide_nanos, is_unshared: false };
        WindowedBy { keyed: self, windows, late: None }
    }

    /// Sessions that end once `gap_nanos` of event time have passed without a record.
    pub fn session_window(self, gap_nanos: i64) -> WindowedBy<T, F, SessionGap> {
        WindowedBy { keyed: self, windows: SessionGap { gap_nanos }, late: None }
    }

    /// Tumbling windows of `size_nanos` of processing time.
    pub fn processing_time_window(self, size_nanos: i64) -> ProcessingTimeStream<T, F> {
        ProcessingTimeStream { keyed: self, size_nanos }
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> WindowedStream<T, F> {
    /// Keeps windows for `nanos` of event time after they have fired; records that come meanwhile
    /// replace their key's row.
    pub fn allowed_lateness(self, nanos: i64) -> WindowedBy<T, F, LateFiring> {
        let windows = LateFiring { size_nanos: self.size_nanos, lateness_nanos: nanos };
        WindowedBy { keyed: self.keyed, windows, late: self.late }
    }
}

impl<T, F, W> WindowedBy<T, F, W> {
    /// Sends late records to a side output.
    #[must_use]
    pub fn late_to(mut self, port: SidePort<T>) -> Self {
        self.late = Some(port);
        self
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> WindowedBy<T, F, Sliding> {
    /// Adds every record to each of its windows, instead of once to a pane that they share.
    #[must_use]
    pub fn unshared(mut self) -> Self {
        self.windows.is_unshared = true;
        self
    }

    /// One aggregate per key and window, emitted when the window closes.
    pub fn aggregate<A: Aggregator<In = T>>(self, aggregator: A) -> Stream<SlidingWindow<K, F, A>> {
        let Sliding { size_nanos, slide_nanos, is_unshared } = self.windows;
        let KeyedStream { edge, key_of, .. } = self.keyed;
        let mut window = SlidingWindow::new(key_of, aggregator, size_nanos, slide_nanos);
        if is_unshared {
            window = window.unshared();
        }
        if let Some(port) = self.late {
            window = window.with_late(port);
        }
        open(&edge, EdgeKind::Hash, window)
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> WindowedBy<T, F, SessionGap> {
    /// One aggregate per key and session, emitted when the session closes.
    pub fn aggregate<A: Aggregator<In = T>>(self, aggregator: A) -> Stream<SessionWindow<K, F, A>> {
        let KeyedStream { edge, key_of, .. } = self.keyed;
        let mut window = SessionWindow::new(key_of, aggregator, self.windows.gap_nanos);
        if let Some(port) = self.late {
            window = window.with_late(port);
        }
        open(&edge, EdgeKind::Hash, window)
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> WindowedBy<T, F, LateFiring> {
    /// One aggregate per key and window: a row when the window fires, changed by what comes later.
    pub fn aggregate<A: Aggregator<In = T>>(
        self,
        aggregator: A,
    ) -> Stream<LateFiringWindow<K, F, A>> {
        let LateFiring { size_nanos, lateness_nanos } = self.windows;
        let KeyedStream { edge, key_of, .. } = self.keyed;
        let mut window = LateFiringWindow::new(key_of, aggregator, size_nanos, lateness_nanos);
        if let Some(port) = self.late {
            window = window.with_late(port);
        }
        open(&edge, EdgeKind::Hash, window)
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> ProcessingTimeStream<T, F> {
    /// One aggregate per key and window, emitted when the clock reaches the window's end.
    pub fn aggregate<A: Aggregator<In = T>>(
        self,
        aggregator: A,
    ) -> Stream<ProcessingTimeWindow<K, F, A>> {
        let KeyedStream { edge, key_of, .. } = self.keyed;
        let window = ProcessingTimeWindow::new(key_of, aggregator, self.size_nanos);
        open(&edge, EdgeKind::Hash, window)
    }
}
