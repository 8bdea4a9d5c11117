//! Workloads, each with its own evaluator.
