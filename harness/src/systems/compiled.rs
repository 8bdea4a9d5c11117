//! The program of a system, compiled against its jars when it is first needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use ::files::ScratchFolder;
use external::{Program, System, program};
use sha2::{Digest, Sha256};

use crate::files::{make_folder, write_whole};
use crate::systems::jars::{jars_in, program_folder};
use crate::systems::tools::{Jdk, output};

/// The jar of a system's program for these jars and this JDK: compiled if it is not there.
///
/// # Errors
/// One line: what the compiler says, or what is missing.
pub(super) fn compiled(system: System, jars: &Path, jdk: &Jdk) -> Result<PathBuf, String> {
    let program = program(system);
    let name = format!("{}-{}.jar", system.name(), &key(program, jars, jdk)[..16]);
    let target = program_folder()?.join(name);
    if target.is_file() {
        return Ok(target);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", target.display());
    let scratch = ScratchFolder::new("compile").map_err(failed)?;
    let (sources, classes) = (scratch.path().join("sources"), scratch.path().join("classes"));
    make_folder(&classes).map_err(failed)?;
    let mut files = Vec::new();
    for (path, text) in program.sources {
        let file = sources.join(path);
        make_folder(file.parent().unwrap_or(&sources)).map_err(failed)?;
        write_whole(&file, text.as_bytes()).map_err(failed)?;
        files.push(file);
    }
    let mut javac = Command::new(jdk.compiler()?);
    javac.args(["-encoding", "UTF-8", "-nowarn", "-proc:none", "-d"]).arg(&classes);
    javac.arg("-cp").arg(jars.join("*")).args(&files);
    output(&mut javac).map_err(|error| {
        format!(
            "the program for {} does not compile with the jars in {}: {error}",
            system.title(),
            jars.display()
        )
    })?;
    let packed = scratch.path().join("program.jar");
    let mut jar = Command::new(jdk.tool("jar"));
    jar.arg("--create").arg("--file").arg(&packed).arg("-C").arg(&classes).arg(".");
    output(&mut jar)?;
    let bytes = std::fs::read(&packed).map_err(failed)?;
    write_whole(&target, &bytes).map_err(failed)?;
    Ok(target)
}

/// A hash of all that decides what is compiled.
fn key(program: &Program, jars: &Path, jdk: &Jdk) -> String {
    let mut hash = Sha256::new();
    for (path, text) in program.sources {
        hash.update(path.as_bytes());
        hash.update(text.as_bytes());
    }
    for jar in jars_in(jars) {
        hash.update(jar.as_os_str().as_encoded_bytes());
    }
    hash.update(jdk.version.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
