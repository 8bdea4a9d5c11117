//! Arguments of `place`.

use clap::Args;
use dataflow::placement::{MAX_RING_POINTS, PLACEMENTS};

use crate::cli::defaults;
use crate::cli::shared::parallelism;

/// What keys are.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyType {
    /// Whole numbers of 32 bits.
    Int,
    /// Whole numbers of 64 bits.
    #[default]
    Long,
    /// Texts.
    String,
}

/// Arguments of `place`.
#[derive(Args, Debug)]
pub struct PlaceArgs {
    /// How keys find their partition (see `list placements`)
    #[arg(long, default_value = PLACEMENTS[0], value_parser = clap::builder::PossibleValuesParser::new(PLACEMENTS))]
    pub placement: String,
    /// Partitions
    #[arg(long, default_value_t = defaults::PARALLELISM, value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Key groups.
    #[arg(
        long,
        value_name = "GROUPS",
        value_parser = parallelism(),
        allow_hyphen_values = true,
        help = "Key groups of --placement key-groups [default: one and a half times the \
                parallelism, rounded up to a power of two, at least 128]"
    )]
    pub max_parallelism: Option<u32>,
    /// Points on the ring.
    #[arg(
        long,
        value_name = "POINTS",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RING_POINTS)),
        allow_hyphen_values = true,
        help = "Points that every partition has on the ring of --placement ring [default: 128]"
    )]
    pub ring_points: Option<u32>,
    /// What the keys are: the same digits hash differently as int, long and string
    #[arg(long = "type", value_enum, default_value_t)]
    pub key_type: KeyType,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// Keys; behind `--` if one begins with `-` and is no number
    #[arg(value_name = "KEY", required = true, allow_negative_numbers = true)]
    pub keys: Vec<String>,
}
