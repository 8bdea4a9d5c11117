//! The pipelined model: long-lived subtasks, buffers and credits, as Apache Flink.
