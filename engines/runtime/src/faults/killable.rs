//! A task that a fault can strike.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use dataflow::job::runtime::{Home, Role, Task, Timer};

use crate::faults::Faults;
use crate::faults::kill_switch::{KillSwitch, TaskId, Turn};

/// A task around which the runtime looks, before and after each turn, whether it has been struck.
/// A task that is to die is dropped right then, also when it was struck in its own turn.
pub(crate) struct Killable {
    // Dropped in this order: a task counts as alive until everything it owns is gone.
    task: Option<Task>,
    membership: Option<Membership>,
}

/// A task's place among those that faults choose from. It ends with the task.
struct Membership {
    id: TaskId,
    switch: Arc<KillSwitch>,
    faults: Arc<Faults>,
    registered: bool,
    delay: Option<Delay>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.faults.gone(self.id);
    }
}

impl Killable {
    /// A task that no fault strikes.
    pub(crate) fn immune(task: Task) -> Self {
        Self { task: Some(task), membership: None }
    }

    /// A task that faults can strike. `None`, and the task is dropped, when the task that starts
    /// it has been killed.
    pub(crate) fn admit(faults: &Arc<Faults>, home: Home, role: Role, task: Task) -> Option<Self> {
        let (id, switch) = faults.register(home, role)?;
        let faults = Arc::clone(faults);
        let membership = Membership { id, switch, faults, registered: false, delay: None };
        Some(Self { task: Some(task), membership: Some(membership) })
    }

    fn die(&mut self) -> Poll<()> {
        drop(self.task.take());
        Poll::Ready(())
    }
}

impl Future for Killable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let _turn = Turn::begin(this.membership.as_ref().map(|membership| membership.id));
        if let Some(membership) = &mut this.membership {
            if !membership.registered {
                membership.registered = true;
                membership.switch.register(context.waker());
            }
            match membership.switch.slowness() {
                None => return this.die(),
                Some(0) => {}
                Some(nanos) => ready!(membership.poll_turn(nanos, context)),
            }
        }
        let Some(task) = &mut this.task else { return Poll::Ready(()) };
        let progress = task.as_mut().poll(context);
        if let Some(membership) = this.membership.as_ref().filter(|_| progress.is_pending()) {
            membership.faults.strike_waiting(membership.id);
        }
        match &this.membership {
            Some(membership) if membership.switch.is_condemned() => this.die(),
            _ => progress,
        }
    }
}

/// Puts off the turns of a slow task.
struct Delay {
    timer: Box<dyn Timer>,
    armed: bool,
}

impl Membership {
    /// Ready when a turn that is due now may begin.
    #[cold]
    fn poll_turn(&mut self, nanos: u64, context: &mut Context<'_>) -> Poll<()> {
        if self.delay.is_none() {
            let Some(timer) = self.faults.turn_timer() else { return Poll::Ready(()) };
            self.delay = Some(Delay { timer, armed: false });
        }
        let Some(delay) = &mut self.delay else { return Poll::Ready(()) };
        if !delay.armed {
            delay.timer.arm(self.faults.now().after(nanos));
            delay.armed = true;
        }
        ready!(delay.timer.poll_due(context));
        delay.armed = false;
        Poll::Ready(())
    }
}
