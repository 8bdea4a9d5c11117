//! Damage to one file of a job that went down: it goes on to the right output, or it is refused by
//! the name of the file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dataflow::job::engine::Start;
use dataflow::job::storage::{Storage, Stored};
use runtime::MemoryStorage;

use crate::scenario::Scenario;

type Files = BTreeMap<String, Vec<u8>>;

/// What the disk held at some instant.
#[derive(Clone, Default)]
struct Image {
    checkpoints: Files,
    output: Files,
}

/// Takes images of two storages before some of the operations that change them.
struct Camera {
    checkpoints: Arc<MemoryStorage>,
    output: Arc<MemoryStorage>,
    operations: AtomicU64,
    at: Vec<u64>,
    taken: Mutex<Vec<Image>>,
}

impl Camera {
    fn new(at: Vec<u64>) -> Arc<Self> {
        Arc::new(Self {
            checkpoints: MemoryStorage::new(),
            output: MemoryStorage::new(),
            operations: AtomicU64::new(0),
            at,
            taken: Mutex::default(),
        })
    }

    fn image(&self) -> Image {
        Image { checkpoints: self.checkpoints.files(), output: self.output.files() }
    }

    fn pass(&self) {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        if self.at.contains(&number) {
            self.taken.lock().unwrap().push(self.image());
        }
    }
}

/// One of the two.
struct Seen(Arc<MemoryStorage>, Arc<Camera>);

impl Storage for Seen {
    fn locate(&self, name: &str) -> String {
        self.0.locate(name)
    }
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.1.pass();
        self.0.put(name, bytes)
    }
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.1.pass();
        self.0.append(name, bytes)
    }
    fn sync(&self, name: &str) -> Stored<()> {
        self.0.sync(name)
    }
    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        self.1.pass();
        self.0.rename(from, to)
    }
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.0.read(name)
    }
    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        self.0.lengths(prefix)
    }
    fn remove(&self, name: &str) -> Stored<()> {
        self.1.pass();
        self.0.remove(name)
    }
}

/// Runs a job to its end and takes images before these operations. Returns how many there were.
fn filmed(scenario: &Scenario, at: Vec<u64>) -> (u64, Vec<Image>, Image) {
    let camera = Camera::new(at);
    let seen = |storage: &Arc<MemoryStorage>| -> Arc<dyn Storage> {
        Arc::new(Seen(Arc::clone(storage), Arc::clone(&camera)))
    };
    let output = seen(&camera.output);
    let ran = scenario.run_on(seen(&camera.checkpoints), Some(&output)).expect("it runs");
    assert!(ran.is_right());
    let taken = std::mem::take(&mut *camera.taken.lock().unwrap());
    (camera.operations.load(Ordering::Relaxed), taken, camera.image())
}

fn storage(files: &Files) -> Arc<MemoryStorage> {
    let storage = MemoryStorage::new();
    for (name, bytes) in files {
        drop(storage.put(name, bytes.clone()));
    }
    storage
}

/// The rows that a reader of the output is left with, and how often: a change takes out what it
/// replaces.
fn rows(output: &MemoryStorage) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for (_, bytes) in output.files().iter().filter(|(name, _)| name.starts_with("part-")) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let (row, count) = match line.strip_prefix("{\"op\":\"").map(|rest| rest.split_at(4)) {
                None => (line, 1),
                Some((op, row)) => (row, if op.starts_with('+') { 1 } else { -1 }),
            };
            *rows.entry(row.to_owned()).or_default() += count;
        }
    }
    rows.retain(|_, count| *count != 0);
    rows
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    FlipEarly,
    FlipLate,
    Truncate,
    Empty,
    Delete,
    Append,
    Duplicate,
    Older,
    Sibling,
}

const ALL: [Damage; 9] = [
    Damage::FlipEarly,
    Damage::FlipLate,
    Damage::Truncate,
    Damage::Empty,
    Damage::Delete,
    Damage::Append,
    Damage::Duplicate,
    Damage::Older,
    Damage::Sibling,
];

/// The same name but for its last number: another subtask's, another checkpoint's.
fn neighbour(name: &str) -> String {
    let end = name.trim_end_matches(".ndjson");
    let digits = end.trim_end_matches(|it: char| it.is_ascii_digit()).len();
    match end[digits..].parse::<u64>() {
        Ok(number) => format!("{}{}{}", &end[..digits], number + 1, &name[end.len()..]),
        Err(_) => format!("{name}-1"),
    }
}

/// Another file of the same kind in the same folder, if there is one.
fn sibling<'a>(files: &'a Files, name: &str) -> Option<&'a Vec<u8>> {
    let kind = |name: &str| -> String { name.chars().filter(|it| !it.is_ascii_digit()).collect() };
    let others = files.iter().filter(|(other, _)| *other != name && kind(other) == kind(name));
    others.map(|(_, bytes)| bytes).find(|bytes| **bytes != files[name])
}

impl Damage {
    /// Does it; false where it changes nothing.
    fn strike(self, files: &mut Files, older: &Files, name: &str) -> bool {
        let whole = files[name].clone();
        let mut bytes = whole.clone();
        let length = bytes.len();
        match self {
            Self::FlipEarly | Self::FlipLate if length == 0 => {}
            Self::FlipEarly => bytes[length / 5] ^= 4,
            Self::FlipLate => bytes[length - 1 - length / 7] ^= 32,
            Self::Truncate => bytes.truncate(length - length.div_ceil(3)),
            Self::Empty => bytes.clear(),
            Self::Append => bytes.extend_from_slice(b"{}\n"),
            Self::Duplicate => {
                return files.insert(neighbour(name), whole.clone()) != Some(whole);
            }
            Self::Older => match older.get(name) {
                Some(older) => bytes.clone_from(older),
                None => return false,
            },
            Self::Sibling => match sibling(files, name) {
                Some(other) => bytes.clone_from(other),
                None => return false,
            },
            Self::Delete => {
                files.remove(name);
                return true;
            }
        }
        let changed = bytes != whole;
        files.insert(name.to_owned(), bytes);
        changed
    }
}

/// What came of the damage done to all files of an image.
#[derive(Default)]
struct Tally {
    right: u64,
    refused: u64,
    /// What came out wrong, or was refused by another name.
    faults: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} right, {} refused by name", self.right, self.refused)
    }
}

/// Damages each file of an image in each way, goes on from there, and looks at what comes of it.
fn damage_all(
    scenario: &Scenario,
    image: &Image,
    older: &Image,
    wanted: &BTreeMap<String, i64>,
) -> Tally {
    let mut tally = Tally::default();
    let mut resumed = scenario.clone();
    resumed.start = Start::Resume;
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    let checkpoints = names(&image.checkpoints).into_iter().map(|name| (true, name));
    let output = names(&image.output).into_iter().map(|name| (false, name));
    for (of_checkpoint, name) in checkpoints.chain(output) {
        for damage in ALL {
            let mut damaged = image.clone();
            let (files, older) = match of_checkpoint {
                true => (&mut damaged.checkpoints, &older.checkpoints),
                false => (&mut damaged.output, &older.output),
            };
            if !damage.strike(files, older, &name) {
                continue;
            }
            let checkpoints: Arc<dyn Storage> = storage(&damaged.checkpoints);
            let output = storage(&damaged.output);
            let folder: Arc<dyn Storage> = Arc::clone(&output) as _;
            let what = format!("{} {}, {damage:?} of {name}", scenario.engine, scenario.workload);
            match resumed.run_on(checkpoints, Some(&folder)) {
                Ok(ran) if ran.is_right() && rows(&output) == *wanted => tally.right += 1,
                Ok(ran) => tally.faults.push(format!("{what}: {:?}", ran.result.output)),
                Err(error) if error.contains(&name) || error.contains(&neighbour(&name)) => {
                    tally.refused += 1;
                }
                Err(error) => tally.faults.push(format!("{what}: {error}")),
            }
        }
    }
    tally
}

fn damage(engine: &'static str, workload: &str, events: u64, shares: &[f64]) -> Tally {
    let mut scenario = Scenario::new(engine, workload, "exactly-once");
    (scenario.events, scenario.rate) = (events, events as f64);
    let (operations, ..) = filmed(&scenario, Vec::new());
    let at = |share: &f64| (operations as f64 * share) as u64;
    // An older image stands before each: what a file held then comes back as an older version.
    let moments = shares.iter().flat_map(|share| [at(&(share / 2.0)), at(share)]).collect();
    let (_, images, end) = filmed(&scenario, moments);
    let wanted = rows(&storage(&end.output));
    let mut sum = Tally::default();
    for image in &images[1..] {
        let tally = damage_all(&scenario, image, &images[0], &wanted);
        (sum.right, sum.refused) = (sum.right + tally.right, sum.refused + tally.refused);
        sum.faults.extend(tally.faults);
    }
    sum
}

/// A small form of it; five workloads at four instants, for some minutes, by
/// `STREAMGAUGE_DAMAGE=all cargo test -p streamgauge --test recovery damaged -- --nocapture`.
#[test]
fn a_damaged_file_is_refused_by_name_or_does_no_harm() {
    let is_all = std::env::var("STREAMGAUGE_DAMAGE").is_ok_and(|asked| asked == "all");
    let (workloads, events, shares): (&[&str], _, &[f64]) = if is_all {
        let five = &["keyed-count", "windowed-count", "nexmark-q5", "nexmark-q18", "nexmark-q20"];
        (five, 2_000, &[0.2, 0.5, 0.8, 0.97])
    } else {
        (&["windowed-count"], 1_000, &[0.5, 0.9])
    };
    for engine in ["pipelined", "microbatch"] {
        for workload in workloads {
            let tally = damage(engine, workload, events, shares);
            println!("{engine} {workload}: {tally}");
            assert!(tally.faults.is_empty(), "{}", tally.faults.join("\n"));
            assert!(tally.refused > 60 && tally.right > 10, "{engine}: {tally}");
        }
    }
}

#[test]
fn a_checkpoint_of_other_splits_is_refused() {
    for engine in ["pipelined", "microbatch"] {
        let mut scenario = Scenario::new(engine, "windowed-count", "exactly-once");
        (scenario.events, scenario.rate) = (1_000, 1_000.0);
        let (operations, ..) = filmed(&scenario, Vec::new());
        let (_, images, _) = filmed(&scenario, vec![operations / 2]);
        scenario.start = Start::Resume;
        for splits in [3, 9] {
            scenario.knobs = vec![("splits", splits.into())];
            let output: Arc<dyn Storage> = storage(&images[0].output);
            let ran = scenario.run_on(storage(&images[0].checkpoints), Some(&output));
            let error = ran.err().expect(engine);
            assert!(
                error.contains(&format!("8 splits of input and there are {splits} now")),
                "{error}"
            );
        }
    }
}
