//! What can be planned to go wrong, and when.

use std::fmt;
use std::str::FromStr;

use dataflow::job::runtime::Role;
use dataflow::record::time::ProcessingTime;

/// Who is killed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Victim {
    /// One live task of [`Role::Subtask`], drawn.
    Subtask,
    /// One live task of [`Role::Task`], drawn.
    Task,
    /// All live tasks of [`Role::Subtask`] and [`Role::Task`] of one home, drawn from the homes
    /// that have any.
    Executor,
    /// Every spawned task, as when the process dies in which a live task of [`Role::Driver`]
    /// decides. Only the task given to `block_on` is left, and the crash hooks are run.
    Driver,
}

impl FromStr for Victim {
    type Err = String;

    /// `subtask`, `task`, `executor`, and `driver` or `coordinator` for the same.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "subtask" => Ok(Self::Subtask),
            "task" => Ok(Self::Task),
            "executor" => Ok(Self::Executor),
            "driver" | "coordinator" => Ok(Self::Driver),
            _ => Err(format!(
                "`{name}` cannot be killed; choose subtask, task, executor, driver or coordinator"
            )),
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subtask => "subtask",
            Self::Task => "task",
            Self::Executor => "executor",
            Self::Driver => "driver",
        })
    }
}

/// What goes wrong with tasks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Live tasks are dropped, with everything they own.
    Kill(Victim),
    /// One live task of this role, drawn, is slow until it ends. In virtual time each of its calls
    /// of `reserve` answers this much later, and no core is held meanwhile; on the wall clock each
    /// of its turns begins this much later.
    Slow {
        /// Whom it strikes.
        role: Role,
        /// By how much, in nanoseconds.
        nanos: u64,
    },
}

impl Fault {
    /// Whether a task of this role is such a victim as the fault asks for.
    pub(crate) fn strikes(self, role: Role) -> bool {
        match self {
            Self::Kill(Victim::Subtask) => role == Role::Subtask,
            Self::Kill(Victim::Task) => role == Role::Task,
            Self::Kill(Victim::Executor) => matches!(role, Role::Subtask | Role::Task),
            Self::Kill(Victim::Driver) => role == Role::Driver,
            Self::Slow { role: slow, .. } => role == slow,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(victim) => write!(f, "kill {victim}"),
            Self::Slow { role, nanos } => write!(f, "slow {} by {nanos} ns", role_name(*role)),
        }
    }
}

pub(crate) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Subtask => "subtask",
        Role::Task => "task",
        Role::Driver => "driver",
        Role::Service => "service",
    }
}

/// When a planned fault strikes, once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// At this instant, if `block_on` still runs then.
    At(ProcessingTime),
    /// At a storage operation. If whoever performs it is such a victim as the fault asks for, then
    /// nobody is drawn and the fault strikes them.
    Storage {
        /// How the file's name begins; of a rename, the old name or the new one.
        prefix: String,
        /// Which operation.
        operation: Operation,
        /// Which of those that match, from 1, counted from when this was planned.
        nth: u64,
        /// On which side of its effect.
        when: When,
    },
}

/// An operation of a storage that changes something.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A whole file is put.
    Put,
    /// Bytes are added to a file.
    Append,
    /// A file is made durable.
    Sync,
    /// A file gets another name.
    Rename,
    /// A file is removed.
    Remove,
}

impl FromStr for Operation {
    type Err = String;

    /// `put`, `append`, `sync`, `rename` or `remove`.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "put" => Ok(Self::Put),
            "append" => Ok(Self::Append),
            "sync" => Ok(Self::Sync),
            "rename" => Ok(Self::Rename),
            "remove" => Ok(Self::Remove),
            _ => Err(format!(
                "`{name}` is no storage operation; choose put, append, sync, rename or remove"
            )),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put => "put",
            Self::Append => "append",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Remove => "remove",
        })
    }
}

/// On which side of an operation's effect a fault strikes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Before: if the fault kills whoever performs the operation, it does not happen.
    Before,
    /// After: it has happened, and whoever performs it does not learn of that if the fault kills
    /// them.
    After,
}

/// One control message that does not arrive as it should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its kind, as given to [`deliver`](dataflow::job::runtime::Runtime::deliver).
    pub name: String,
    /// Which of this kind, from 1, counted from when this was planned.
    pub nth: u64,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It never arrives.
    Lost,
    /// It arrives this many nanoseconds late, unless the process dies before.
    Late(u64),
}

/// A fault that has struck, or found nobody to strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// When.
    pub at: ProcessingTime,
    /// Whom and how, such as `kill subtask on home 2 (of 8 alive)`, or `kill task: nobody to
    /// strike`.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use super::{Operation, Victim};

    #[test]
    fn names_are_read_back() {
        for victim in [Victim::Subtask, Victim::Task, Victim::Executor, Victim::Driver] {
            assert_eq!(victim.to_string().parse(), Ok(victim));
        }
        assert_eq!("coordinator".parse(), Ok(Victim::Driver));
        assert!("disk".parse::<Victim>().unwrap_err().contains("choose subtask"));
        use Operation::{Append, Put, Remove, Rename, Sync};
        for operation in [Put, Append, Sync, Rename, Remove] {
            assert_eq!(operation.to_string().parse(), Ok(operation));
        }
        assert!("write".parse::<Operation>().is_err());
    }
}
