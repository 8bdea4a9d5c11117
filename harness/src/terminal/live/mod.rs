//! `--live`: engines while they run. What is shown is read from a run's [`RunObserver`] by a thread of
//! its own, ten times a second; the path of a record knows nothing of it but a counter of latencies.
//!
//! The terminal is left as it was found: at the end, when a thread fails, and at a second Ctrl-C. It
//! stays out of raw mode, so that Ctrl-C is the signal that ends a run and keeps what it measured.

mod panels;
mod screen;

use std::io::{self, IsTerminal, Stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use reports::schema::RunResult;

pub(crate) use panels::{Panels, Step};
pub(crate) use screen::draw;

use crate::measure::run_observer::RunObserver;
use crate::run::spec::RunSpec;

/// How often the view is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// Whether the other screen of the terminal is on.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// A view on standard error, drawn until it is dropped.
pub(crate) struct Live {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    panels: Mutex<Panels>,
    /// The run that is on.
    current: Mutex<Option<Arc<RunObserver>>>,
    stop: AtomicBool,
}

impl Live {
    /// Whether there is a terminal to draw on.
    pub(crate) fn is_possible() -> bool {
        io::stderr().is_terminal()
    }

    /// Turns to the other screen and draws there; `elapsed` tells the time since the start.
    ///
    /// # Errors
    /// When the terminal takes no commands.
    pub(crate) fn start(
        runs: u64,
        elapsed: impl Fn() -> Duration + Send + 'static,
    ) -> io::Result<Self> {
        let screen = Screen::open()?;
        let shared = Arc::new(Shared {
            panels: Mutex::new(Panels::new(runs)),
            current: Mutex::new(None),
            stop: AtomicBool::new(false),
        });
        let seen = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let mut screen = screen;
            while !seen.stop.load(Ordering::Relaxed) {
                // A view that cannot be drawn is no reason to lose a measurement.
                drop(seen.draw(&mut screen, elapsed()));
                std::thread::park_timeout(DRAW_EVERY);
            }
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A run begins.
    pub(crate) fn begin(&self, observer: &Arc<RunObserver>, spec: &RunSpec) {
        self.with(|panels| panels.begin(spec));
        *self.shared.current.lock().expect("no holder fails") = Some(Arc::clone(observer));
    }

    /// The run that is on is over.
    pub(crate) fn end(&self) {
        *self.shared.current.lock().expect("no holder fails") = None;
        self.with(Panels::end);
    }

    /// A run has come to this.
    pub(crate) fn result(&self, result: &RunResult) {
        self.with(|panels| panels.result(result));
    }

    /// One run more is over, or need not be made.
    pub(crate) fn step(&self, step: Step) {
        self.with(|panels| panels.step(step));
    }

    /// What is being done between runs.
    pub(crate) fn say(&self, what: &str) {
        self.with(|panels| panels.say(what));
    }

    /// Shows a line, and keeps it for the end.
    pub(crate) fn note(&self, line: &str) {
        self.with(|panels| panels.note(line));
    }

    fn with(&self, act: impl FnOnce(&mut Panels)) {
        act(&mut self.shared.panels.lock().expect("no holder fails"));
    }

    /// Leaves the other screen and returns the notes, which went with it.
    pub(crate) fn close(mut self) -> Vec<String> {
        self.stop();
        std::mem::take(&mut self.shared.panels.lock().expect("the thread has ended").notes)
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn draw(&self, screen: &mut Screen, elapsed: Duration) -> io::Result<()> {
        let observer = self.current.lock().expect("no holder fails").clone();
        let mut panels = self.panels.lock().expect("no holder fails");
        if let Some(observer) = observer {
            panels.look(&observer.snapshot(), elapsed);
        }
        panels.elapsed = elapsed;
        screen.terminal.draw(|frame| draw(frame, &panels)).map(drop)
    }
}

/// The other screen of the terminal.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
}

impl Screen {
    fn open() -> io::Result<Self> {
        let terminal = Terminal::new(CrosstermBackend::new(io::stderr()))?;
        IS_ON.store(true, Ordering::SeqCst);
        execute!(io::stderr(), EnterAlternateScreen, Hide).inspect_err(|_| restore())?;
        Ok(Self { terminal })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Brings the terminal back to where it was before a view, if one is on.
pub(crate) fn restore() {
    if IS_ON.swap(false, Ordering::SeqCst) {
        // If the terminal has gone, there is nothing to restore.
        drop(execute!(io::stderr(), LeaveAlternateScreen, Show));
    }
}
