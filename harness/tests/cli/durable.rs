//! What a job has promised is in its folders: whatever happened to them while it was down.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Ended, run, words};

const ENGINES: [&str; 2] =
    ["pipelined,checkpoint_interval_ms=20", "microbatch,batch_interval_ms=20"];

/// A job of 60 thousand events that was stopped in the middle.
struct Stopped {
    home: TempDir,
    job: String,
}

impl Stopped {
    fn new(engine: &str) -> Self {
        let job = format!(
            "run --engine {engine} --workload windowed-count --events 6k --rate 20k \
             --set window_ms=20 --guarantee exactly-once --checkpoint-dir state --output file:out"
        );
        let stopped = Self { home: tempfile::tempdir().unwrap(), job };
        run(stopped.path(), &words(&format!("{} --stop-after 3k", stopped.job))).with_status(0);
        stopped
    }

    fn path(&self) -> &Path {
        self.home.path()
    }

    fn resume(&self, more: &str) -> Ended {
        run(self.path(), &words(&format!("{} --resume {more}", self.job)))
    }

    /// Refused as bad input, naming this.
    #[track_caller]
    fn refused(&self, names: &str) {
        let ended = self.resume("").with_status(2);
        assert!(ended.err.contains(names), "`{names}` is not in: {}", ended.err);
    }

    /// Files in a folder whose names begin so, sorted.
    fn files(&self, folder: &str, beginning: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join(folder)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(beginning));
        files.sort();
        files
    }
}

#[test]
fn a_job_that_goes_on_under_at_least_once_is_not_held_against_rows_that_it_does_not_know() {
    for engine in ENGINES {
        let home = tempfile::tempdir().unwrap();
        let job = format!(
            "run --engine {engine} --workload windowed-count --events 6k --rate 20k \
             --set window_ms=20 --guarantee at-least-once --checkpoint-dir state --json"
        );
        run(home.path(), &words(&format!("{job} --stop-after 3k"))).with_status(0);
        let ended = run(home.path(), &words(&format!("{job} --resume")));
        assert!(ended.err.contains("was compared with nothing"), "{}", ended.err);
        let result = ended.done_unless_busy().json();
        assert_eq!((&result["resumed"], &result["records_in"]), (&true.into(), &6_000.into()));
        assert!(result["output"]["expected_digest"].is_null(), "{engine}");
    }
}

/// What a run printed that has come to the right end; on a busy machine its figures may be invalid.
#[track_caller]
fn right(ended: Ended) -> Value {
    let result = ended.json();
    assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
    let because = result["invalid_because"].as_array().unwrap();
    let is_busy = |it: &Value| it.as_str().unwrap().contains("did not keep up");
    assert!(because.iter().all(is_busy), "{because:?}");
    result
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_committed_part_that_is_gone_or_altered_is_missed_at_the_resume() {
    for engine in ENGINES {
        let job = Stopped::new(engine);
        let part = job.files("out", "part-").remove(0);
        let whole = fs::read(&part).unwrap();
        fs::remove_file(&part).unwrap();
        job.refused(name(&part));
        let mut altered = whole.clone();
        altered[3] ^= 1;
        fs::write(&part, &altered).unwrap();
        job.refused(name(&part));
        fs::write(&part, &whole).unwrap();
        let twice = part.with_file_name("part-00000000000000000099-0.ndjson");
        fs::write(&twice, &whole).unwrap();
        job.refused(name(&twice));
        fs::remove_file(twice).unwrap();
        let files = &right(job.resume("--json"))["output"]["files"];
        assert!(files["checked"] == true && files["parts"].as_u64() > Some(1), "{files}");
    }
}

#[test]
fn an_output_folder_that_is_gone_or_rolled_back_is_missed_at_the_resume() {
    for engine in ENGINES {
        let job = Stopped::new(engine);
        let out = job.path().join("out");
        let newest = job.files("out/_committed", "0").pop().unwrap();
        let parts = job.files("out", "part-");
        let newest_parts: Vec<_> =
            parts.iter().filter(|part| name(part).contains(name(&newest))).collect();
        for path in newest_parts.into_iter().chain([&newest]) {
            fs::remove_file(path).unwrap();
        }
        job.refused(name(&newest));
        fs::remove_dir_all(&out).unwrap();
        job.refused("_committed");
    }
}

#[test]
fn all_parts_are_compared_at_the_end_and_the_result_says_so_or_that_they_were_not() {
    for engine in ENGINES {
        let job = Stopped::new(engine);
        let result = right(job.resume("--no-check-output --json"));
        assert_eq!(result["output"]["files"]["checked"], false);
        // A job that has ended is taken up, and looked at, once more.
        let result = right(job.resume("--json"));
        assert_eq!(result["output"]["files"]["checked"], true);
    }
    let home = tempfile::tempdir().unwrap();
    let plain = "run --engine sequential --workload keyed-count --events 10 --no-check-output";
    let refused = run(home.path(), &words(plain)).with_status(2);
    assert!(refused.err.contains("folder of part files"), "{}", refused.err);
}

#[test]
fn state_of_an_older_checkpoint_is_not_restored() {
    let job = Stopped::new(ENGINES[0]);
    let state = job.path().join("state/pipelined");
    let mut files = job.files("state/pipelined", "");
    files.retain(|path| !name(path).ends_with("metadata"));
    let [first, second] = [&files[0], &files[1]];
    fs::copy(first, second).unwrap();
    job.refused(name(second));
    assert!(state.is_dir());
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_nothing_in_it_is_touched() {
    let home = tempfile::tempdir().unwrap();
    let docs = home.path().join("home/docs");
    fs::create_dir_all(&docs).unwrap();
    let drafts = [docs.join(".tmp-draft"), home.path().join("home/.part-draft")];
    drafts.iter().for_each(|draft| fs::write(draft, "mine").unwrap());
    let job = "run --engine pipelined --workload keyed-count --events 100 \
               --guarantee exactly-once";
    for place in ["--output file:home", "--checkpoint-dir home"] {
        let ended = run(home.path(), &words(&format!("{job} {place}"))).with_status(2);
        assert!(ended.err.contains("not marked as a folder of this program"), "{}", ended.err);
        drafts.iter().for_each(|draft| assert_eq!(fs::read(draft).unwrap(), b"mine"));
    }
}

#[test]
fn a_checkpoint_of_an_earlier_version_is_refused_as_such() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("state")).unwrap();
    fs::write(home.path().join("state/job"), b"SGSF\x04\0").unwrap();
    let job = "run --engine pipelined --workload keyed-count --events 100 \
               --guarantee exactly-once --checkpoint-dir state --resume";
    let ended = run(home.path(), &words(job)).with_status(2);
    assert!(ended.err.contains("an earlier version"), "{}", ended.err);
}

const LINES: &str = "run --workload word-count --input words.txt --guarantee exactly-once \
                     --checkpoint-dir state --output file:out --rate 20k --engine";

fn words_file(lines: u64) -> String {
    (0..lines).map(|line| format!("one two-{} three\n", line % 7)).collect()
}

#[test]
fn another_an_edited_and_a_shorter_input_are_refused_and_a_longer_one_is_read() {
    for engine in ENGINES {
        let home = tempfile::tempdir().unwrap();
        let input = home.path().join("words.txt");
        fs::write(&input, words_file(4_000)).unwrap();
        let job = |more: &str| run(home.path(), &words(&format!("{LINES} {engine} {more}")));
        job("--stop-after 2000").with_status(0);
        let edited = words_file(4_000).replacen("three", "th4ee", 1);
        let shorter = words_file(3_999);
        let shortest = words_file(100);
        for other in [&edited, &shorter, &shortest] {
            fs::write(&input, other).unwrap();
            let ended = job("--resume").with_status(2);
            assert!(ended.err.contains("is not the input that the job has read"), "{}", ended.err);
        }
        fs::write(&input, words_file(4_500)).unwrap();
        let result = right(job("--resume --json"));
        assert_eq!(result["events"], 4_500);
        // What it has come to the end of cannot grow, nor shrink.
        fs::write(&input, words_file(4_600)).unwrap();
        let ended = job("--resume").with_status(2);
        assert!(ended.err.contains("longer than the one that the job has read"), "{}", ended.err);
        // The input that it has read is taken as before.
        fs::write(&input, words_file(4_500)).unwrap();
        right(job("--resume --json"));
        fs::write(&input, words_file(4_000)).unwrap();
        let ended = job("--resume").with_status(2);
        assert!(ended.err.contains("shorter than the one that the job has read"), "{}", ended.err);
        fs::write(&input, words_file(4_200)).unwrap();
        let ended = job("--resume").with_status(2);
        assert!(ended.err.contains("is not the input that the job has read"), "{}", ended.err);
    }
}

#[test]
fn an_input_does_not_grow_in_a_line_that_was_read() {
    let home = tempfile::tempdir().unwrap();
    let (input, text) = (home.path().join("words.txt"), words_file(4_000));
    // The last line has no end yet, and is read as it stands.
    let cut = text.strip_suffix(" three\n").unwrap();
    fs::write(&input, cut).unwrap();
    let job = |more: &str| run(home.path(), &words(&format!("{LINES} pipelined {more}")));
    job("--stop-after 2000").with_status(0);
    fs::write(&input, &text).unwrap();
    let ended = job("--resume").with_status(2);
    let at =
        format!("words.txt has grown within a line that the job has read: at byte {}", cut.len());
    assert!(ended.err.contains(&at), "{}", ended.err);
    fs::write(&input, cut).unwrap();
    right(job("--resume --json"));
}

#[test]
fn parts_that_a_kill_has_left_are_removed() {
    let stopped = Stopped::new(ENGINES[0]);
    let left = ["1-0-0", "999-1-1"].map(|name| stopped.path().join("state/pipelined").join(name));
    left.iter().for_each(|path| fs::write(path, "cut off").unwrap());
    right(stopped.resume("--json"));
    assert!(left.iter().all(|path| !path.exists()));
}

#[test]
fn a_run_that_cannot_begin_leaves_no_job_and_no_folder() {
    let home = tempfile::tempdir().unwrap();
    let job = |more: &str| {
        let job = "run --engine pipelined --workload keyed-count --events 4k --rate 20k \
                   --clock virtual --guarantee exactly-once --checkpoint-dir state";
        run(home.path(), &words(&format!("{job} {more}")))
    };
    job("--trace missing/trace.json").with_status(2);
    job("--output file:first --stop-after 2k").with_status(0);
    let ended = job("--output file:second --resume").with_status(2);
    assert!(ended.err.contains("whose output is first"), "{}", ended.err);
    assert!(!home.path().join("second").exists());
    right(job("--output file:first --resume --json"));
}

#[test]
fn a_job_is_not_taken_up_as_another() {
    let home = tempfile::tempdir().unwrap();
    let job = "run --engine pipelined --workload keyed-count --guarantee exactly-once \
               --checkpoint-dir state --rate 20k --events";
    run(home.path(), &words(&format!("{job} 4k --stop-after 2k"))).with_status(0);
    let ended = run(home.path(), &words(&format!("{job} 5k --resume"))).with_status(2);
    for text in ["4000", "5000"] {
        assert!(ended.err.contains(text), "{}", ended.err);
    }
    // The description of another job in the place of its own.
    let other = tempfile::tempdir().unwrap();
    run(other.path(), &words(&format!("{job} 4k --stop-after 2k"))).with_status(0);
    fs::copy(other.path().join("state/job"), home.path().join("state/job")).unwrap();
    let ended = run(home.path(), &words(&format!("{job} 4k --resume"))).with_status(2);
    assert!(
        ended.err.contains("another job than the one that its folder describes"),
        "{}",
        ended.err
    );
}

#[test]
fn a_full_disk_ends_a_run_at_once_with_path_and_cause() {
    let home = tempfile::tempdir().unwrap();
    let job = "run --engine pipelined --workload keyed-count --events 200k \
               --guarantee at-least-once --output file:/dev/full";
    let ended = run(home.path(), &words(job)).with_status(3);
    for text in ["/dev/full", "No space left", "free some space"] {
        assert!(ended.err.contains(text), "{}", ended.err);
    }
    assert!(!ended.err.contains("restart"), "{}", ended.err);
}
