//! `place`: where keys go, and why.

use std::str::FromStr;

use dataflow::Key;
use dataflow::placement::{
    DEFAULT_RING_POINTS, Decision, Placement, PlacementKind, check_max_parallelism, check_ring,
};
use serde_json::{Value, json};

use crate::cli::{KeyType, PlaceArgs};
use crate::error::{Error, Outcome, Result};
use crate::terminal;
use crate::terminal::out;

/// A key with the way in which it found its partition.
struct PlacedKey {
    /// As JSON has it: a number or a text.
    key: Value,
    decision: Decision,
}

/// Runs `place`.
///
/// # Errors
/// When a key is not of the type, or options do not go together.
pub(crate) fn place(args: &PlaceArgs) -> Result<Outcome> {
    let placement = placement(args)?;
    let placed: Vec<PlacedKey> = args
        .keys
        .iter()
        .map(|key| decide(key, args.key_type, &placement))
        .collect::<Result<_>>()?;
    if args.json {
        out::json(&placed.iter().map(PlacedKey::json).collect::<Value>());
    } else {
        out::line(&table(&placed, PlacementKind::named(placement.name())));
    }
    Ok(Outcome::Good)
}

fn placement(args: &PlaceArgs) -> Result<Placement> {
    let mut kind = PlacementKind::named(&args.placement);
    let only = |option: &str, placement: &str| {
        let given = &args.placement;
        Err(Error::Input(format!(
            "{option} is for --placement {placement} and means nothing to {given}; leave it out"
        )))
    };
    if args.max_parallelism.is_some() && kind != PlacementKind::KeyGroups {
        return only("--max-parallelism", "key-groups");
    }
    match (&mut kind, args.ring_points) {
        (PlacementKind::Ring { points, .. }, given) => {
            *points = given.unwrap_or(DEFAULT_RING_POINTS)
        }
        (_, Some(_)) => return only("--ring-points", "ring"),
        (_, None) => {}
    }
    check_max_parallelism(args.max_parallelism.map(i64::from), args.parallelism)
        .and_then(|()| check_ring(kind, args.parallelism))
        .map_err(Error::Input)?;
    Ok(kind.over(args.parallelism, args.max_parallelism))
}

fn decide(key: &str, key_type: KeyType, placement: &Placement) -> Result<PlacedKey> {
    match key_type {
        KeyType::Int => number::<i32>(key, "int").map(|number| placed(&number, placement)),
        KeyType::Long => number::<i64>(key, "long").map(|number| placed(&number, placement)),
        KeyType::String => Ok(placed(&key.to_owned(), placement)),
    }
}

fn placed<K: Key>(key: &K, placement: &Placement) -> PlacedKey {
    PlacedKey { key: json!(key), decision: placement.explain(key) }
}

fn number<K: FromStr>(key: &str, name: &str) -> Result<K> {
    key.parse().map_err(|_| {
        // A number that only a longer type holds is no text yet.
        let instead = match key.parse::<i64>() {
            Ok(_) => "--type long, or --type string",
            Err(_) => "--type string",
        };
        let bits = size_of::<K>() * 8;
        Error::Input(format!(
            "the key `{key}` is no {name}, a whole number of {bits} bits; give {instead} to place \
             it as one"
        ))
    })
}

impl PlacedKey {
    fn json(&self) -> Value {
        let Decision { hash, bucket, partition } = self.decision;
        json!({ "key": self.key, "hash": hash, "bucket": bucket, "partition": partition })
    }
}

/// A row for each key. The bucket is named for what it is.
fn table(placed: &[PlacedKey], kind: PlacementKind) -> String {
    let (hash, bucket) = match kind {
        PlacementKind::KeyGroups => ("murmur of hashCode", Some("key group")),
        PlacementKind::Modulo | PlacementKind::Jump => ("number", None),
        PlacementKind::Ring { .. } => ("point", Some("taken by point")),
        PlacementKind::JavaHash => ("hashCode", None),
        PlacementKind::Murmur3 => ("Murmur3", None),
        PlacementKind::SplitMix => ("SplitMix64", None),
        PlacementKind::Rendezvous { .. } => ("highest weight", None),
    };
    let header: Vec<&str> = ["key", hash].into_iter().chain(bucket).chain(["partition"]).collect();
    let mut table = terminal::table::table(&header, 1);
    for PlacedKey { key, decision } in placed {
        let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        let Decision { hash, bucket, partition } = decision;
        let bucket = bucket.map(|bucket| bucket.to_string());
        let row = [key, hash.to_string()].into_iter().chain(bucket);
        table.add_row(row.chain([partition.to_string()]));
    }
    table.to_string()
}
