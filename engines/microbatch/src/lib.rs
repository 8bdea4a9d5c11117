//! The micro-batch model: a driver and short tasks, as Spark Structured Streaming.
