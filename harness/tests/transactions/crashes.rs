//! Whatever operation of the storage fails, with its effect or without, with the process or
//! without: in the end every row was seen once.

use dataflow::operator::snapshot::Version;

use crate::disk::{Disk, Fault};
use crate::job::{rows_through, run};
use crate::sinks::{Process, digest, rows, written};

#[test]
fn a_failure_of_any_operation_loses_nothing_and_doubles_nothing() {
    let whole = Disk::default();
    run(&whole, 5, &[]);
    let operations = whole.log().len();
    assert!(operations > 60, "{operations} operations");
    for fault in (0..operations).flat_map(Fault::all) {
        run(&Disk::default(), 5, &[fault]);
    }
}

#[test]
fn nor_does_a_second_failure_during_the_recovery() {
    let whole = Disk::default();
    run(&whole, 3, &[]);
    for first in (0..whole.log().len()).flat_map(Fault::all) {
        for second in (0..12).flat_map(Fault::all) {
            run(&Disk::default(), 3, &[first, second]);
        }
    }
}

#[test]
fn manifests_are_added_up_and_their_commits_stay_made() {
    let disk = Disk::default();
    run(&disk, 300, &[]);
    let manifests = disk.names("_committed/").len();
    assert!((1..70).contains(&manifests), "{manifests} manifests and indexes");

    let process = Process::recover(&disk, &[]);
    let newest = process.inspect(None).unwrap().expect("commits were made");
    assert_eq!(newest.head.id, Version(300));
    let again = written(&process, 0, 7, &rows(&["once more"]));
    process.commit(7, &[again]).unwrap();
    assert_eq!(process.digest(), digest(&rows_through(300)));
    assert!(disk.rows() == rows_through(300));
    assert_eq!(disk.names("."), Vec::<String>::new());
}

#[test]
fn a_transaction_whose_manifest_was_just_added_up_counts_once() {
    let disk = Disk::default();
    let process = Process::start(&disk);
    let text = |id: u64| vec![format!("row {id:03}")];
    let mut last = None;
    for id in 1..=64 {
        let transaction = written(&process, 0, id, &text(id));
        process.commit(id, std::slice::from_ref(&transaction)).unwrap();
        last = Some(transaction);
    }
    assert_eq!(disk.names("_committed/"), ["_committed/index-00000000000000000064"]);
    let process = Process::recover(&disk, &[]);
    let next = written(&process, 0, 65, &text(65));
    process.commit(65, &[last.unwrap(), next]).unwrap();
    let all: Vec<_> = (1..=65).flat_map(text).collect();
    assert_eq!(process.digest(), digest(&all));
    assert_eq!(disk.rows(), all);
}

#[test]
fn a_failure_while_manifests_are_added_up_changes_nothing() {
    let whole = Disk::default();
    run(&whole, 70, &[]);
    let log = whole.log();
    let is_index = |name: &String| name.starts_with("_committed/index-");
    let put = log.iter().position(is_index).expect("an index is put");
    let last = log.iter().rposition(|name| name == "_committed/00000000000000000063").unwrap();
    assert!(last > put + 40, "manifests are removed after the index is put");
    let ends = (put - 4..put + 6).chain(last - 4..last + 4);
    for fault in ends.flat_map(Fault::all) {
        run(&Disk::default(), 70, &[fault]);
    }
}
