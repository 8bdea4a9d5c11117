//! The cores that the sides of a duet are pinned to.

use crate::error::{Error, Result};

/// Two cores that this process may run on, of different physical ones if there are such.
///
/// # Errors
/// When there is only one, or the system cannot pin.
pub(crate) fn two() -> Result<[usize; 2]> {
    let allowed = allowed()?;
    let siblings = |core: usize| {
        let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
        std::fs::read_to_string(path).unwrap_or_default()
    };
    match allowed.as_slice() {
        [] | [_] => Err(Error::input(
            "a duet needs two cores, and this process may use one only; leave out --duet",
        )),
        [first, second, ..] => {
            let own = siblings(*first);
            let apart = |core: &&usize| own.is_empty() || siblings(**core) != own;
            Ok([*first, *allowed[1..].iter().find(apart).unwrap_or(second)])
        }
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Result<Vec<usize>> {
    use nix::sched::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(this_thread()).map_err(Error::run)?;
    Ok((0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect())
}

/// Lets this thread, and those that it starts, run on one core alone.
///
/// # Errors
/// When the system refuses it.
pub(crate) fn pin(core: usize) -> Result<()> {
    allow(&[core])
}

#[cfg(target_os = "linux")]
fn allow(cores: &[usize]) -> Result<()> {
    use nix::sched::{CpuSet, sched_setaffinity};
    let mut set = CpuSet::new();
    cores
        .iter()
        .try_for_each(|core| set.set(*core))
        .and_then(|()| sched_setaffinity(this_thread(), &set))
        .map_err(|error| Error::Run(format!("cannot pin to the cores {cores:?}: {error}")))
}

/// Does something while this thread, and those that it starts, run on one core alone.
///
/// # Errors
/// When the system refuses it, and those of what is done.
pub(crate) fn pinned<T>(core: usize, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = allowed()?;
    allow(&[core])?;
    let done = act();
    allow(&before)?;
    done
}

#[cfg(target_os = "linux")]
fn this_thread() -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(0)
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Result<Vec<usize>> {
    Err(Error::input(
        "a duet pins each side to a core, which works on Linux only; leave out --duet",
    ))
}

#[cfg(not(target_os = "linux"))]
fn allow(_cores: &[usize]) -> Result<()> {
    allowed().map(drop)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_may_run_on_its_core_alone() {
        std::thread::spawn(|| {
            let core = allowed().unwrap()[0];
            let before = allowed().unwrap();
            assert_eq!(pinned(core, allowed).unwrap(), [core]);
            assert_eq!(allowed().unwrap(), before, "as it was");
            pin(core).unwrap();
            assert_eq!(allowed().unwrap(), [core]);
            assert!(two().unwrap_err().to_string().contains("needs two cores"));
            assert!(pin(100_000).unwrap_err().to_string().contains("[100000]"));
        })
        .join()
        .unwrap();
    }
}
