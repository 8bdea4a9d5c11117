//! Faults of messages and at storage operations that are planned and have not struck yet.

use crate::faults::fault::{Fate, Fault, Message, Operation, When};

/// Planned faults, each with a count of what it waits for.
#[derive(Default)]
pub(crate) struct Plans {
    at_storage: Vec<Countdown<StoragePlan>>,
    messages: Vec<Countdown<Message>>,
}

/// A fault at a storage operation; see [`Trigger::Storage`](crate::Trigger::Storage).
pub(crate) struct StoragePlan {
    pub prefix: String,
    pub operation: Operation,
    pub nth: u64,
    pub when: When,
    pub fault: Fault,
}

/// A fault that an operation brings about.
pub(crate) struct OperationFault {
    pub when: When,
    pub fault: Fault,
}

/// A plan that happens once, and how often what it waits for has happened.
struct Countdown<T> {
    plan: T,
    seen: u64,
}

impl Plans {
    /// Plans a fault at a storage operation.
    pub(crate) fn at_storage(&mut self, plan: StoragePlan) {
        self.at_storage.push(Countdown { plan, seen: 0 });
    }

    /// Plans that a message does not arrive as it should.
    pub(crate) fn message(&mut self, plan: Message) {
        self.messages.push(Countdown { plan, seen: 0 });
    }

    /// Of several plans for one message the first counts.
    pub(crate) fn fate_of(&mut self, name: &str) -> Option<(u64, Fate)> {
        let of_this_name = self.messages.iter_mut().filter(|planned| planned.plan.name == name);
        let mut found = None;
        for planned in of_this_name {
            planned.seen += 1;
            if planned.seen == planned.plan.nth && found.is_none() {
                found = Some((planned.plan.nth, planned.plan.fate));
            }
        }
        self.messages.retain(|planned| planned.seen < planned.plan.nth);
        found
    }

    /// Counts a storage operation on these files. Returns the faults that it brings about.
    pub(crate) fn count_operation(
        &mut self,
        operation: Operation,
        names: &[String],
    ) -> Vec<OperationFault> {
        let mut found = Vec::new();
        self.at_storage.retain_mut(|planned| {
            let StoragePlan { prefix, operation: wanted, nth, when, fault } = &planned.plan;
            let named = names.iter().any(|name| name.starts_with(prefix.as_str()));
            if operation != *wanted || !named {
                return true;
            }
            planned.seen += 1;
            if planned.seen < *nth {
                return true;
            }
            found.push(OperationFault { when: *when, fault: *fault });
            false
        });
        found
    }
}
