//! What every storage promises, and what a folder promises besides.
#![expect(clippy::disallowed_methods, reason = "the test looks into the folder and disturbs it")]

use dataflow::exchange::failure::FailureKind;
use files::Kind;
use std::fs;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Runtime, yield_now};
use dataflow::job::storage::{Storage, StorageError};
use runtime::{
    DirectoryStorage, FaultyStorage, MemoryStorage, StorageFaults, VirtualOptions, VirtualTime,
    WallClock, WallOptions,
};
use tempfile::TempDir;

/// Runs `main` over every storage, bare and as both runtimes hand it out.
fn on_all<F: Future<Output = ()> + Send + 'static>(main: impl Fn(Arc<dyn Storage>) -> F) {
    let folders: Vec<TempDir> = (0..3).map(|_| TempDir::new().expect("a folder")).collect();
    let folder = |i: usize| -> Arc<dyn Storage> {
        DirectoryStorage::open(folders[i].path(), Kind::Output).expect("it can be opened")
    };
    let time = VirtualTime::new(VirtualOptions::default());
    let bare: [Arc<dyn Storage>; 3] =
        [MemoryStorage::new(), FaultyStorage::new(StorageFaults::default()), folder(0)];
    for storage in bare {
        time.block_on(Box::pin(main(storage))).expect("no deadlock");
    }
    let wall = |storage| {
        let options = WallOptions { seed: 0, worker_threads: 1 };
        WallClock::with_storage(options, storage).expect("threads start")
    };
    let runtimes: [Arc<dyn Runtime>; 3] = [
        VirtualTime::with_storage(VirtualOptions::default(), folder(1)),
        wall(folder(2)),
        wall(FaultyStorage::new(StorageFaults::default())),
    ];
    for runtime in runtimes {
        runtime.block_on(Box::pin(main(runtime.storage()))).expect("no deadlock");
    }
}

fn some(text: &str) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(Some(text.into()))
}

#[test]
fn what_is_put_replaces_what_was_there() {
    on_all(|storage| async move {
        assert_eq!(storage.read("a/b/c").await, Ok(None));
        assert_eq!(storage.put("a/b/c", b"first, and longer".to_vec()).await, Ok(()));
        assert_eq!(storage.read("a/b/c").await, some("first, and longer"));
        assert_eq!(storage.put("a/b/c", b"second".to_vec()).await, Ok(()));
        assert_eq!(storage.read("a/b/c").await, some("second"));
        assert_eq!(storage.put("a/b/c", Vec::new()).await, Ok(()));
        assert_eq!(storage.read("a/b/c").await, some(""));
        assert!(storage.locate("a/b/c").ends_with("a/b/c"));
    });
}

#[test]
fn what_is_appended_comes_after_what_was_there() {
    on_all(|storage| async move {
        assert_eq!(storage.sync("log/1").await, Ok(()), "nothing was appended");
        assert_eq!(storage.append("log/1", b"one ".to_vec()).await, Ok(()));
        assert_eq!(storage.append("log/1", b"two ".to_vec()).await, Ok(()));
        assert_eq!(storage.sync("log/1").await, Ok(()));
        assert_eq!(storage.append("log/1", b"three".to_vec()).await, Ok(()));
        assert_eq!(storage.read("log/1").await, some("one two three"));
        assert_eq!(storage.put("log/2", b"put ".to_vec()).await, Ok(()));
        assert_eq!(storage.append("log/2", b"and appended".to_vec()).await, Ok(()));
        assert_eq!(storage.read("log/2").await, some("put and appended"));
    });
}

#[test]
fn a_part_of_a_file_is_read_as_far_as_it_goes() {
    on_all(|storage| async move {
        assert_eq!(storage.put("a/1", b"one two".to_vec()).await, Ok(()));
        for (offset, most, what) in
            [(0, 3, "one"), (4, 9, "two"), (7, 1, ""), (99, 1, ""), (2, 0, ""), (0, 7, "one two")]
        {
            assert_eq!(storage.read_from("a/1", offset, most).await, some(what), "{offset}");
        }
        assert_eq!(storage.read_from("a/2", 0, 1).await, Ok(None));
    });
}

#[test]
fn a_renamed_file_takes_the_place_of_the_other() {
    on_all(|storage| async move {
        assert_eq!(storage.put("staging/1", b"new".to_vec()).await, Ok(()));
        assert_eq!(storage.put("public/1", b"old".to_vec()).await, Ok(()));
        assert_eq!(storage.rename("staging/1", "public/1").await, Ok(()));
        assert_eq!(storage.read("staging/1").await, Ok(None));
        assert_eq!(storage.read("public/1").await, some("new"));
        assert_eq!(storage.rename("public/1", "other/deep/1").await, Ok(()));
        assert_eq!(storage.list("").await, Ok(vec!["other/deep/1".to_owned()]));
        let missing = storage.rename("staging/1", "public/1").await.unwrap_err();
        assert_eq!(missing.operation, "rename");
        assert_eq!(missing.file, storage.locate("staging/1"));
        assert!(
            missing.cause.contains("no such file") && missing.kind == FailureKind::Transient,
            "{missing}"
        );
    });
}

#[test]
fn names_are_listed_by_prefix_and_sorted() {
    on_all(|storage| async move {
        for name in ["b/2", "a/10/x", "a/1/x", "a/1/b/y", "ab", "a.", "b/1"] {
            assert_eq!(storage.put(name, name.into()).await, Ok(()), "{name}");
        }
        let list = async |prefix| storage.list(prefix).await.expect("it can be listed");
        assert_eq!(list("").await, ["a.", "a/1/b/y", "a/1/x", "a/10/x", "ab", "b/1", "b/2"]);
        assert_eq!(list("a").await, ["a.", "a/1/b/y", "a/1/x", "a/10/x", "ab"]);
        assert_eq!(list("a/").await, ["a/1/b/y", "a/1/x", "a/10/x"]);
        assert_eq!(list("a/1").await, ["a/1/b/y", "a/1/x", "a/10/x"]);
        assert_eq!(list("a/1/").await, ["a/1/b/y", "a/1/x"]);
        assert_eq!(list("b/1").await, ["b/1"]);
        for nothing in ["c", "c/", "a//", "/", "../", "a/../", "b/1/"] {
            assert_eq!(list(nothing).await, [""; 0], "{nothing}");
        }
    });
}

#[test]
fn a_removed_file_is_gone_and_may_be_removed_again() {
    on_all(|storage| async move {
        assert_eq!(storage.remove("never/there").await, Ok(()));
        assert_eq!(storage.put("a/1", b"1".to_vec()).await, Ok(()));
        assert_eq!(storage.append("a/2", b"2".to_vec()).await, Ok(()));
        for _ in 0..2 {
            assert_eq!(storage.remove("a/1").await, Ok(()));
            assert_eq!(storage.remove("a/2").await, Ok(()));
        }
        assert_eq!(storage.read("a/1").await, Ok(None));
        assert_eq!(storage.list("").await, Ok(Vec::new()));
    });
}

#[test]
fn names_that_are_no_plain_paths_are_refused() {
    on_all(|storage| async move {
        for name in ["", "/a", "a//b", "a/", "..", "a/../../b", ".", ".unfinished/1"] {
            assert!(storage.put(name, Vec::new()).await.is_err(), "put {name}");
            assert!(storage.append(name, Vec::new()).await.is_err(), "append {name}");
            assert!(storage.sync(name).await.is_err(), "sync {name}");
            assert!(storage.read(name).await.is_err(), "read {name}");
            assert!(storage.remove(name).await.is_err(), "remove {name}");
            assert!(storage.rename(name, "a").await.is_err(), "rename {name}");
            assert_eq!(storage.put("a", Vec::new()).await, Ok(()));
            assert!(storage.rename("a", name).await.is_err(), "rename to {name}");
        }
        assert_eq!(storage.list("").await, Ok(vec!["a".to_owned()]));
    });
}

#[test]
fn a_folder_is_cleared_of_what_a_killed_put_left() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("made/by/open");
    let time = VirtualTime::new(VirtualOptions::default());
    let storage = DirectoryStorage::open(&path, Kind::Output).expect("it is made");
    let inner = Arc::clone(&storage);
    time.block_on(Box::pin(async move {
        assert_eq!(inner.put("a/metadata", b"old".to_vec()).await, Ok(()));
    }))
    .expect("no deadlock");
    // As after a death between the writing and the renaming.
    fs::write(path.join(".unfinished/.streamgauge-1.part"), b"ne").expect("it can be written");
    // Not ours, whatever its name.
    fs::write(path.join("a/.tmp-draft"), b"mine").expect("it can be written");
    let inner = Arc::clone(&storage);
    time.block_on(Box::pin(async move {
        let names = ["a/.tmp-draft", "a/metadata"].map(str::to_owned).to_vec();
        assert_eq!(inner.list("").await, Ok(names));
        assert_eq!(inner.read("a/metadata").await, some("old"));
    }))
    .expect("no deadlock");
    drop(storage);
    let storage = DirectoryStorage::open(&path, Kind::Output).expect("it can be opened again");
    assert_eq!(fs::read_dir(path.join(".unfinished")).expect("it is there").count(), 0);
    assert_eq!(fs::read(path.join("a/.tmp-draft")).expect("it stays"), b"mine");
    assert_eq!(fs::read(path.join("a/metadata")).expect("it is there"), b"old");
    assert!(storage.locate("a/metadata").ends_with("made/by/open/a/metadata"));
}

#[test]
fn a_put_that_fails_leaves_the_old_file_and_no_other() {
    let folder = TempDir::new().expect("a folder");
    let storage = DirectoryStorage::open(folder.path(), Kind::Output).expect("it can be opened");
    // A folder where the file is to be: the last step, the renaming, fails.
    fs::create_dir_all(folder.path().join("a/metadata")).expect("it can be made");
    fs::write(folder.path().join("a/metadata/old"), b"old").expect("it can be written");
    let time = VirtualTime::new(VirtualOptions::default());
    let inner = Arc::clone(&storage);
    time.block_on(Box::pin(async move {
        let error = inner.put("a/metadata", b"new".to_vec()).await.unwrap_err();
        assert_eq!((error.operation, error.file), ("write", inner.locate("a/metadata")));
        assert!(error.cause.contains("a folder is where a file is needed"), "{}", error.cause);
        assert_eq!(inner.list("").await, Ok(vec!["a/metadata/old".to_owned()]));
        let error = inner.put("a/metadata/old/deeper", Vec::new()).await.unwrap_err();
        assert!(error.cause.contains("a file is where a folder is needed"), "{}", error.cause);
    }))
    .expect("no deadlock");
    let left = fs::read_dir(folder.path().join("a")).expect("it can be read").count();
    assert_eq!(left, 1, "no temporary file stays");
}

#[test]
fn an_interrupted_put_leaves_the_old_file_or_the_new_one() {
    let folder = TempDir::new().expect("a folder");
    let options = WallOptions { seed: 0, worker_threads: 1 };
    let storage = DirectoryStorage::open(folder.path(), Kind::Output).expect("it can be opened");
    let clock = WallClock::with_storage(options, storage.clone()).expect("threads start");
    let inner = Arc::clone(&storage);
    let main = async move {
        let mut old = vec![0; 100_000];
        assert_eq!(inner.put("file", old.clone()).await, Ok(()));
        for round in 1..30_u8 {
            let new = vec![round; 100_000];
            let mut put = inner.put("file", new.clone());
            std::future::poll_fn(|context| {
                let mut patient = Context::from_waker(if round % 2 == 0 {
                    context.waker()
                } else {
                    Waker::noop()
                });
                Poll::Ready(put.as_mut().poll(&mut patient).is_ready())
            })
            .await;
            for _ in 0..round {
                yield_now().await;
            }
            drop(put);
            // What was begun does not happen after this.
            let found = inner.read("file").await.expect("it can be read").expect("it is there");
            assert!(found == old || found == new, "round {round}: a mixture");
            assert_eq!(inner.append("log", vec![round]).await, Ok(()));
            let again = inner.read("file").await.expect("it can be read").expect("it is there");
            assert!(again == found, "round {round}: it happened late");
            old = found;
        }
        assert_eq!(inner.list("").await, Ok(vec!["file".to_owned(), "log".to_owned()]));
    };
    clock.block_on(Box::pin(main)).expect("no deadlock");
    let left = fs::read_dir(folder.path().join(".unfinished")).expect("it can be read").count();
    assert_eq!(left, 0, "a put takes its temporary file along");
}

#[test]
fn a_folder_that_cannot_be_made_is_reported() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("it can be written");
    for path in [file.clone(), file.join("deeper")] {
        let error = DirectoryStorage::open(&path, Kind::Output).expect_err("it is a file");
        assert_eq!((error.operation, error.file), ("open", path.display().to_string()));
        assert!(error.cause.contains("a file is where a folder is needed"), "{}", error.cause);
    }
}

#[test]
fn a_folder_is_open_once_at_a_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = DirectoryStorage::open(folder.path(), Kind::Output).expect("it can be opened");
    let error =
        DirectoryStorage::open(folder.path(), Kind::Output).expect_err("it is open").to_string();
    assert!(error.contains("another run has it open"), "{error}");
    drop(first);
    DirectoryStorage::open(folder.path(), Kind::Output).expect("it is free again");
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("docs")).expect("it can be made");
    let draft = folder.path().join("docs/.tmp-draft");
    fs::write(&draft, b"mine").expect("it can be written");
    let error = DirectoryStorage::open(folder.path(), Kind::Output).expect_err("it is not ours");
    assert!(error.cause.contains("not marked as a folder of this program"), "{error}");
    assert_eq!(fs::read(&draft).expect("it stays"), b"mine");
    assert_eq!(fs::read_dir(folder.path()).expect("it can be read").count(), 1);

    let ours = folder.path().join("ours");
    drop(DirectoryStorage::open(&ours, Kind::Output).expect("it is made"));
    let error = DirectoryStorage::open(&ours, Kind::Checkpoints).expect_err("it is of results");
    assert!(error.cause.contains("is a folder of output"), "{error}");
}

#[test]
fn a_folder_that_goes_away_is_not_made_again() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("gone");
    let storage = DirectoryStorage::open(&path, Kind::Output).expect("it is made");
    for other in [false, true] {
        fs::remove_dir_all(&path).expect("it can be removed");
        if other {
            // Another run's, marked as it should be.
            drop(DirectoryStorage::open(&path, Kind::Output).expect("it is made"));
        }
        let inner = Arc::clone(&storage);
        VirtualTime::new(VirtualOptions::default())
            .block_on(Box::pin(async move {
                let error = inner.put("a", b"a".to_vec()).await.expect_err("it is gone");
                assert_eq!(error.kind, FailureKind::Permanent);
                assert!(error.cause.contains("is gone, or another has its place"), "{error}");
                assert!(inner.read("a").await.is_err() && inner.list("").await.is_err());
            }))
            .expect("no deadlock");
        assert_eq!(path.exists(), other);
        fs::create_dir_all(&path).expect("it can be made");
    }
}
