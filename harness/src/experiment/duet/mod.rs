//! Duets: two runs at the same time, each a process pinned to a core of its own, so that whatever
//! slows the machine slows both, and is in none of their ratios. (Bulej, Horký, Tůma, Farquet,
//! Prokopec: Duet Benchmarking: Improving Measurement Accuracy in the Cloud, ICPE 2020.)

mod contention;
pub(crate) mod cores;
mod kept;
mod order;
mod process;
pub(crate) mod side;

use std::path::Path;

use dataflow::StopSignal;
use reports::schema::{Comparison, ContentionRow, DuetSlice, Measures, RunResult, Verdict};
use reports::words::units;

use crate::cli::defaults;
use crate::error::{Error, Result};
use crate::experiment::memory;
use crate::experiment::sizing::{RunSize, spec};
use crate::experiment::suite::{Experiment, Variant};
use crate::measure::machine::progress::{Progress, SharedPart, Stretch};
use crate::run::answer::Oracle;
use crate::run::audience::Audience;
use crate::run::validity;

use contention::Round;
use kept::KeptFolder;
use order::{SideOrder, SideReport};
use process::Side;

/// Two sides need as many slices together for their figures to be used.
const FEWEST_SLICES: u64 = 3;

/// Rounds that are made at most to find out about contention: some may be disturbed.
const MOST_ROUNDS: usize = 2 * contention::ROUNDS;

/// Makes duets, and lets variants run alone on one of the two cores.
pub(crate) struct Duet {
    cores: [usize; 2],
    oracle: Oracle,
    kept: KeptFolder,
}

/// Who may stop what is done, and who is told of it.
pub(crate) type Company<'a> = (&'a StopSignal, &'a dyn Audience);

impl Duet {
    /// On two cores of this machine.
    ///
    /// # Errors
    /// When there is only one, or the system cannot pin.
    pub(crate) fn new() -> Result<Self> {
        let kept = KeptFolder::new(Path::new(defaults::CONTENTION_DIR));
        Ok(Self { cores: cores::two()?, oracle: Oracle::default(), kept })
    }

    /// Does something on one of the cores alone, as the sides will.
    ///
    /// # Errors
    /// Those of what is done, and when the system cannot pin.
    pub(crate) fn as_a_side<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        cores::pinned(self.cores[0], act)
    }

    /// Runs two variants at once: in every other round on each other's cores. Their throughput and
    /// their processor time are those of the part in which both were timed.
    ///
    /// `None` when the user has stopped it before they began.
    ///
    /// # Errors
    /// When a run fails.
    pub(crate) fn run(
        &mut self,
        experiment: &Experiment,
        variants: [&Variant; 2],
        (size, round): (RunSize, u32),
        (stop, audience): Company<'_>,
    ) -> Result<Option<[RunResult; 2]>> {
        let [a, b] = variants;
        if !experiment.force {
            let specs = [spec(experiment, a, size, round)?, spec(experiment, b, size, round)?];
            memory::check_together(&specs)?;
        }
        let first = round as usize % 2;
        let mut order = |variant: &Variant, beside: &Variant, place: usize| -> Result<SideOrder> {
            let order = self.order(experiment, variant, (size, round), audience)?;
            Ok(order.on(self.cores[(first + place) % 2], Some(&beside.name)))
        };
        let orders = [order(a, b, 0)?, order(b, a, 1)?];
        let Some(ended) = together(&orders, stop)? else { return Ok(None) };
        let [mut a, mut b] = ended;
        let shared = match (&a.1, &b.1) {
            (Some(of_a), Some(of_b)) => SharedPart::of(of_a, of_b),
            // Where the system does not tell, nothing is known of what both ran in.
            _ => SharedPart::default(),
        };
        keep_shared(&mut a.0, &shared, 0);
        keep_shared(&mut b.0, &shared, 1);
        Ok(Some([a.0, b.0]))
    }

    /// How much the variants of an experiment are slowed by what runs beside them, as it was kept or,
    /// if nothing is known, as it is measured now. Fewer rounds when the user stops it.
    ///
    /// # Errors
    /// When a run fails, or what was measured cannot be kept.
    pub(crate) fn contention(
        &mut self,
        experiment: &Experiment,
        size: RunSize,
        company: Company<'_>,
    ) -> Result<Vec<ContentionRow>> {
        let mut rows = Vec::new();
        for variant in &experiment.variants {
            let spec = spec(experiment, variant, size, 0)?;
            let mut kept = self.kept.read(&spec, self.cores).unwrap_or_default();
            let mut because = None;
            if kept.rounds.len() < contention::ROUNDS {
                let before = kept.rounds.len();
                because = self.add_rounds(experiment, variant, size, company, &mut kept.rounds)?;
                if kept.rounds.len() > before {
                    kept = self.kept.write(&spec, self.cores, kept.rounds)?;
                }
            }
            rows.push(ContentionRow {
                experiment: experiment.name.clone(),
                workload: experiment.workload.name().to_owned(),
                variant: variant.name.clone(),
                measured: kept.measured,
                ..contention::judge(spec.measures, &kept.rounds, because.as_deref())
            });
        }
        Ok(rows)
    }

    /// Lets a variant run alone and beside a copy of itself, in turn, until there are rounds enough in
    /// which nothing else went on. Returns why runs were invalid, if some were for another reason.
    fn add_rounds(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        size: RunSize,
        (stop, audience): Company<'_>,
        rounds: &mut Vec<Round>,
    ) -> Result<Option<String>> {
        audience.say(&format!("contention: {} on {}", experiment.workload.name(), variant.name));
        let mut because = None;
        for made in 0..MOST_ROUNDS {
            let left = MOST_ROUNDS - made;
            if rounds.len() == contention::ROUNDS || rounds.len() + left < contention::ROUNDS {
                break;
            }
            let round = (rounds.len() + made) as u32;
            let order = self.order(experiment, variant, (size, round), audience)?;
            let alone = order.on(self.cores[round as usize % 2], None);
            let Some([(mut alone, progress)]) = together(&[alone], stop)? else { break };
            // Cut as the sides are: without what comes before and after whole slices.
            let shared = progress.as_ref().map(|own| SharedPart::of(own, own));
            keep_shared(&mut alone, &shared.unwrap_or_default(), 0);
            let pair = [variant, variant];
            let Some(sides) = self.run(experiment, pair, (size, round), (stop, audience))? else {
                break;
            };
            rounds.extend(contention::round(&alone, &sides));
            let [a, b] = &sides;
            let invalid = [&alone, a, b].into_iter().filter(|run| !validity::is_disturbed(run));
            let mut reasons = invalid.flat_map(|run| &run.invalid_because);
            because = reasons.next().cloned().or(because);
        }
        Ok(because)
    }

    fn order(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        (size, round): (RunSize, u32),
        audience: &dyn Audience,
    ) -> Result<SideOrder> {
        let right = self.oracle.digest(&spec(experiment, variant, size, round)?, audience);
        Ok(SideOrder::new(experiment, variant, (size, round), right))
    }
}

/// A run that is over, and how far it had come when.
type EndedRun = (RunResult, Option<Progress>);

/// Runs all of these at once, from a common start; `None` when the user has stopped it before.
fn together<const N: usize>(
    orders: &[SideOrder; N],
    stop: &StopSignal,
) -> Result<Option<[EndedRun; N]>> {
    let mut sides = orders.iter().map(Side::start).collect::<Result<Vec<_>>>()?;
    let ready = sides.iter_mut().try_for_each(|side| side.ready(stop));
    if stop.is_requested() {
        return Ok(None);
    }
    ready?;
    sides.iter_mut().for_each(Side::go);
    let mut ended: [Option<EndedRun>; N] = std::array::from_fn(|_| None);
    while ended.iter().any(Option::is_none) {
        for (side, ended) in sides.iter_mut().zip(&mut ended).filter(|(_, it)| it.is_none()) {
            *ended = side.poll_report(stop)?.map(SideReport::ended).transpose()?;
        }
    }
    let ended: Vec<EndedRun> = ended.into_iter().flatten().collect();
    ended.try_into().map(Some).map_err(|_| Error::run("a side of the duet is missing"))
}

/// Cuts the figures of a side down to the part in which both were timed.
fn keep_shared(run: &mut RunResult, shared: &SharedPart, side: usize) {
    let (part, slices) = (shared.all(side), shared.slices.len() as u64);
    if let Some(duet) = &mut run.duet {
        let slice = |both: &[Stretch; 2]| DuetSlice {
            records: both[side].read,
            cpu_ns: both[side].cpu_nanos,
            core_ns: both[side].core_nanos,
        };
        duet.slices = shared.slices.iter().map(slice).collect();
    }
    let too_little = if slices < FEWEST_SLICES {
        Some(format!(
            "Both sides were timed together in {slices} slices of 100 ms only, and {FEWEST_SLICES} \
             are needed: --duration or --events."
        ))
    } else if part.read <= 0.0 {
        let millis = shared.nanos() / 1_000_000;
        Some(format!("It read nothing in the {millis} ms in which both sides were timed."))
    } else {
        None
    };
    if let Some(because) = too_little {
        run.valid = false;
        run.invalid_because.push(because);
        return;
    }
    let nanos = shared.nanos() as f64;
    // At a planned rate events come when they are planned, whoever has the core.
    let had = match run.measures {
        Measures::Throughput => part.core_nanos.min(nanos).max(1.0),
        Measures::Latency => nanos,
    };
    run.elapsed_ns = shared.nanos();
    run.throughput_per_s = part.read * 1e9 / had;
    run.cpu_ns_per_record = Some(part.cpu_nanos / part.read);
}

/// Takes back the verdicts on variants whose duets are not to be believed.
pub(crate) fn withhold(comparisons: &mut [Comparison], contention: &[ContentionRow]) {
    for comparison in comparisons {
        let is_of = |row: &&ContentionRow| {
            let variants = [&comparison.a, &comparison.b];
            row.experiment == comparison.experiment && variants.contains(&&row.variant)
        };
        let mut rows = contention.iter().filter(is_of);
        let because = rows.find_map(|row| Some((&row.variant, row.no_verdict_because.as_ref()?)));
        if let Some((variant, because)) = because {
            let ratio = comparison.ratio.map_or(String::new(), |ratio| {
                format!("The ratio of these duets is {}. ", units::ratio(ratio))
            });
            comparison.verdict = Verdict::None;
            comparison.why = format!("Of {variant}: {because}. {ratio}{}", comparison.why);
        }
    }
}
