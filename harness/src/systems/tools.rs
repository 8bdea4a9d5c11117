//! The tools that systems need: a JDK and Maven.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The oldest Java on which both systems run.
pub(crate) const OLDEST_JAVA: u32 = 17;

/// How to get a JDK.
const GET_JDK: &str = "install a JDK of version 17 or newer (Debian and Ubuntu: `apt install \
                       openjdk-17-jdk-headless`), or point JAVA_HOME at one";

/// A JDK.
#[derive(Clone, Debug)]
pub(crate) struct Jdk {
    bin: Option<PathBuf>,
    /// Its version, as it says itself.
    pub(crate) version: String,
}

impl Jdk {
    /// The one that JAVA_HOME names, else the one on the path.
    ///
    /// # Errors
    /// One line, when there is none, or it is too old.
    pub(crate) fn find() -> Result<Self, String> {
        let home = env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let bin = home.as_ref().map(|home| PathBuf::from(home).join("bin"));
        let mut jdk = Self { bin, version: String::new() };
        let place = home.map_or_else(
            || "there is no `java` on the path".to_owned(),
            |home| format!("there is no Java in JAVA_HOME ({})", home.display()),
        );
        let said = output(Command::new(jdk.tool("java")).arg("-version"))
            .map_err(|_| format!("{place}; {GET_JDK}"))?;
        jdk.version = version_in(&said).unwrap_or_default().to_owned();
        let major: u32 =
            jdk.version.split(['.', '-', '+']).next().unwrap_or("").parse().unwrap_or(0);
        if major < OLDEST_JAVA {
            return Err(format!("Java {} is too old: {GET_JDK}", jdk.version));
        }
        Ok(jdk)
    }

    /// One of its tools: `java`, `javac`, `jar`.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.bin.as_ref().map_or_else(|| PathBuf::from(name), |bin| bin.join(name))
    }

    /// Its compiler.
    ///
    /// # Errors
    /// One line, when there is only a runtime.
    pub(crate) fn compiler(&self) -> Result<PathBuf, String> {
        let javac = self.tool("javac");
        match output(Command::new(&javac).arg("-version")) {
            Ok(_) => Ok(javac),
            Err(_) => Err(format!("Java {} has no compiler (`javac`): {GET_JDK}", self.version)),
        }
    }
}

/// The version in what `java -version` says: `openjdk version "17.0.15" 2025-04-15`.
fn version_in(said: &str) -> Option<&str> {
    said.split('"').nth(1)
}

/// Maven.
///
/// # Errors
/// One line, when it is not there.
pub(crate) fn maven() -> Result<&'static OsStr, String> {
    let mvn = OsStr::new("mvn");
    match output(Command::new(mvn).arg("--version")) {
        Ok(_) => Ok(mvn),
        Err(_) => Err("there is no `mvn` on the path, by which the jars are got; install Maven \
                       (Debian and Ubuntu: `apt install maven`)"
            .to_owned()),
    }
}

/// What a command prints, on both ways, once it has ended well.
///
/// # Errors
/// What it printed last, when it fails; why it cannot be started.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let ran = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if ran.status.success() {
        return Ok(said);
    }
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    let lines = if errors.is_empty() { said.lines().collect() } else { errors };
    let first = lines.iter().find(|line| !line.trim().is_empty()).unwrap_or(&"it says nothing");
    Err(format!("{name} failed ({}): {}", ran.status, first.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_in_quotes() {
        assert_eq!(version_in("openjdk version \"17.0.15\" 2025-04-15\nx"), Some("17.0.15"));
        assert_eq!(version_in("no java"), None);
    }

    #[test]
    fn what_fails_says_why_in_a_line() {
        let mut failing = Command::new("sh");
        failing.args(["-c", "echo; echo '[ERROR] no such artifact'; echo more; exit 4"]);
        let error = output(&mut failing).unwrap_err();
        assert!(error.ends_with(": [ERROR] no such artifact"), "{error}");
        assert!(output(&mut Command::new("no-such-program-here")).is_err());
    }
}
