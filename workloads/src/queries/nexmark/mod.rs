//! Nexmark's queries, one per file: plan and evaluator side by side. Their shapes are those of the
//! Flink SQL files of nexmark/nexmark.

mod calendar;
mod columns;
mod q0;
mod q1;
mod q10;
mod q11;
mod q12;
mod q13;
mod q14;
mod q15;
mod q16;
mod q17;
mod q18;
mod q19;
mod q2;
mod q20;
mod q21;
mod q22;
mod q23;
mod q3;
mod q4;
mod q5;
mod q6;
mod q7;
mod q8;
mod q9;
mod query;
mod ranks;
mod sides;

use std::sync::Arc;

use crate::registry::{AnyWorkload, register};

use query::Nexmark;
pub use query::Query;

/// `nexmark-q0` to `nexmark-q23`.
pub fn all() -> Vec<Arc<dyn AnyWorkload>> {
    vec![
        register(Nexmark::new(q0::Q0)),
        register(Nexmark::new(q1::Q1)),
        register(Nexmark::new(q2::Q2)),
        register(Nexmark::new(q3::Q3)),
        register(Nexmark::new(q4::Q4)),
        register(Nexmark::new(q5::Q5)),
        register(Nexmark::new(q6::Q6)),
        register(Nexmark::new(q7::Q7)),
        register(Nexmark::new(q8::Q8)),
        register(Nexmark::new(q9::Q9)),
        register(Nexmark::new(q10::Q10)),
        register(Nexmark::new(q11::Q11)),
        register(Nexmark::new(q12::Q12)),
        register(Nexmark::new(q13::Q13)),
        register(Nexmark::new(q14::Q14)),
        register(Nexmark::new(q15::Q15)),
        register(Nexmark::new(q16::Q16)),
        register(Nexmark::new(q17::Q17)),
        register(Nexmark::new(q18::Q18)),
        register(Nexmark::new(q19::Q19)),
        register(Nexmark::new(q20::Q20)),
        register(Nexmark::new(q21::Q21)),
        register(Nexmark::new(q22::Q22)),
        register(Nexmark::new(q23::Q23)),
    ]
}

#[cfg(test)]
mod tests;
