//! The balance of all accounts together.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Aggregator, Input, RetractingAggregator};
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use serde::{Deserialize, Serialize};

use crate::events::transfer::{Transfer, TransferEvents};
use crate::knobs::MAX_KEYS;
use crate::queries::changes::change_rows;
use crate::spec::{Description, Knobs, TimedEvent, Workload};

/// Double-entry transfers, the balance of every account, and the total over all.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Transfers;

/// A posting: an account, and the cents that it gains.
type Posting = (u64, i64);

/// The balance of an account.
#[derive(Copy, Clone, Debug)]
struct Balance;

impl Aggregator for Balance {
    type In = Posting;
    type Accumulator = i64;
    type Result = i64;

    fn fresh(&self) -> i64 {
        0
    }
    fn add(&self, balance: &mut i64, (_, cents): &Posting) {
        *balance += cents;
    }
    fn merge(&self, into: &mut i64, from: &i64) {
        *into += from;
    }
    fn result(&self, balance: &i64) -> i64 {
        *balance
    }
}

/// Adds up balances.
#[derive(Copy, Clone, Debug)]
struct Total;

impl RetractingAggregator for Total {
    type In = i64;
    type Accumulator = TotalRow;
    type Result = TotalRow;

    fn fresh(&self) -> TotalRow {
        TotalRow { accounts: 0, total_cents: 0 }
    }
    fn add(&self, total: &mut TotalRow, balance: &i64) {
        total.accounts += 1;
        total.total_cents += balance;
    }
    fn retract(&self, total: &mut TotalRow, balance: &i64) {
        total.accounts -= 1;
        total.total_cents -= balance;
    }
    fn result(&self, total: &TotalRow) -> TotalRow {
        *total
    }
}

/// The one row of the result.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TotalRow {
    /// Accounts that anything was booked on.
    accounts: u64,
    /// 0 after every transfer.
    total_cents: i64,
}

impl Data for TotalRow {}

impl Workload for Transfers {
    type Events = TransferEvents;

    fn name(&self) -> &'static str {
        "transfers"
    }
    fn description(&self) -> Description {
        Description {
            origin: "internal consistency in streaming systems (2021): every transfer takes from an \
                     account what it gives to another, so that all balances add up to 0 after every \
                     prefix of the input",
            operators: "source -> flat_map -> key_by -> aggregate -> map -> key_by -> aggregate \
                        changes -> map -> sink",
            state: "a balance per account; their sum",
            stresses: "consistency: the two halves of a transfer go different ways, and a total other \
                       than 0 is a result that no prefix of the input justifies",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &[Setting] {
        const KNOBS: &[Setting] =
            &[Setting::integer("keys", (1, MAX_KEYS), 100, "number of accounts")];
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> TransferEvents {
        TransferEvents::new(knobs, seed)
    }

    fn plan(&self, _: &Knobs, events: Stream<Input<Transfer>>, sink: SinkSlot) -> Plan {
        events
            .flat_map(|Transfer { from, to, cents }| {
                [(from, -i64::from(cents)), (to, i64::from(cents))]
            })
            .key_by(|&(account, _): &Posting| account)
            .aggregate(Balance)
            .map(|change| change_rows(change, |(_, balance)| balance))
            .key_changes_by(|_: &i64| 0_u64)
            .aggregate(Total)
            .map(|change| change_rows(change, |(_, total)| total))
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Transfer>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut balances: BTreeMap<u64, i64> = BTreeMap::new();
        for TimedEvent { value: Transfer { from, to, cents }, .. } in events {
            *balances.entry(from).or_default() -= i64::from(cents);
            *balances.entry(to).or_default() += i64::from(cents);
        }
        let mut digest = Digest::default();
        if !balances.is_empty() {
            let (accounts, total_cents) = (balances.len() as u64, balances.values().sum());
            digest.insert(&TotalRow { accounts, total_cents });
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::golden::assert_pinned;
    use crate::testing::run_plan::run_lines;

    #[test]
    fn what_one_account_loses_another_gains() {
        let lines = [
            r#"{"from":1,"to":2,"cents":5}"#,
            r#"{"from":2,"to":2,"cents":7}"#,
            r#"{"from":3,"to":1,"cents":4294967295}"#,
        ];
        let rows = run_lines(Transfers, &[], &lines);
        let last =
            rows.iter().filter(|row| row.contains(r#""accounts":3,"total_cents":0"#)).count();
        assert!(last >= 1, "{rows:?}");
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(Transfers);
    }
}
