//! P = N/M: records per partition, and the fullest of them.

use reports::formulas::zipf::Zipf;
use reports::formulas::{Case, Reading, hot_key, mean_load};

use super::{Asked, Bench, Formula, Lab};
use crate::error::Result;

/// The formula.
pub(super) const FORMULA: Formula = Formula { name: "partitioning", measure };

/// Both models.
const ENGINES: [&str; 2] = ["pipelined", "microbatch"];

fn measure(lab: &mut Lab<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    cases.extend(spread(lab)?);
    Ok(cases)
}

/// Keys, events and exponents of [`spread`].
const KEYS: u64 = 100_000;
const EVENTS: u64 = 200_000;
const EXPONENTS: [f64; 4] = [0.0, 0.5, 0.9, 1.2];
const PARTITIONS: [u32; 3] = [4, 16, 64];

/// The mean, and the fullest partition over it, by exponent and number of partitions.
fn spread(lab: &mut Lab<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for exponent in EXPONENTS {
        let zipf = Zipf::new(KEYS, exponent);
        for (partitions, engine) in PARTITIONS.into_iter().zip(ENGINES.into_iter().cycle()) {
            if lab.stop.is_requested() {
                return Ok(cases);
            }
            let bench = Bench {
                knobs: vec![("keys", KEYS.into()), ("zipf_exponent", exponent.into())],
                settings: vec![("placement", "splitmix".into())],
                events: EVENTS,
                parallelism: partitions,
                ..Bench::new(engine, "keyed-count")
            };
            let (saved, _) = lab.run(&bench)?;
            let case = format!("{KEYS} keys, s = {exponent}, {partitions} partitions");
            if exponent == 0.0 && partitions < 64 {
                cases.push(saved.case(Asked {
                    formula: FORMULA.name,
                    case: case.clone(),
                    quantity: "records per partition, mean",
                    prediction: mean_load::predict(EVENTS, partitions),
                    reading: Reading::MeanLoad,
                    at: Vec::new(),
                })?);
            }
            cases.push(saved.case(Asked {
                formula: FORMULA.name,
                case,
                quantity: "fullest partition over the mean",
                prediction: hot_key::predict(zipf, KEYS, EVENTS, partitions),
                reading: Reading::MaxOverMean,
                at: vec![
                    ("chart", "max-over-mean-by-partitions".into()),
                    ("partitions", partitions.into()),
                    ("exponent", exponent.into()),
                    ("keys", KEYS.into()),
                    ("events", EVENTS.into()),
                    ("placement", "splitmix".into()),
                ],
            })?);
        }
    }
    Ok(cases)
}
