//! How a system's process is started on this machine.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ::files::ScratchFolder;
use external::{Installations, Launch, System, program};

use crate::systems::compiled::compiled;
use crate::systems::installed::check;
use crate::systems::jars::Home;
use crate::systems::tools::Jdk;

/// A JVM that has not connected by then does not start, in nanoseconds: a busy machine takes its time.
const STARTS_WITHIN_NANOS: u64 = 120_000_000_000;

/// The systems of this machine.
#[derive(Default)]
pub(super) struct OnThisMachine {
    /// Where the processes of each store what they store.
    folders: Mutex<BTreeMap<System, ScratchFolder>>,
}

impl Installations for OnThisMachine {
    fn version(&self, system: System) -> Option<String> {
        Home::of(system).ok()?.version(system)
    }

    fn launch(&self, system: System) -> Result<Launch, String> {
        let home = Home::of(system)?;
        check(system, &home)?;
        let jdk = Jdk::find()?;
        let jars = home.jars();
        let compiled = compiled(system, &jars, &jdk)?;
        let mut folders = self.folders.lock().expect("no holder fails");
        let folder = match folders.get(&system) {
            Some(folder) => folder.path().to_owned(),
            None => {
                let folder =
                    ScratchFolder::new(system.name()).map_err(|error| error.to_string())?;
                let path = folder.path().to_owned();
                folders.insert(system, folder);
                path
            }
        };
        let program = program(system);
        let class_path = format!("{}:{}/*", compiled.display(), jars.display());
        let temporary = format!("-Djava.io.tmpdir={}", folder.display());
        let options = program.jvm_options.iter().map(|option| (*option).to_owned());
        let mut arguments: Vec<String> = options.collect();
        arguments.extend([temporary, "-cp".to_owned(), class_path, program.main.to_owned()]);
        Ok(Launch {
            program: jdk.tool("java"),
            arguments,
            environment: vec![("SPARK_LOCAL_IP".to_owned(), "127.0.0.1".to_owned())],
            folder,
            starts_within_nanos: STARTS_WITHIN_NANOS,
        })
    }
}
