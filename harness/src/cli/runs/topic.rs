//! Arguments of commands whose runs may all read one topic.

use std::path::PathBuf;

use clap::Args;
use kafka::{ClientSettings, TopicAddress};

use crate::error::Result;
use crate::files::uri::replayed_topic;

/// The topic that every run reads.
#[derive(Args, Clone, Debug, Default)]
pub struct TopicArgs {
    /// Read this topic in every run, in the place of generated events: kafka:HOST:PORT/TOPIC?from=..
    /// &until=..; where it ends is settled once
    #[arg(long, value_name = "INPUT", value_parser = replayed_topic)]
    pub input: Option<TopicAddress>,
    /// Settings of the Kafka client (passwords, certificates), name=value a line
    #[arg(long, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,
}

impl TopicArgs {
    /// Settings of the client, if any were given.
    ///
    /// # Errors
    /// When their file cannot be read.
    pub(crate) fn settings(&self) -> Result<Option<ClientSettings>> {
        Ok(self.kafka_config.as_deref().map(ClientSettings::read).transpose()?)
    }
}
