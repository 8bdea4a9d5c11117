//! Counts where every placement puts a key.

use std::collections::HashMap;
use std::fmt::Debug;

use dataflow::key_probe::{KeyFacts, KeyTap};
use dataflow::placement::{Placement, PlacementKind};
use reports::schema::skew::{Heat, HotKey, PER_BATCH, RUN, SkewRow, Tally, per_window};

/// Windows that the heat map shows, the first of the run.
const HEAT_WINDOWS: usize = 80;
/// The narrowest windows with this many records a partition are drawn: in narrower ones chance alone
/// makes loads differ.
const HEAT_RECORDS: u64 = 100;
/// Hottest keys that are named.
const HOTTEST: usize = 10;

/// What to count.
#[derive(Clone, Debug)]
pub(super) struct MeterPlan {
    /// The rules.
    pub(super) placements: Vec<PlacementKind>,
    /// Partition counts.
    pub(super) parallelisms: Vec<u32>,
    /// Records of a window, rising.
    pub(super) windows: Vec<u64>,
    /// Whether batches end too.
    pub(super) batches: bool,
}

/// Counts the keys of one exchange.
pub(super) struct Meter {
    columns: Vec<Column>,
    records: u64,
    keys: HashMap<u64, (u64, String)>,
}

/// One placement over a number of partitions.
struct Column {
    kind: PlacementKind,
    placement: Placement,
    run: Vec<u64>,
    scopes: Vec<Scope>,
}

/// One kind of window.
struct Scope {
    name: String,
    /// Records of a window; `None` when it ends with its batch.
    size: Option<u64>,
    filled: u64,
    loads: Vec<u64>,
    tally: Tally,
    /// The first windows, where they are drawn.
    heat: Option<Vec<Vec<u64>>>,
}

impl Scope {
    fn new(size: Option<u64>, parallelism: u32, draws: bool) -> Self {
        Self {
            name: size.map_or(PER_BATCH.to_owned(), per_window),
            size,
            filled: 0,
            loads: vec![0; parallelism as usize],
            tally: Tally::default(),
            heat: draws.then(Vec::new),
        }
    }

    fn add(&mut self, partition: usize) {
        self.loads[partition] += 1;
        self.filled += 1;
        if Some(self.filled) == self.size {
            self.end();
        }
    }

    fn end(&mut self) {
        if self.filled == 0 {
            return;
        }
        self.tally.add(&self.loads);
        if let Some(heat) = self.heat.as_mut().filter(|heat| heat.len() < HEAT_WINDOWS) {
            heat.push(self.loads.clone());
        }
        self.loads.fill(0);
        self.filled = 0;
    }
}

impl Meter {
    /// `events` is how many there will be at the most: it decides which windows are drawn.
    pub(super) fn new(wanted: &MeterPlan, events: u64) -> Self {
        let fewest = HEAT_RECORDS * wanted.parallelisms.first().copied().map_or(0, u64::from);
        let whole = || wanted.windows.iter().filter(|size| **size <= events);
        let drawn = whole().find(|size| **size >= fewest).or_else(|| whole().next_back()).copied();
        let column = |kind: PlacementKind, parallelism: u32, first: bool| {
            let scope = |size: &u64| {
                Scope::new(
                    Some(*size),
                    parallelism,
                    first && !wanted.batches && drawn == Some(*size),
                )
            };
            let mut scopes: Vec<Scope> = wanted.windows.iter().map(scope).collect();
            if wanted.batches {
                scopes.push(Scope::new(None, parallelism, first));
            }
            let placement = kind.over(parallelism, None);
            Column { kind, placement, run: vec![0; parallelism as usize], scopes }
        };
        let columns = wanted.placements.iter().flat_map(|&kind| {
            let of =
                move |(index, parallelism): (usize, &u32)| column(kind, *parallelism, index == 0);
            wanted.parallelisms.iter().enumerate().map(of)
        });
        Self { columns: columns.collect(), records: 0, keys: HashMap::new() }
    }

    /// A batch ends here.
    pub(super) fn end_batch(&mut self) {
        let scopes = self.columns.iter_mut().flat_map(|column| &mut column.scopes);
        scopes.filter(|scope| scope.size.is_none()).for_each(Scope::end);
    }

    /// Records that have come.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Different keys among them.
    pub(super) fn keys(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The most frequent keys; those of equal frequency by their names.
    pub(super) fn hottest(&self) -> Vec<HotKey> {
        let mut keys: Vec<&(u64, String)> = self.keys.values().collect();
        keys.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let hot = |(records, key): &(u64, String)| HotKey { key: key.clone(), records: *records };
        keys.into_iter().take(HOTTEST).map(hot).collect()
    }

    /// Every figure, and what is drawn. A window that the end of the events has cut is left out.
    pub(super) fn figures(&self) -> (Vec<SkewRow>, Vec<Heat>) {
        let (mut rows, mut heats) = (Vec::new(), Vec::new());
        for column in &self.columns {
            let (name, parallelism) = (column.kind.name(), column.placement.partitions());
            let mut run = Tally::default();
            run.add(&column.run);
            rows.extend(
                run.row(name, parallelism, RUN)
                    .map(|row| SkewRow { records: column.run.clone(), ..row }),
            );
            for scope in &column.scopes {
                rows.extend(scope.tally.row(name, parallelism, &scope.name));
                heats.extend(scope.heat.as_ref().filter(|heat| !heat.is_empty()).map(|windows| {
                    let (placement, scope) = (name.to_owned(), scope.name.clone());
                    Heat { placement, scope, windows: windows.clone() }
                }));
            }
        }
        (rows, heats)
    }
}

impl KeyTap for Meter {
    fn key(&mut self, key: KeyFacts, printed: &dyn Debug) {
        self.records += 1;
        self.keys.entry(key.number).or_insert_with(|| (0, format!("{printed:?}"))).0 += 1;
        for column in &mut self.columns {
            let partition = column.placement.partition(&key) as usize;
            column.run[partition] += 1;
            column.scopes.iter_mut().for_each(|scope| scope.add(partition));
        }
    }
}
