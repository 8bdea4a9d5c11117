//! Jobs on a process that is not ours: one that works, and ones that die, hang, flood or refuse.
//!
//! The process is this test binary once more: told so by its environment, it speaks the protocol.

mod fake;
mod numbers;

use std::path::PathBuf;
use std::sync::Arc;

use dataflow::exchange::sink::{Output, Sink, SinkError, SinkSlot, Wants};
use dataflow::job::engine::WorkloadIdentity;
use dataflow::job::observer::Silent;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::{
    Completion, Control, Digest, Engine, EngineError, Job, ProcessingTime, StopSignal, Stream,
};
use external::{External, Installations, Launch, System};
use runtime::{WallClock, WallOptions};

use crate::numbers::{NUMBERS, Numbers};

/// Starts this test binary as the process of a system.
struct Fakes(&'static str);

impl Installations for Fakes {
    fn launch(&self, _: System) -> Result<Launch, String> {
        if self.0 == "missing" {
            return Err("it is not installed; install it".to_owned());
        }
        let arguments = ["--exact", "fake::process", "--nocapture", "--test-threads=1"];
        Ok(Launch {
            program: std::env::current_exe().expect("a test knows where it is"),
            arguments: arguments.map(str::to_owned).to_vec(),
            environment: vec![("STREAMGAUGE_FAKE".to_owned(), self.0.to_owned())],
            folder: PathBuf::from("."),
            starts_within_nanos: 3_000_000_000,
        })
    }
}

#[derive(Default)]
struct Digesting(Digest, Arc<std::sync::Mutex<Digest>>);
impl Sink for Digesting {
    fn write(&mut self, output: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        self.0.merge(&output.digest);
        Ok(())
    }
}
impl Drop for Digesting {
    fn drop(&mut self) {
        self.1.lock().expect("no sink fails").merge(&self.0);
    }
}

/// Runs the numbers through the engine of a fake; twice on one process.
fn run(behaviour: &'static str) -> Vec<Result<(Completion, Digest), EngineError>> {
    let installations: Arc<dyn Installations> = Arc::new(Fakes(behaviour));
    let engines = External::all(&installations);
    let engine = engines.iter().find(|it| it.name() == "flink").expect("there is one");
    let once = |_| {
        let clock = WallClock::new(WallOptions { seed: 7, worker_threads: 2 }).unwrap();
        let runtime: Arc<dyn Runtime> = clock.clone();
        let digest = Arc::new(std::sync::Mutex::new(Digest::default()));
        let shared = Arc::clone(&digest);
        let slot = SinkSlot::plain(Wants::default(), move |_| {
            Box::new(Digesting(Digest::default(), Arc::clone(&shared)))
        });
        let plan = Stream::from_source(Arc::new(Numbers), 0).map(|it: u64| it).sink(slot);
        let given = [("stall_timeout_ms".to_owned(), 400.into())].into();
        let settings = Settings::resolve("flink", engine.settings(), &given, false).unwrap();
        let workload = WorkloadIdentity { name: "forward".to_owned(), ..Default::default() };
        let job = Job { workload, ..Job::fresh(plan, 2, settings) };
        let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
        let running = engine.run(job, Arc::clone(&runtime), control);
        let place = Arc::new(std::sync::Mutex::new(None));
        let into = Arc::clone(&place);
        let task = async move { *into.lock().unwrap() = Some(running.await) };
        runtime.block_on(Box::pin(task)).unwrap();
        let ended = place.lock().unwrap().take().expect("the run is over");
        ended.map(|completion| (completion, *digest.lock().unwrap()))
    };
    (0..2).map(once).collect()
}

fn failure(behaviour: &'static str) -> EngineError {
    let error = run(behaviour).remove(0).map(|(completion, _)| completion).unwrap_err();
    println!("{behaviour}: {error}");
    error
}

#[test]
fn a_process_makes_one_run_after_another() {
    let mut expected = Digest::default();
    (0..NUMBERS).for_each(|number| expected.insert(&number));
    for ended in run("works") {
        let (completion, digest) = ended.unwrap();
        assert_eq!(digest, expected);
        assert_eq!((completion.records_in, completion.records_out), (NUMBERS, NUMBERS));
        assert_eq!(completion.system.as_deref(), Some("Apache Flink 9.9"));
        assert!(!completion.interrupted);
    }
}

#[test]
fn a_system_that_is_not_there_is_a_refusal() {
    let error = failure("missing");
    assert!(
        matches!(&error, EngineError::Refused(why) if why == "it is not installed; install it")
    );
}

#[test]
fn what_a_process_refuses_is_a_refusal_and_it_goes_on() {
    let error = failure("refuses");
    assert!(matches!(&error, EngineError::Refused(why) if why == "there is no such setting"));
}

#[test]
fn a_process_that_dies_at_its_start_tells_its_last_lines() {
    let error = failure("dies").to_string();
    assert!(error.starts_with("Apache Flink: it has ended (exit status: 5)"), "{error}");
    assert!(error.contains("no memory"), "{error}");
}

#[test]
fn a_process_that_dies_in_a_run_ends_the_run() {
    let error = failure("dies-later").to_string();
    assert!(error.starts_with("Apache Flink: it has ended (exit status: 6)"), "{error}");
}

#[test]
fn a_process_that_never_connects_is_given_up() {
    let error = failure("silent").to_string();
    assert!(error.starts_with("Apache Flink: its sources had not connected after 3 s"), "{error}");
}

#[test]
fn a_process_that_reads_no_more_is_a_stall() {
    let error = failure("hangs");
    assert!(matches!(error, EngineError::Stalled { .. }), "{error}");
}

#[test]
fn a_process_may_print_what_it_likes() {
    assert!(run("floods").into_iter().all(|ended| ended.is_ok()));
}

#[test]
fn a_job_that_fails_says_why() {
    let error = failure("fails").to_string();
    assert!(error.starts_with("Apache Flink: division by zero"), "{error}");
}

#[test]
fn rows_that_are_no_rows_end_the_run() {
    let error = failure("writes-nonsense").to_string();
    assert!(error.starts_with("Apache Flink: a row of"), "{error}");
    assert!(error.contains("is no row of the result"), "{error}");
}

#[test]
fn a_knob_without_effect_on_a_system_is_refused() {
    let installations: Arc<dyn Installations> = Arc::new(Fakes("works"));
    let engines = External::all(&installations);
    let knows = |engine: &str, workload: &str, knob: &str, value: serde_json::Value| {
        let mut knobs = Settings::default();
        knobs.set(knob, value);
        let workload = WorkloadIdentity { name: workload.to_owned(), knobs, ..Default::default() };
        engines.iter().find(|it| it.name() == engine).expect("there is one").knows(&workload)
    };
    let refused = knows("flink", "windowed-count", "split_keys", 4.into()).unwrap_err();
    assert!(refused.starts_with("`split_keys=4` has no effect on engine flink"), "{refused}");
    assert_eq!(knows("flink", "windowed-count", "split_keys", 1.into()), Ok(()));
    assert!(knows("flink", "keyed-count", "changes", "last-per-key".into()).is_err());
    // Spark has a row for each key and batch whatever is asked for.
    assert_eq!(knows("spark", "keyed-count", "changes", "last-per-key".into()), Ok(()));
    let refused = knows("spark", "nexmark-q4", "keys", 1.into()).unwrap_err();
    assert!(refused.contains("averages maxima") && !refused.contains("nexmark-q4,"), "{refused}");
}
