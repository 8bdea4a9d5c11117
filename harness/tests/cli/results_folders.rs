//! A folder of results belongs to one result.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program::{command, contents, run, wait, wait_for, words};

const SKEW: &str = "skew --parallelism 4 --events 10k";

#[test]
fn results_of_the_same_second_have_folders_of_their_own() {
    let home = tempfile::tempdir().unwrap();
    let children: Vec<_> =
        (0..3).map(|_| command(home.path(), &words(SKEW)).spawn().unwrap()).collect();
    for child in children {
        wait(child).with_status(0);
    }
    let folders: Vec<_> = fs::read_dir(home.path().join("results")).unwrap().collect();
    assert_eq!(folders.len(), 3);
    for folder in folders {
        assert!(folder.unwrap().path().join("results.json").is_file());
    }
}

#[test]
fn results_that_are_there_are_refused_or_set_aside_whole() {
    let home = tempfile::tempdir().unwrap();
    run(home.path(), &words(&format!("{SKEW} --out mine"))).with_status(0);
    let before = fs::read(home.path().join("mine/results.json")).unwrap();
    let refused = run(home.path(), &words(&format!("{SKEW} --seed 2 --out mine"))).with_status(2);
    assert!(refused.err.contains("mine already holds results"), "{}", refused.err);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(fs::read(home.path().join("mine/results.json")).unwrap(), before);

    let forced = run(home.path(), &words(&format!("{SKEW} --seed 2 --out mine --force")));
    assert!(forced.with_status(0).out.contains("mine.old-1"));
    assert_eq!(fs::read(home.path().join("mine.old-1/results.json")).unwrap(), before);
    assert_ne!(fs::read(home.path().join("mine/results.json")).unwrap(), before);
}

#[test]
fn a_folder_with_files_of_somebody_else_takes_no_results_even_by_force() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("thesis")).unwrap();
    fs::write(home.path().join("thesis/report.html"), "mine").unwrap();
    for force in ["", " --force"] {
        let line = format!("{SKEW} --out thesis{force}");
        let refused = run(home.path(), &words(&line)).with_status(2);
        assert!(refused.err.contains("not marked as a folder of this program"), "{}", refused.err);
    }
    assert_eq!(contents(&home.path().join("thesis")).len(), 1);
    assert_eq!(fs::read(home.path().join("thesis/report.html")).unwrap(), b"mine");
}

/// Results that a version without markers has left.
#[test]
fn results_of_an_earlier_version_are_drawn_read_and_set_aside() {
    let home = tempfile::tempdir().unwrap();
    run(home.path(), &words(&format!("{SKEW} --out old"))).with_status(0);
    fs::remove_file(home.path().join("old/.streamgauge")).unwrap();
    run(home.path(), &words("plot old")).with_status(0);
    run(home.path(), &words(&format!("{SKEW} --out old"))).with_status(2);
    run(home.path(), &words(&format!("{SKEW} --out old --force"))).with_status(0);
    assert!(home.path().join("old.old-1/results.json").is_file());
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().unwrap().to_str().unwrap().starts_with('.')
}

const ROWS: &str = "run --engine pipelined --workload uppercase --output file:rows --input";

/// A run that waits for its input, with its output open.
fn waiting(home: &Path) -> Child {
    let mut command = command(home, &words(&format!("{ROWS} -")));
    let child = command.stdin(Stdio::piped()).spawn().unwrap();
    wait_for(&home.join(".rows.lock"));
    child
}

#[test]
fn two_runs_do_not_write_one_file() {
    let home = tempfile::tempdir().unwrap();
    let mut first = waiting(home.path());
    fs::write(home.path().join("lines.txt"), "two\n").unwrap();
    let second = run(home.path(), &words(&format!("{ROWS} lines.txt"))).with_status(2);
    assert!(second.err.contains("another run is writing it"), "{}", second.err);
    first.stdin.take().unwrap().write_all(b"one\n").unwrap();
    wait(first);
    assert!(fs::read_to_string(home.path().join("rows")).unwrap().contains("ONE"));
    let left: Vec<_> = contents(home.path()).into_iter().filter(|path| is_hidden(path)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_interrupts_leave_no_unfinished_file() {
    let home = tempfile::tempdir().unwrap();
    let child = waiting(home.path());
    let id = child.id().to_string();
    // The first one may have ended it before the second.
    for _ in 0..2 {
        drop(Command::new("kill").args(["-INT", &id]).stderr(Stdio::null()).status());
    }
    assert_eq!(wait(child).status, Some(130));
    let left: Vec<_> = contents(home.path()).into_iter().filter(|path| is_hidden(path)).collect();
    assert!(left.is_empty(), "{left:?}");
}
