//! Cases of key groups with one key in each: how many groups move, and how evenly they are dealt.

use std::fmt::Write;

use dataflow::placement::Placement;
use reports::formulas::partitioning::key_group_shares;
use reports::formulas::placement::{half_of_many_groups, moved_key_groups as groups};
use reports::formulas::{Case, Prediction, Reading};
use serde_json::Value;

use super::case_runner::{CaseDraft, CaseRunner, ResultFile};
use super::rescale::{Continuation, RescaleJob, StoppedJob};
use crate::error::{Error, Result};

/// Flink's smallest and largest default number of key groups.
const FEW: u32 = 128;
const MANY: u32 = 32_768;

/// Moved groups, by counting and by the formula of most texts.
pub(super) fn cases(runner: &mut CaseRunner<'_>, formula: &str) -> Result<Vec<Case>> {
    let mut cases = few(runner, formula)?;
    cases.extend(many(runner, formula)?);
    Ok(cases)
}

/// Of few groups: by p.
pub(super) fn few(runner: &mut CaseRunner<'_>, formula: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (engine, from) in [("pipelined", 7), ("microbatch", 8), ("pipelined", 15)] {
        if runner.is_to_stop() {
            return Ok(cases);
        }
        let saved = one_more(runner, engine, FEW, from)?;
        let counted = groups::predict_groups(FEW, from, from + 1);
        cases.push(moved(&saved, formula, FEW, from, counted)?);
        cases.push(moved(&saved, formula, FEW, from, groups::predict_folklore(FEW, from))?);
    }
    Ok(cases)
}

/// Of many groups: a half.
fn many(runner: &mut CaseRunner<'_>, formula: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (engine, from) in [("pipelined", 7), ("microbatch", 64)] {
        if runner.is_to_stop() {
            return Ok(cases);
        }
        let saved = one_more(runner, engine, MANY, from)?;
        let counted = groups::predict_groups(MANY, from, from + 1);
        cases.push(moved(&saved, formula, MANY, from, counted)?);
        cases.push(moved(&saved, formula, MANY, from, half_of_many_groups::predict(MANY, from))?);
    }
    Ok(cases)
}

/// Shares of partitions in key groups, where they do not divide evenly.
pub(super) fn quantisation(runner: &mut CaseRunner<'_>, formula: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (engine, partitions) in [("pipelined", 85), ("microbatch", 100), ("pipelined", 127)] {
        if runner.is_to_stop() {
            return Ok(cases);
        }
        let count = key_group_shares::default_groups(partitions);
        let job = stopped(runner, engine, count, 1)?;
        let saved = job.rescaled(runner, partitions, &[], Continuation::ForAMoment)?;
        cases.push(saved.case(CaseDraft {
            formula,
            case: format!("{count} key groups on {partitions} partitions"),
            quantity: "key groups of a partition, largest over the mean",
            prediction: key_group_shares::predict(count, partitions),
            reading: Reading::KeysMaxOverMean,
            at: Vec::new(),
        })?);
    }
    Ok(cases)
}

fn moved(
    saved: &ResultFile,
    formula: &str,
    count: u32,
    from: u32,
    prediction: Prediction,
) -> Result<Case> {
    saved.case(CaseDraft {
        formula,
        case: format!("{count} key groups with a key in each, {from} → {}", from + 1),
        quantity: "share of key groups that moves",
        prediction,
        reading: Reading::MovedKeys,
        at: Vec::new(),
    })
}

fn one_more(
    runner: &mut CaseRunner<'_>,
    engine: &str,
    count: u32,
    from: u32,
) -> Result<ResultFile> {
    stopped(runner, engine, count, from)?.rescaled(runner, from + 1, &[], Continuation::ForAMoment)
}

/// A job with a key in each of `count` groups, stopped.
fn stopped<'a>(
    runner: &mut CaseRunner<'_>,
    engine: &'a str,
    count: u32,
    from: u32,
) -> Result<StoppedJob<'a>> {
    let path = runner.write_input(&format!("key-groups-{count}.txt"), keys(count).as_bytes())?;
    let path = path.to_str().ok_or_else(|| Error::input("the result directory is no text"))?;
    let mut job = RescaleJob::new(engine, "key-groups", from, count.into());
    job.settings = vec![("max_parallelism", Value::from(count))];
    job.key_file = Some(path.to_owned());
    job.stopped(runner)
}

/// The smallest key of every group, a line each.
fn keys(count: u32) -> String {
    let placement = Placement::key_groups(1, Some(count));
    let mut found = vec![None; count as usize];
    let (mut missing, mut key) = (count, 0_u64);
    while missing > 0 {
        let group = placement.explain(&key).bucket.expect("key groups are buckets") as usize;
        if found[group].is_none() {
            found[group] = Some(key);
            missing -= 1;
        }
        key += 1;
    }
    found.into_iter().flatten().fold(String::new(), |mut text, key| {
        let _ = writeln!(text, "{key}");
        text
    })
}
