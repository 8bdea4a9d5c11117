//! Files that are there whole or not at all, locks, links and folders that are ours.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests set the scene")]

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use files::folder::{make_new_folder, set_aside};
use files::owned_folder::{Found, MARKER};
use files::{FolderError, Kind, OwnedFolder, WholeFile, write_whole};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_takes_its_name_when_it_is_whole_and_leaves_nothing_when_it_is_not() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("rows");
    fs::write(&path, "old").unwrap();
    let mut file = WholeFile::create(&path).unwrap();
    file.write_all(b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    drop(file);
    assert_eq!(names(home.path()), ["rows"]);
    write_whole(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(home.path()), ["rows"]);
}

#[test]
fn a_file_of_anybody_else_is_never_written_under_a_name_that_could_be_guessed() {
    let home = tempfile::tempdir().unwrap();
    let victim = home.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    for guess in [".rows.part", ".rows.lock"] {
        symlink(&victim, home.path().join(guess)).unwrap();
    }
    write_whole(&home.path().join("rows"), b"new").unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    let error = WholeFile::create_alone(&home.path().join("rows")).unwrap_err();
    assert!(error.to_string().contains(".rows.lock is in the way"), "{error}");
}

#[test]
fn a_link_is_written_through_to_where_it_leads() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    let link = home.path().join("rows");
    symlink(home.path().join("second"), &link).unwrap();
    symlink(&target, home.path().join("second")).unwrap();
    for text in ["first", "again"] {
        write_whole(&link, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), text);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
    symlink(home.path().join("b"), home.path().join("a")).unwrap();
    symlink(home.path().join("a"), home.path().join("b")).unwrap();
    assert!(write_whole(&home.path().join("a"), b"").unwrap_err().to_string().contains("circle"));
}

#[test]
fn two_do_not_write_one_file_at_the_same_time() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("rows");
    let mut first = WholeFile::create_alone(&path).unwrap();
    let error = WholeFile::create_alone(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    first.write_all(b"first").unwrap();
    first.keep().unwrap();
    drop(first);
    let mut second = WholeFile::create_alone(&path).unwrap();
    second.write_all(b"second").unwrap();
    second.keep().unwrap();
    drop(second);
    assert_eq!(
        (fs::read(&path).unwrap(), names(home.path())),
        (b"second".to_vec(), vec!["rows".into()])
    );
}

#[test]
fn a_lock_that_a_killed_process_left_holds_nobody() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".rows.lock"), "").unwrap();
    drop(WholeFile::create_alone(&home.path().join("rows")).unwrap());
    assert_eq!(names(home.path()), [""; 0]);
}

#[test]
fn a_lock_file_that_holds_something_is_somebody_elses() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".rows.lock"), "mine").unwrap();
    let error = WholeFile::create_alone(&home.path().join("rows")).unwrap_err();
    assert!(error.to_string().contains("is in the way"), "{error}");
    assert_eq!(fs::read(home.path().join(".rows.lock")).unwrap(), b"mine");
}

#[test]
fn a_kill_while_a_folder_is_marked_does_not_make_it_foreign() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".streamgauge-x1.part"), "streamgauge fo").unwrap();
    assert!(OwnedFolder::claim(home.path(), Kind::Output).unwrap().is_new);
    assert_eq!(OwnedFolder::others(home.path()).unwrap(), 0);
}

#[test]
fn a_new_file_has_the_rights_of_any_new_file() {
    let home = tempfile::tempdir().unwrap();
    let (whole, plain) = (home.path().join("whole"), home.path().join("plain"));
    write_whole(&whole, b"").unwrap();
    fs::write(&plain, "").unwrap();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&whole), mode(&plain));
}

#[test]
fn a_folder_is_ours_when_it_was_empty_and_stays_so() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("made/on/the/way");
    assert!(OwnedFolder::claim(&path, Kind::Results).unwrap().is_new);
    fs::write(path.join("results.json"), "{}").unwrap();
    assert!(!OwnedFolder::claim(&path, Kind::Results).unwrap().is_new);
    assert_eq!(OwnedFolder::look(&path, Kind::Results).unwrap(), Found::Marked);
    let error = OwnedFolder::claim(&path, Kind::Output).unwrap_err();
    assert!(matches!(error, FolderError::Another { .. }), "{error}");
    fs::write(path.join(MARKER), b"\xff\n").unwrap();
    assert!(matches!(
        OwnedFolder::claim(&path, Kind::Results).unwrap_err(),
        FolderError::Another { .. }
    ));
}

#[test]
fn a_folder_with_anything_in_it_is_refused_untouched() {
    let home = tempfile::tempdir().unwrap();
    for (name, earlier) in [("notes", false), ("job", true), ("_committed", true)] {
        let path = home.path().join(format!("with {name}"));
        fs::create_dir(&path).unwrap();
        fs::write(path.join(name), "mine").unwrap();
        let error = OwnedFolder::claim(&path, Kind::Checkpoints).unwrap_err();
        assert_eq!(error.to_string().contains("an earlier version"), earlier, "{error}");
        assert_eq!(names(&path), [name]);
        assert_eq!(fs::read(path.join(name)).unwrap(), b"mine");
    }
}

#[test]
fn folders_do_not_collide_and_are_set_aside_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("results");
    make_new_folder(&path).unwrap();
    assert_eq!(make_new_folder(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    for number in 1..3 {
        fs::write(path.join("notes"), number.to_string()).unwrap();
        let aside = set_aside(&path).unwrap();
        assert!(aside.ends_with(format!("results.old-{number}")), "{}", aside.display());
        assert_eq!(fs::read_to_string(aside.join("notes")).unwrap(), number.to_string());
        make_new_folder(&path).unwrap();
    }
}
