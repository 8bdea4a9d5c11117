//! What is seen, when, and how it is measured.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Waker};

use dataflow::ProcessingTime;
use dataflow::exchange::sink::{Committer, Output, Wants};
use dataflow::job::storage::Storage;
use dataflow::operator::snapshot::Version;
use runtime::MemoryStorage;
use streamgauge::internals::{Options, is_empty, transactional};

use crate::disk::Disk;
use crate::sinks::{Process, Stop, digest, now, origin, pre_commit, rows, write, written};

/// The message of a failure.
fn refusal(result: Result<(), Stop>) -> String {
    match result {
        Err(Stop::Failed(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_are_seen_once_they_are_committed() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    process.abort_others(&[]).unwrap();
    let mut sink = process.open(3);
    write(&mut *sink, &rows(&["a", "b"])).unwrap();
    now(poll_fn(|context| sink.poll_finish(context))).unwrap();
    assert_eq!(disk.names(".part-").len(), 1, "what is finished is on its way to the disk");
    let first = pre_commit(&mut *sink, 12).unwrap().unwrap();
    assert_eq!((first.sink, first.id), (3, Version(12)));
    write(&mut *sink, &rows(&["c"])).unwrap();
    assert_eq!(pre_commit(&mut *process.open(0), 12).unwrap(), None, "nothing was written");
    assert_eq!(disk.rows(), rows(&[]));
    assert_eq!(process.digest(), digest(&[]));

    process.commit(12, &[first]).unwrap();
    assert_eq!(disk.names("part-"), ["part-00000000000000000012-3.ndjson"]);
    assert_eq!(disk.rows(), rows(&["a", "b"]));
    assert_eq!(process.digest(), digest(&rows(&["a", "b"])));
}

#[test]
fn a_commit_is_made_once() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let [first, second] = [0, 1].map(|sink| written(&process, sink, 1, &rows(&["a"])));
    process.commit(1, std::slice::from_ref(&first)).unwrap();
    let files = disk.names("");
    process.commit(1, std::slice::from_ref(&first)).unwrap();
    assert_eq!(disk.names("."), [second_pending(&disk)], "the other one still waits");
    process.commit(1, &[first, second]).unwrap();
    assert_eq!(disk.rows(), rows(&["a"]), "whatever is given to a commit that was made is dropped");
    assert_eq!(process.digest(), digest(&rows(&["a"])));
    assert_eq!(disk.names(".").len(), 0);
    assert_eq!(disk.names("_committed/").len() + 2, files.len(), "no second manifest");
}

fn second_pending(disk: &Disk) -> String {
    disk.names(".pending-00000000000000000001-1-").remove(0)
}

#[test]
fn a_transaction_that_is_listed_again_counts_once() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let first = written(&process, 0, 1, &rows(&["a"]));
    let second = written(&process, 0, 2, &rows(&["b"]));
    process.commit(1, std::slice::from_ref(&first)).unwrap();
    process.commit(2, &[first.clone(), second.clone(), second.clone()]).unwrap();
    assert_eq!(disk.rows(), rows(&["a", "b"]));

    let process = Process::recover(&disk, std::slice::from_ref(&second));
    let third = written(&process, 0, 3, &rows(&["c"]));
    process.commit(3, &[first, second, third]).unwrap();
    assert_eq!(disk.rows(), rows(&["a", "b", "c"]));
    assert_eq!(process.digest(), digest(&rows(&["a", "b", "c"])));
}

#[test]
fn a_commit_of_nothing_leaves_nothing_and_the_next_one_counts() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    process.commit(0, &[]).unwrap();
    assert_eq!(disk.names(""), Vec::<String>::new());
    assert_eq!(process.inspect(None).unwrap(), None);
    let first = written(&process, 0, 0, &rows(&["a"]));
    process.commit(0, &[first]).unwrap();
    assert_eq!(disk.rows(), rows(&["a"]));
    let newest = process.inspect(None).unwrap().expect("it was made");
    assert_eq!((newest.head.id, newest.origin), (Version(0), origin(0)));
}

#[test]
fn of_two_writers_of_the_same_transaction_the_given_one_counts() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    process.abort_others(&[]).unwrap();
    let mut slow = process.open(0);
    write(&mut *slow, &rows(&["begun by the first"])).unwrap();

    process.abort_others(&[]).unwrap();
    let second = written(&process, 0, 1, &rows(&["by the second"]));
    write(&mut *slow, &rows(&["too late"])).unwrap();
    let late = pre_commit(&mut *slow, 1).unwrap();
    assert!(late.is_some());
    process.commit(1, &[second]).unwrap();
    assert_eq!(disk.rows(), rows(&["by the second"]));
    assert_eq!(disk.names("."), Vec::<String>::new(), "nothing is left of the other");
    assert_eq!(process.digest(), digest(&rows(&["by the second"])));
}

#[test]
fn what_a_dropped_sink_leaves_goes_with_the_next_commit() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let mut dropped = process.open(0);
    write(&mut *dropped, &rows(&["a"])).unwrap();
    now(poll_fn(|context| dropped.poll_finish(context))).unwrap();
    drop(dropped);
    assert_eq!(disk.names(".part-").len(), 1);
    process.commit(1, &[written(&process, 0, 1, &rows(&["b"]))]).unwrap();
    assert_eq!(disk.names("."), Vec::<String>::new());
}

#[test]
fn a_damaged_manifest_is_refused_and_named() {
    let manifest = "_committed/00000000000000000001";
    let disk = Disk::default();
    let process = Process::start(&disk);
    process.commit(1, &[written(&process, 0, 1, &rows(&["a"]))]).unwrap();
    disk.change(manifest, |bytes| bytes[20] ^= 4);
    let process = Process::start(&disk);
    let message = refusal(process.abort_others(&[]));
    assert!(message.contains("disk:_committed/00000000000000000001"), "{message}");
    assert!(message.contains("checksum"), "{message}");
    disk.change(manifest, |bytes| bytes.truncate(9));
    assert!(refusal(process.commit(2, &[])).contains("torn"));
}

#[test]
fn rows_that_were_lost_before_their_commit_are_missed() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let first = written(&process, 0, 1, &rows(&["a"]));
    let pending = disk.names(".pending-").remove(0);
    disk.change(&pending, |bytes| bytes[0] ^= 1);
    let process = Process::start(&disk);
    let message = refusal(process.take_up(std::slice::from_ref(&first)));
    assert!(message.contains(&pending) && message.contains("content has changed"), "{message}");
    disk.lose(&pending);
    let process = Process::start(&disk);
    let message = refusal(process.take_up(std::slice::from_ref(&first)));
    assert!(message.contains(&pending) && message.contains("missing"), "{message}");
    let message = refusal(process.commit(1, &[first]));
    assert!(message.contains(&pending) && message.contains("missing"), "{message}");
}

#[test]
fn what_was_committed_long_ago_is_missed_too() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    for id in 1..=250 {
        process.commit(id, &[written(&process, 0, id, &rows(&["a"]))]).unwrap();
    }
    assert!(disk.names("_committed/index-").len() >= 3);
    let known = process.inspect(None).unwrap().map(|newest| newest.head);
    let oldest = disk.names("part-").remove(0);
    // Its content is looked at in the end, its length and its name at each start.
    disk.change(&oldest, |bytes| bytes[0] ^= 1);
    Process::start(&disk).inspect(known).unwrap();
    let message = refusal(process.check());
    assert!(message.contains(&oldest) && message.contains("content has changed"), "{message}");
    disk.change(&oldest, |bytes| bytes.push(b' '));
    let message = refusal(Process::start(&disk).inspect(known).map(drop));
    assert!(message.contains(&oldest) && message.contains("was written with"), "{message}");
    disk.lose(&oldest);
    let message = refusal(Process::start(&disk).inspect(known).map(drop));
    assert!(message.contains(&oldest), "{message}");
}

#[test]
fn an_index_that_is_missing_or_of_another_history_is_refused() {
    let history = |row: &str| {
        let disk = Disk::default();
        let process = Process::start(&disk);
        for id in 1..=130 {
            process.commit(id, &[written(&process, 0, id, &rows(&[row]))]).unwrap();
        }
        let known = process.inspect(None).unwrap().map(|newest| newest.head);
        (disk, known)
    };
    let (other, of_other) = history("b");
    let (disk, known) = history("a");
    assert!(refusal(Process::start(&disk).inspect(of_other).map(drop)).contains("another attempt"));
    let second = disk.names("_committed/index-").remove(1);
    let (own, foreign) = (disk.content(&second), other.content(&second));
    disk.change(&second, |bytes| *bytes = foreign);
    let message = refusal(Process::start(&disk).inspect(known).map(drop));
    assert!(message.contains(&second), "{message}");
    disk.change(&second, |bytes| *bytes = own);
    Process::start(&disk).inspect(known).unwrap();
    disk.lose(&second);
    let message = refusal(Process::start(&disk).inspect(known).map(drop));
    assert!(message.contains("00000000000000000128") && message.contains("missing"), "{message}");
}

#[test]
fn latency_ends_at_the_commit() {
    let disk = Disk::default();
    let process = Process::start_measuring(&disk);
    let at = ProcessingTime::from_millis;
    let max_and_count = |process: &Process| {
        let summary = process.output.measured().latency.unwrap().summaries(10).from_planned;
        (summary.max.map(|nanos| nanos / 1_000_000), summary.count)
    };
    let first = written(&process, 0, 1, &rows(&["a", "b"]));
    assert_eq!(max_and_count(&process), (None, 0), "nobody has seen it");
    process.commit_at(1, std::slice::from_ref(&first), at(500)).unwrap();
    process.commit_at(1, &[first], at(900)).unwrap();
    assert_eq!(max_and_count(&process), (Some(500), 2));

    let aborted = written(&process, 0, 2, &rows(&["c"]));
    let kept = written(&process, 1, 2, &rows(&["d"]));
    process.abort_others(std::slice::from_ref(&kept)).unwrap();
    process.commit_at(2, std::slice::from_ref(&kept), at(700)).unwrap();
    assert_eq!(max_and_count(&process), (Some(700), 3));

    let later = written(&process, 1, 3, &rows(&["e"]));
    let process = Process::start_measuring(&disk);
    process.abort_others(std::slice::from_ref(&later)).unwrap();
    process.commit_at(3, &[later], at(900)).unwrap();
    assert_eq!(max_and_count(&process), (None, 0), "its times went with the process");
    assert_eq!(disk.rows(), rows(&["a", "b", "d", "e"]));
    drop(aborted);
}

#[test]
fn a_slow_disk_holds_the_sink_back_and_not_the_next_transaction() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let mut sink = process.open(0);
    let mut context = Context::from_waker(Waker::noop());
    disk.set_slow(true);
    let row = "x".repeat(1 << 20);
    let mut written = 0;
    while sink.poll_room(&mut context).is_ready() {
        let text = format!("{row}\n").into_bytes();
        let mut output = Output { written: 1, text, ..Output::default() };
        sink.write(&mut output, ProcessingTime::ZERO).unwrap();
        written += 1;
        assert!(written < 10, "a sink takes whatever comes");
    }
    assert!(written >= 4, "only {written} MiB may wait");
    let mut closing = sink.pre_commit(Version(1));
    assert!(closing.as_mut().poll(&mut context).is_pending());
    write(&mut *sink, &rows(&["of the next"])).unwrap();
    disk.set_slow(false);
    let next = pre_commit(&mut *sink, 2).unwrap().unwrap();
    let first = now(closing).unwrap().unwrap();
    process.commit(1, &[first]).unwrap();
    assert_eq!(disk.rows(), vec![row; written]);
    process.commit(2, &[next]).unwrap();
    assert_eq!(disk.rows()[0], "of the next");
}

#[test]
fn without_rows_a_commit_is_one_file_below_its_prefix() {
    let memory = MemoryStorage::new();
    let storage = Arc::clone(&memory) as Arc<dyn Storage>;
    let empty = |prefix| now(async { Ok(is_empty(&storage, prefix).await.unwrap()) }).unwrap();
    assert!(empty("sink/"));
    let options = Options {
        storage: Arc::clone(&storage),
        prefix: "sink/".to_owned(),
        wants: Wants::default(),
        latency: None,
        watch: None,
        topic: None,
    };
    let (slot, output) = transactional(options.clone());
    now(output.abort_others(&[])).unwrap();
    let mut sink = (slot.open)(5);
    let expected = digest(&rows(&["a"]));
    let mut written = Output { written: 1, digest: expected, ..Output::default() };
    sink.write(&mut written, ProcessingTime::ZERO).unwrap();
    let transaction = pre_commit(&mut *sink, 1).unwrap().unwrap();
    assert!(empty("sink/"), "it is in the transaction");
    let committed = output.commit(Version(1), origin(1), vec![transaction], ProcessingTime::ZERO);
    now(committed).unwrap();
    let names: Vec<_> = memory.files().into_keys().collect();
    assert_eq!(names, ["sink/_committed/00000000000000000001"]);
    assert!(!empty("sink/") && empty("other/"));

    let (_, output) = transactional(options);
    now(output.abort_others(&[])).unwrap();
    assert_eq!(output.measured().digest, expected);
}
