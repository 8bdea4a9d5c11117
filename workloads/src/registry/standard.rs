//! The list of the workloads that come with Streamgauge.

use std::sync::Arc;

use crate::erased::AnyWorkload;
use crate::queries;
use crate::queries::nexmark::{Nexmark, aggregates, joins, single_bids, windows};
use crate::registry::erased_workload::register;

/// The workloads that come with Streamgauge, the simplest first. Another program appends its
/// own, made by [`register`].
pub fn standard() -> Vec<Arc<dyn AnyWorkload>> {
    vec![
        register(queries::forward::Forward),
        register(queries::keyed_count::KeyedCount),
        register(queries::windowed_count::WindowedCount),
        register(queries::word_count::WordCount),
        register(queries::uppercase::Uppercase),
        register(queries::transfers::Transfers),
        register(Nexmark::new(single_bids::q0::Q0)),
        register(Nexmark::new(single_bids::q1::Q1)),
        register(Nexmark::new(single_bids::q2::Q2)),
        register(Nexmark::new(joins::q3::Q3)),
        register(Nexmark::new(joins::q4::Q4)),
        register(Nexmark::new(windows::q5::Q5)),
        register(Nexmark::new(joins::q6::Q6)),
        register(Nexmark::new(windows::q7::Q7)),
        register(Nexmark::new(windows::q8::Q8)),
        register(Nexmark::new(joins::q9::Q9)),
        register(Nexmark::new(single_bids::q10::Q10)),
        register(Nexmark::new(windows::q11::Q11)),
        register(Nexmark::new(windows::q12::Q12)),
        register(Nexmark::new(joins::q13::Q13)),
        register(Nexmark::new(single_bids::q14::Q14)),
        register(Nexmark::new(aggregates::q15::Q15)),
        register(Nexmark::new(aggregates::q16::Q16)),
        register(Nexmark::new(aggregates::q17::Q17)),
        register(Nexmark::new(aggregates::q18::Q18)),
        register(Nexmark::new(aggregates::q19::Q19)),
        register(Nexmark::new(joins::q20::Q20)),
        register(Nexmark::new(single_bids::q21::Q21)),
        register(Nexmark::new(single_bids::q22::Q22)),
        register(Nexmark::new(joins::q23::Q23)),
    ]
}
