//! Both clocks with their faults, and tasks that can be counted.

use std::sync::Arc;

use dataflow::job::runtime::{Home, Role, Runtime, Task, sleep_until};
use dataflow::job::storage::Storage;
use runtime::{Faults, MemoryStorage, VirtualOptions, VirtualTime, WallClock, WallOptions};

#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) faults: Arc<Faults>,
}

pub(crate) fn machines(seed: u64, storage: impl Fn() -> Arc<dyn Storage>) -> Vec<Machine> {
    let options = VirtualOptions { seed, tracing: true, ..VirtualOptions::default() };
    let time = VirtualTime::with_storage(options, storage());
    let mut all = vec![Machine { faults: Arc::clone(time.faults()), runtime: time }];
    for worker_threads in [1, 2] {
        let options = WallOptions { seed, worker_threads };
        let clock = WallClock::with_storage(options, storage()).expect("threads start");
        all.push(Machine { faults: Arc::clone(clock.faults()), runtime: clock });
    }
    all
}

/// Runs `main` on every machine.
pub(crate) fn on_all<F: Future<Output = ()> + Send + 'static>(main: impl Fn(Machine) -> F) {
    for machine in machines(7, || MemoryStorage::new()) {
        let runtime = Arc::clone(&machine.runtime);
        runtime.block_on(Box::pin(main(machine))).expect("no deadlock");
        assert_eq!(Arc::strong_count(&runtime), 1, "{}: nothing is left", runtime.clock());
    }
}

pub(crate) const MILLI: u64 = 1_000_000;

impl Machine {
    /// Waits until `count` tasks of this count are alive, and a little longer.
    pub(crate) async fn until(&self, alive: &Alive, count: usize) {
        while alive.count() != count {
            self.pause(MILLI).await;
        }
        self.pause(2 * MILLI).await;
        assert_eq!(alive.count(), count, "{}", self.runtime.clock());
    }

    pub(crate) async fn pause(&self, nanos: u64) {
        sleep_until(&*self.runtime, self.runtime.now().after(nanos)).await;
    }

    /// Starts tasks that wait for ever, on homes from 0 on.
    pub(crate) fn start(&self, role: Role, count: u32) -> Alive {
        let alive = Alive::default();
        for home in 0..count {
            self.runtime.spawn_as(Home(home), role, alive.wait_for_ever());
        }
        alive
    }

    pub(crate) fn struck(&self) -> Vec<String> {
        self.faults.struck().into_iter().map(|struck| struck.what).collect()
    }
}

/// Counts tasks that have not been dropped.
#[derive(Clone, Default)]
pub(crate) struct Alive(pub(crate) Arc<()>);

impl Alive {
    pub(crate) fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    pub(crate) fn wait_for_ever(&self) -> Task {
        let held = Arc::clone(&self.0);
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(held);
        })
    }
}
