//! Outputs of `run`: opened before the job is written down, and begun once it is.

use std::sync::Arc;

use dataflow::Guarantee;
use dataflow::job::storage::Storage;
use files::Kind;
use kafka::{ClientSettings, OutputTopic, TopicWriter};
use runtime::DirectoryStorage;

use crate::cli::RunArgs;
use crate::error::{Error, Result};
use crate::files::at_once::at_once;
use crate::files::rows::{RowTarget, RowWriter, WriterThread};
use crate::files::uri::OutputUri;
use crate::measure::transactional::{SINK, TopicOutput, is_empty};
use crate::run::clock::RunClock;
use crate::run::io::RunIo;
use crate::run::spec::RunSpec;
use crate::run::topic_input::company;
use crate::terminal::out;

/// Transactions of a commit at most: each has clients of its own.
const MOST_SLOTS: u32 = 32;

/// The topic that results go to, if they go to one; it is there.
///
/// # Errors
/// As [`OutputTopic::open`].
pub(super) fn output_topic(args: &RunArgs, client: &ClientSettings) -> Result<Option<OutputTopic>> {
    let Some(OutputUri::Kafka(address)) = &args.output else { return Ok(None) };
    Ok(Some(OutputTopic::open(address.clone(), client.clone(), out::tell())?))
}

/// An output that can be written to, and is not yet.
pub(super) enum OpenOutput {
    /// Nobody wants rows.
    Nowhere,
    /// A file, a stream or a topic, which shows rows as they come.
    AtOnce(RowTarget),
    /// A topic that shows rows as they come.
    TopicAtOnce(OutputTopic),
    /// A folder of part files.
    Folder(Arc<dyn Storage>),
    /// A topic in which rows are published once they are committed.
    Published(OutputTopic),
}

impl OpenOutput {
    /// Opens what `--output` names; a topic was opened before.
    ///
    /// # Errors
    /// When it cannot be written to, or cannot hold what the guarantee promises.
    pub(super) fn open(
        args: &RunArgs,
        guarantee: Guarantee,
        topic: Option<OutputTopic>,
    ) -> Result<Self> {
        let is_committed = guarantee == Guarantee::ExactlyOnce;
        let opened = match (topic, &args.output) {
            (Some(topic), _) if is_committed => Self::Published(topic),
            (Some(topic), _) => Self::TopicAtOnce(topic),
            (None, Some(uri)) if is_committed && *uri != OutputUri::Discard => {
                Self::Folder(folder(uri, args.resume)?)
            }
            (None, Some(uri)) => RowTarget::open(uri)?.map_or(Self::Nowhere, Self::AtOnce),
            (None, None) => Self::Nowhere,
        };
        if args.no_check_output && !matches!(opened, Self::Folder(_) | Self::Published(_)) {
            return Err(Error::Input(
                "--no-check-output goes with a folder of part files or a topic: --output file:FOLDER or \
                 kafka:HOST:PORT/TOPIC under --guarantee exactly-once"
                    .to_owned(),
            ));
        }
        Ok(opened)
    }

    /// Begins to write for a job: a topic is taken over from whoever wrote for it before.
    ///
    /// # Errors
    /// When a client or a thread cannot be made.
    pub(super) fn begin(self, args: &RunArgs, spec: &RunSpec, clock: &RunClock) -> Result<Writing> {
        let at_once = |target| {
            let name = args.output.as_ref().map(ToString::to_string).unwrap_or_default();
            let thread = WriterThread::start(name, target)?;
            Ok(Writing { rows: Some(thread.writer()), thread: Some(thread), ..Writing::default() })
        };
        match self {
            Self::Nowhere => Ok(Writing::default()),
            Self::AtOnce(target) => at_once(target),
            Self::TopicAtOnce(topic) => {
                at_once(RowTarget::Topic(TopicWriter::open(topic, spec.guarantee())?))
            }
            Self::Folder(folder) => Ok(Writing { folder: Some(folder), ..Writing::default() }),
            Self::Published(topic) => {
                let (storage, company) = (clock.runtime().storage(), company(clock, &out::tell()));
                let slots = spec.parallelism.min(MOST_SLOTS);
                let topic = TopicOutput::open(topic, storage, SINK, slots, company)?;
                Ok(Writing { topic: Some(Arc::new(topic)), ..Writing::default() })
            }
        }
    }
}

/// The folder that results go to under exactly-once.
fn folder(uri: &OutputUri, resumes: bool) -> Result<Arc<dyn Storage>> {
    let OutputUri::File(path) = uri else {
        return Err(Error::Input(format!(
            "exactly-once needs an output that can be committed: file:PATH, which becomes \
             a folder of part files, kafka:HOST:PORT/TOPIC, or discard; {uri} shows everything at once"
        )));
    };
    let folder: Arc<dyn Storage> =
        DirectoryStorage::open(path, Kind::Output).map_err(Error::input)?;
    let looked_at = Arc::clone(&folder);
    if !resumes && !at_once(async move { is_empty(&looked_at, "").await })? {
        return Err(Error::Input(format!(
            "{} already holds results; name an empty folder",
            path.display()
        )));
    }
    Ok(folder)
}

/// An output that is written to.
#[derive(Default)]
pub(super) struct Writing {
    rows: Option<RowWriter>,
    thread: Option<WriterThread>,
    folder: Option<Arc<dyn Storage>>,
    topic: Option<Arc<TopicOutput>>,
}

impl Writing {
    /// A run that writes here.
    pub(super) fn taken_by<'a>(&'a self, io: RunIo<'a>) -> RunIo<'a> {
        io.rows(self.rows.as_ref()).folder(self.folder.as_ref()).topic(self.topic.as_ref())
    }

    /// The run is over: waits until everything is where it belongs.
    ///
    /// # Errors
    /// When something could not be written.
    pub(super) fn finish(self) -> Result<()> {
        drop(self.rows);
        self.thread.map_or(Ok(()), WriterThread::finish)
    }
}
