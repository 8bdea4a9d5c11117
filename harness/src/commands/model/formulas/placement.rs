//! H(x) = H_mod(x mod P): where keys go, and how many of them move.

use dataflow::placement::{DEFAULT_RING_POINTS, PLACEMENTS};
use reports::formulas::partitioning::{balls_in_bins, hot_multiples, key_group_shares};
use reports::formulas::placement::{
    moved_by_consistent_hashing as consistent, moved_by_remainder as remainder,
    moved_key_groups as groups, ring_balance,
};
use reports::formulas::{Case, Prediction, Reading};
use reports::schema::samples::{SAMPLES_SCHEMA, Sample, Samples};
use reports::schema::{ChartTag, RescaleRow};

use super::case_runner::{Bench, CaseDraft, CaseRunner, ResultFile};
use super::formula::{Formula, in_turn};
use super::key_groups;
use super::rescale::{Continuation, RescaleJob};
use crate::error::{Error, Result};

/// The formula.
pub(super) const FORMULA: Formula = Formula { name: NAME, measure };

const NAME: &str = "placement";

/// Both models.
const ENGINES: [&str; 2] = ["pipelined", "microbatch"];
/// Partitions before, where nothing else is said.
const FROM: u32 = 8;
/// Flink's key groups up to 85 partitions.
const GROUPS: u32 = 128;
/// Keys of a job, where nothing else is said; and of the jobs that are held to it more closely.
const KEYS: u64 = 100_000;
const MANY_KEYS: u64 = 1_000_000;
/// The partition that is lost where any can be.
const LOST: u32 = 3;
/// Keys whose state differs in size by a few bytes scatter like a little fewer of equal size.
const EQUAL_SIZES: f64 = 0.95;

fn measure(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    in_turn(&[changes, many_keys, curve, groups_of_keys, rings, hot_keys], runner)
}

fn groups_of_keys(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    key_groups::cases(runner, NAME)
}

/// The families of placements, by what moves.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Family {
    Remainder,
    KeyGroups,
    Ring,
    Jump,
    Rendezvous,
}

impl Family {
    fn of(placement: &str) -> Self {
        match placement {
            "key-groups" => Self::KeyGroups,
            "ring" => Self::Ring,
            "jump" => Self::Jump,
            "rendezvous" => Self::Rendezvous,
            _ => Self::Remainder,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Remainder => "remainder",
            Self::KeyGroups => "key-groups",
            Self::Ring | Self::Jump | Self::Rendezvous => "consistent",
        }
    }

    /// Keys that move from p to q.
    fn moved(self, from: u32, to: u32, keys: u64) -> Prediction {
        match self {
            Self::Remainder => remainder::predict(from, to, keys),
            Self::KeyGroups => groups::predict_keys(GROUPS, from, to, keys),
            Self::Ring => consistent::predict_one_ring(from, to, DEFAULT_RING_POINTS, keys),
            Self::Jump | Self::Rendezvous => consistent::predict(from, to, keys, true),
        }
    }

    /// Keys that move when `lost` of p goes.
    fn lost(self, from: u32, lost: u32, keys: u64) -> Prediction {
        match self {
            Self::Remainder => remainder::predict_loss(from, keys),
            Self::KeyGroups => groups::predict_loss(GROUPS, from, lost, keys),
            Self::Jump => consistent::predict(from, from - 1, keys, lost + 1 == from),
            Self::Ring | Self::Rendezvous => self.moved(from, from - 1, keys),
        }
    }
}

/// What to ask of a rescaled job.
struct MoveQuestion<'a> {
    what: &'a str,
    placement: &'a str,
    prediction: Prediction,
    reading: Reading,
    from: u32,
}

fn moved(saved: &ResultFile, asked: MoveQuestion<'_>) -> Result<Case> {
    let MoveQuestion { what, placement, prediction, reading, from } = asked;
    let of = if reading == Reading::MovedBytes { "bytes of state" } else { "keys" };
    let mut at = vec![
        ("placement", placement.into()),
        ("family", Family::of(placement).word().into()),
        ("from", from.into()),
    ];
    if what.ends_with(&format!("{from} → {}", from + 1)) && reading == Reading::MovedKeys {
        at.push(ChartTag::MovedToNext.parameter());
    }
    saved.case(CaseDraft {
        formula: NAME,
        case: format!("{placement}, {what}"),
        quantity: &format!("share of {of} that moves"),
        prediction,
        reading,
        at,
    })
}

/// Every placement: balance, one partition more, twice as many, the last lost, any lost.
fn changes(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (placement, engine) in PLACEMENTS.iter().zip(ENGINES.into_iter().cycle()) {
        if runner.is_to_stop() {
            break;
        }
        cases.extend(changes_of(runner, placement, engine)?);
    }
    Ok(cases)
}

/// One of them, on one engine.
pub(super) fn changes_of(
    runner: &mut CaseRunner<'_>,
    placement: &str,
    engine: &str,
) -> Result<Vec<Case>> {
    let family = Family::of(placement);
    let job = RescaleJob::new(engine, placement, FROM, KEYS).stopped(runner)?;
    let mut cases = vec![balance(runner, placement, &job.result)?];
    let of_bytes = (KEYS as f64 * EQUAL_SIZES) as u64;
    for to in [FROM + 1, 2 * FROM, FROM - 1] {
        let saved = job.rescaled(runner, to, &[], Continuation::ToTheEnd)?;
        let what = match to {
            _ if to < FROM => format!("the last of {FROM} lost"),
            _ => format!("{FROM} → {to}"),
        };
        let ask = |prediction, reading| MoveQuestion {
            what: &what,
            placement,
            prediction,
            reading,
            from: FROM,
        };
        cases.push(moved(&saved, ask(family.moved(FROM, to, KEYS), Reading::MovedKeys))?);
        cases.push(moved(&saved, ask(family.moved(FROM, to, of_bytes), Reading::MovedBytes))?);
        if to < FROM && !matches!(family, Family::Ring | Family::Rendezvous) {
            // Where names have no gap, the partitions behind the lost one move up.
            let what = format!("number {LOST} of {FROM} lost");
            let prediction = family.lost(FROM, LOST, KEYS);
            let reading = Reading::MovedKeysWithout { lost: LOST };
            let asked = MoveQuestion { what: &what, placement, prediction, reading, from: FROM };
            cases.push(moved(&saved, asked)?);
        }
    }
    if matches!(family, Family::Ring | Family::Rendezvous) {
        let lost = [("lost_partition", LOST.into())];
        let saved = job.rescaled(runner, FROM - 1, &lost, Continuation::ToTheEnd)?;
        let what = format!("number {LOST} of {FROM} lost");
        let prediction = family.lost(FROM, LOST, KEYS);
        let reading = Reading::MovedKeys;
        let asked = MoveQuestion { what: &what, placement, prediction, reading, from: FROM };
        cases.push(moved(&saved, asked)?);
    }
    Ok(cases)
}

fn balance(
    runner: &mut CaseRunner<'_>,
    placement: &str,
    result: &reports::schema::RunResult,
) -> Result<Case> {
    let saved = runner.save_run(result)?;
    let keys = KEYS as f64;
    let prediction = match Family::of(placement) {
        Family::Ring => ring_balance::predict(DEFAULT_RING_POINTS, FROM, keys),
        Family::KeyGroups => key_group_shares::predict_scattered(GROUPS, keys, FROM),
        _ => balls_in_bins::predict(keys, FROM),
    };
    saved.case(CaseDraft {
        formula: NAME,
        case: format!("{placement}, {KEYS} keys on {FROM}"),
        quantity: "fullest partition over the mean",
        prediction,
        reading: Reading::MaxOverMean,
        at: Vec::new(),
    })
}

/// A million keys, where three standard errors are a thousandth.
fn many_keys(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let placements = ["modulo", "jump", "rendezvous", "key-groups"];
    let mut cases = Vec::new();
    for (placement, engine) in placements.into_iter().zip(ENGINES.into_iter().cycle()) {
        if runner.is_to_stop() {
            break;
        }
        let job = RescaleJob::new(engine, placement, FROM, MANY_KEYS).stopped(runner)?;
        let saved = job.rescaled(runner, FROM + 1, &[], Continuation::ForAMoment)?;
        cases.push(moved(
            &saved,
            MoveQuestion {
                what: &format!("{MANY_KEYS} keys, {FROM} → {}", FROM + 1),
                placement,
                prediction: Family::of(placement).moved(FROM, FROM + 1, MANY_KEYS),
                reading: Reading::MovedKeys,
                from: FROM,
            },
        )?);
    }
    Ok(cases)
}

/// Points of the chart: p to p+1 over p.
fn curve(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let placements = ["modulo", "key-groups", "jump"];
    for (from, engine) in [2, 4, 7, 15, 16, 31].into_iter().zip(ENGINES.into_iter().cycle()) {
        for placement in placements {
            if runner.is_to_stop() {
                return Ok(cases);
            }
            let job = RescaleJob::new(engine, placement, from, KEYS).stopped(runner)?;
            let saved = job.rescaled(runner, from + 1, &[], Continuation::ForAMoment)?;
            let prediction = Family::of(placement).moved(from, from + 1, KEYS);
            let what = format!("{from} → {}", from + 1);
            let reading = Reading::MovedKeys;
            cases.push(moved(
                &saved,
                MoveQuestion { what: &what, placement, prediction, reading, from },
            )?);
        }
    }
    Ok(cases)
}

/// Rings, and keys of each.
const RINGS: u32 = 100;
const KEYS_OF_A_RING: u64 = 10_000;

/// A hundred rings: their mean, and their spread.
fn rings(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for engine in ENGINES {
        let mut samples = Vec::new();
        for ring in 0..RINGS {
            if runner.is_to_stop() {
                return Ok(cases);
            }
            let mut job = RescaleJob::new(engine, "ring", FROM, KEYS_OF_A_RING);
            job.settings = vec![("ring_seed", ring.into())];
            let result =
                job.stopped(runner)?.goes_on(runner, FROM + 1, &[], Continuation::ForAMoment)?;
            let value = result.recovery.rescale.as_ref().and_then(RescaleRow::moved_keys);
            let value = value.ok_or_else(|| Error::run("the job did not take state up"))?;
            samples.push(Sample { number: ring.into(), value });
        }
        let samples = Samples {
            schema: SAMPLES_SCHEMA.to_owned(),
            quantity: "share of keys that moves".to_owned(),
            over: "ring_seed".to_owned(),
            samples,
        };
        let saved = runner.save(&format!("rings-{engine}"), &samples, engine, "virtual")?;
        let standard_error = samples.standard_error().unwrap_or(f64::NAN);
        let case = format!("{RINGS} rings of {DEFAULT_RING_POINTS} points, {FROM} → {}", FROM + 1);
        let ask = |quantity, prediction, reading| CaseDraft {
            formula: NAME,
            case: case.clone(),
            quantity,
            prediction,
            reading,
            at: Vec::new(),
        };
        let mean = consistent::predict_mean_of_rings(FROM, FROM + 1, standard_error);
        let size = (DEFAULT_RING_POINTS, KEYS_OF_A_RING);
        let spread = consistent::predict_spread(FROM, FROM + 1, size, RINGS);
        cases.push(saved.case(ask(
            "share of keys that moves, mean",
            mean,
            Reading::MeanOfSamples,
        ))?);
        let reading = Reading::DeviationOfSamples;
        cases.push(saved.case(ask("its standard deviation over rings", spread, reading))?);
    }
    Ok(cases)
}

/// Bids, half of which are for auctions that are multiples of 100.
const BIDS: u64 = 300_000;
const HOT_SHARE: f64 = 0.5;
const MULTIPLE: u32 = 100;

/// Nexmark's hot auctions by remainder.
fn hot_keys(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (partitions, engine) in [8, 10, 16].into_iter().zip(ENGINES.into_iter().cycle()) {
        if runner.is_to_stop() {
            break;
        }
        let (saved, _) = runner.run(&Bench {
            settings: vec![("placement", "modulo".into())],
            events: BIDS,
            parallelism: partitions,
            ..Bench::new(engine, "nexmark-q5")
        })?;
        cases.push(saved.case(CaseDraft {
            formula: NAME,
            case: format!("Nexmark's hot auctions, modulo, {partitions} partitions"),
            quantity: "fullest partition over the mean",
            prediction: hot_multiples::predict(HOT_SHARE, MULTIPLE, partitions),
            reading: Reading::MaxOverMean,
            at: Vec::new(),
        })?);
    }
    Ok(cases)
}
