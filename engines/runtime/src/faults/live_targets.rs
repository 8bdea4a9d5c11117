//! The tasks that are alive, and the choice of a fault's victims among them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dataflow::job::runtime::{Home, Role};

use crate::faults::fault::{Fault, Victim, role_name};
use crate::faults::kill_switch::{KillSwitch, TaskId};
use crate::random::Draws;

/// All tasks that have been started and are not gone, in the order in which they were started.
#[derive(Default)]
pub(crate) struct LiveTargets {
    members: BTreeMap<TaskId, Member>,
    /// Those whose process has died and who are not gone yet.
    dying: BTreeSet<TaskId>,
}

struct Member {
    home: Home,
    role: Role,
    switch: Arc<KillSwitch>,
}

/// The victims of a fault.
pub(crate) struct Choice {
    /// Already condemned; to be woken once nothing is locked.
    pub(crate) condemned: Vec<Arc<KillSwitch>>,
    /// The strike in words.
    pub(crate) what: String,
}

impl LiveTargets {
    pub(crate) fn add(&mut self, id: TaskId, home: Home, role: Role) -> Arc<KillSwitch> {
        let switch = Arc::<KillSwitch>::default();
        self.members.insert(id, Member { home, role, switch: Arc::clone(&switch) });
        switch
    }

    /// Takes out a task that is gone; its switch is to be dropped once nothing is locked. The flag
    /// tells whether it was the last of a process that has died.
    pub(crate) fn remove(&mut self, id: TaskId) -> (Option<Arc<KillSwitch>>, bool) {
        let last = self.dying.remove(&id) && self.dying.is_empty();
        (self.members.remove(&id).map(|member| member.switch), last)
    }

    pub(crate) fn is_condemned(&self, id: TaskId) -> bool {
        self.members.get(&id).is_some_and(|member| member.switch.is_condemned())
    }

    /// The nanoseconds by which a task is slow.
    pub(crate) fn slowness(&self, id: TaskId) -> u64 {
        self.members.get(&id).and_then(|member| member.switch.slowness()).unwrap_or(0)
    }

    pub(crate) fn is_dying(&self) -> bool {
        !self.dying.is_empty()
    }

    /// Strikes, and says whom. `first` is chosen without a draw if it is such a victim.
    pub(crate) fn strike(
        &mut self,
        fault: Fault,
        first: Option<TaskId>,
        draws: &mut Draws,
    ) -> Choice {
        let chosen = match fault {
            Fault::Kill(Victim::Subtask) => self.one(Role::Subtask, first, draws),
            Fault::Kill(Victim::Task) => self.one(Role::Task, first, draws),
            Fault::Kill(Victim::Executor) => self.home(first, draws),
            Fault::Kill(Victim::Driver) => self.process(),
            Fault::Slow { role, .. } => self.one(role, first, draws),
        };
        let Some((ids, whom)) = chosen else {
            return Choice { condemned: Vec::new(), what: format!("{fault}: nobody to strike") };
        };
        let what = format!("{fault} {whom}");
        let switches =
            ids.iter().filter_map(|id| self.members.get(id)).map(|member| &member.switch);
        match fault {
            Fault::Kill(victim) => {
                let condemned: Vec<_> = switches.map(Arc::clone).collect();
                condemned.iter().for_each(|switch| switch.condemn());
                if victim == Victim::Driver {
                    // With it die those that were condemned before and are not gone yet.
                    self.dying.extend(self.members.keys());
                }
                Choice { condemned, what }
            }
            Fault::Slow { nanos, .. } => {
                switches.for_each(|switch| switch.slow(nanos));
                Choice { condemned: Vec::new(), what }
            }
        }
    }

    /// Whether there is anybody to strike who lives longer than a moment: a task of
    /// [`Role::Task`] that is alive may have done its work.
    pub(crate) fn has_lasting_victim(&self, fault: Fault) -> bool {
        self.alive().any(|(_, member)| fault.strikes(member.role) && member.role != Role::Task)
    }

    /// Whether a task is alive and such a victim as a fault asks for.
    pub(crate) fn is_victim(&self, id: TaskId, fault: Fault) -> bool {
        let member = self.members.get(&id).filter(|member| !member.switch.is_condemned());
        member.is_some_and(|member| fault.strikes(member.role))
    }

    fn alive(&self) -> impl Iterator<Item = (TaskId, &Member)> {
        self.members
            .iter()
            .filter(|(_, member)| !member.switch.is_condemned())
            .map(|(&id, member)| (id, member))
    }

    fn one(
        &self,
        role: Role,
        first: Option<TaskId>,
        draws: &mut Draws,
    ) -> Option<(Vec<TaskId>, String)> {
        let alive: Vec<_> = self.alive().filter(|(_, member)| member.role == role).collect();
        if alive.is_empty() {
            return None;
        }
        let performer = alive.iter().find(|(id, _)| Some(*id) == first);
        let (id, member) = performer.copied().unwrap_or_else(|| alive[draws.below(alive.len())]);
        let (home, count) = (member.home.0, alive.len());
        Some((vec![id], format!("on home {home} (of {count} alive)")))
    }

    fn home(&self, first: Option<TaskId>, draws: &mut Draws) -> Option<(Vec<TaskId>, String)> {
        let works = |member: &Member| matches!(member.role, Role::Subtask | Role::Task);
        let workers: Vec<_> = self.alive().filter(|(_, member)| works(member)).collect();
        let homes: BTreeSet<Home> = workers.iter().map(|(_, member)| member.home).collect();
        let homes: Vec<Home> = homes.into_iter().collect();
        if homes.is_empty() {
            return None;
        }
        let performer = workers.iter().find(|(id, _)| Some(*id) == first);
        let home = performer
            .map(|(_, member)| member.home)
            .unwrap_or_else(|| homes[draws.below(homes.len())]);
        let ids: Vec<TaskId> =
            workers.iter().filter(|(_, member)| member.home == home).map(|(id, _)| *id).collect();
        let (tasks, count) = (ids.len(), homes.len());
        Some((ids, format!("on home {} (of {count} alive) with {tasks} tasks", home.0)))
    }

    fn process(&self) -> Option<(Vec<TaskId>, String)> {
        let driver = self.alive().find(|(_, member)| member.role == Role::Driver);
        let home = driver?.1.home.0;
        let ids: Vec<TaskId> = self.alive().map(|(id, _)| id).collect();
        let by_role = [Role::Subtask, Role::Task, Role::Driver, Role::Service]
            .map(|role| (role, self.alive().filter(|(_, member)| member.role == role).count()));
        let counted: Vec<String> = by_role
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(role, count)| format!("{count} {}", role_name(role)))
            .collect();
        Some((ids, format!("on home {home} with its process ({})", counted.join(", "))))
    }
}
