//! A system's process: started, spoken to, and ended with us.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::Duration;

use dataflow::EngineError;

use crate::collect::collect;
use crate::control::{Report, Request};
use crate::feed::feed;
use crate::last_lines::LastLines;
use crate::launch::{Launch, System};
use crate::reports::take_report;
use crate::rows::JobRows;
use crate::run_state::RunState;
use crate::wire::{Hello, Role};

/// The environment variable by which a process learns the secret of its connections.
const SECRET: &str = "STREAMGAUGE_SECRET";
/// Who connects says at once who it is.
const HELLO: Duration = Duration::from_secs(5);

/// A process of a system. It is killed when this is dropped; when we are killed it ends by itself,
/// as its standard input does.
pub(crate) struct SystemProcess {
    pub(crate) system: System,
    /// Its number for the operating system.
    pub(crate) pid: u32,
    shared: Arc<Shared>,
}

struct Shared {
    system: System,
    secret: u64,
    port: u16,
    lines: LastLines,
    state: Mutex<ProcessState>,
}

struct ProcessState {
    child: Child,
    control: Option<TcpStream>,
    version: Option<String>,
    /// It has gone: what it ended with.
    gone: Option<String>,
    run: Option<Arc<RunState>>,
    runs: u32,
    /// For how long each engine has run each workload on it, in nanoseconds.
    warmed: BTreeMap<(&'static str, String), u64>,
}

impl SystemProcess {
    /// Starts it. It connects by itself.
    ///
    /// # Errors
    /// When there is no such program, or no port.
    pub(crate) fn start(system: System, launch: &Launch) -> Result<Self, EngineError> {
        let refused = |what: &str, error: &dyn std::fmt::Display| {
            EngineError::Refused(format!("{}: {what}: {error}", system.title()))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(|error| refused("no port on the loopback interface", &error))?;
        let port = listener.local_addr().map_err(|error| refused("no port", &error))?.port();
        // Drawn by the operating system, and given where other users of the machine do not see it: a
        // run's seed and the arguments of a process are known to everybody.
        let secret = RandomState::new().hash_one(port);
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).arg(port.to_string());
        command.env(SECRET, secret.to_string());
        command.envs(launch.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // An interrupt at the terminal is ours to hear: the job is drained.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| {
            refused(&format!("cannot start {}", launch.program.display()), &error)
        })?;
        let lines = LastLines::default();
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let pid = child.id();
        let state = ProcessState {
            child,
            control: None,
            version: None,
            gone: None,
            run: None,
            runs: 0,
            warmed: BTreeMap::new(),
        };
        let shared =
            Shared { system, secret, port, lines: lines.clone(), state: Mutex::new(state) };
        let shared = Arc::new(shared);
        let own = lines.clone();
        spawn("output", move || output.into_iter().for_each(|from| own.follow(from)));
        let weak = Arc::downgrade(&shared);
        spawn("errors", move || {
            errors.into_iter().for_each(|from| lines.follow(from));
            // Whoever has closed its errors has ended.
            weak.upgrade().iter().for_each(|shared| shared.has_gone("it has ended"));
        });
        let weak = Arc::downgrade(&shared);
        spawn("listener", move || listen(&listener, &weak));
        Ok(Self { system, pid, shared })
    }

    /// Begins a run on it.
    pub(crate) fn begin(&self, rows: Arc<JobRows>) -> Arc<RunState> {
        let mut state = self.shared.state();
        state.runs += 1;
        let run = RunState::new(state.runs, self.system.title(), rows);
        state.run = Some(Arc::clone(&run));
        let gone = state.gone.clone();
        drop(state);
        if let Some(cause) = gone {
            run.end(Err(self.shared.failed(&cause)));
        }
        run
    }

    /// Whether it has connected, and so takes requests.
    pub(crate) fn is_ready(&self) -> bool {
        self.shared.state().version.is_some()
    }

    /// Whether it has gone.
    pub(crate) fn has_gone(&self) -> bool {
        self.shared.state().gone.is_some()
    }

    /// Its system's version, once it is ready.
    pub(crate) fn version(&self) -> Option<String> {
        self.shared.state().version.clone()
    }

    /// Asks for something. One that has gone takes no notice: its run ends by that.
    pub(crate) fn ask(&self, request: &Request) {
        let control = self.shared.state().control.as_ref().and_then(|it| it.try_clone().ok());
        if let Some(mut control) = control {
            drop(request.send(&mut control));
        }
    }

    /// An engine has run a workload on it for so long, in nanoseconds.
    pub(crate) fn warm(&self, engine: &'static str, workload: &str, nanos: u64) {
        let mut state = self.shared.state();
        *state.warmed.entry((engine, workload.to_owned())).or_default() += nanos;
    }

    /// For how long an engine has run a workload on it, in nanoseconds.
    pub(crate) fn warmed(&self, engine: &'static str, workload: &str) -> u64 {
        let state = self.shared.state();
        state.warmed.get(&(engine, workload.to_owned())).copied().unwrap_or(0)
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        self.shared.has_gone("it was killed");
    }

    /// An error of this process, with its last lines.
    pub(crate) fn failed(&self, cause: &str) -> EngineError {
        self.shared.failed(cause)
    }
}

impl Drop for SystemProcess {
    fn drop(&mut self) {
        self.kill();
        // The listener looks whether it is still wanted.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.shared.port)));
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let builder = thread::Builder::new().name(format!("streamgauge-{name}"));
    // Without a thread nothing connects, and the start is given up in its time.
    drop(builder.spawn(work));
}

fn listen(listener: &TcpListener, shared: &Weak<Shared>) {
    for stream in listener.incoming() {
        let Some(shared) = shared.upgrade() else { return };
        if let Ok(stream) = stream {
            spawn("connection", move || shared.serve(stream));
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, ProcessState> {
        self.state.lock().expect("no holder fails")
    }

    /// Serves a connection to its end.
    fn serve(&self, mut stream: TcpStream) {
        drop(stream.set_read_timeout(Some(HELLO)));
        let Ok(hello) = Hello::read(&mut stream, self.secret) else { return };
        drop(stream.set_read_timeout(None));
        drop(stream.set_nodelay(true));
        let run = self.state().run.clone().filter(|run| run.number == hello.run);
        match (hello.role, run) {
            (Role::Control, _) => self.control(stream),
            (Role::Source(splits), Some(run)) if run.enter(&stream, true).is_ok() => {
                feed(&run, &splits, &stream);
                run.leave();
            }
            (Role::Sink, Some(run)) if run.enter(&stream, false).is_ok() => {
                collect(&run, hello.subtask, stream);
                run.leave();
            }
            // Of a run that is over.
            _ => {}
        }
    }

    fn control(&self, mut stream: TcpStream) {
        self.state().control = stream.try_clone().ok();
        loop {
            let report = match Report::read(&mut stream) {
                Ok(report) => report,
                Err(_) => return self.has_gone("it has ended"),
            };
            if let Report::Ready { version } = &report {
                self.state().version = Some(version.clone());
            }
            let run = self.state().run.clone();
            if let Some(run) = run {
                take_report(&run, report, |cause| self.failed(cause));
            }
        }
    }

    /// It has gone, or is to go: the run on it fails.
    fn has_gone(&self, how: &str) {
        let mut state = self.state();
        if state.gone.is_some() {
            return;
        }
        // An error here means that it has ended already.
        drop(state.child.kill());
        let status = state.child.wait().map_or_else(|error| error.to_string(), |it| it.to_string());
        let cause = format!("{how} ({status})");
        state.gone = Some(cause.clone());
        let run = state.run.take();
        drop(state);
        if let Some(run) = run {
            run.end(Err(self.failed(&cause)));
        }
    }

    fn failed(&self, cause: &str) -> EngineError {
        let told = self.lines.told();
        let said =
            if told.is_empty() { String::new() } else { format!("; its last lines: {told}") };
        let system = self.system.title().to_owned();
        EngineError::System { system, cause: format!("{cause}{said}") }
    }
}
