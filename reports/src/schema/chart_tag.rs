//! Which cases of `formulas` belong to one picture.

use serde_json::Value;

/// A group of cases that vary the same things, and so can be drawn in one picture. A case carries
/// it as a parameter.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChartTag {
    /// Partitioning: the fullest partition, over the number of partitions.
    MaxOverMeanByPartitions,
    /// Placement: keys that move when one partition is added.
    MovedToNext,
    /// Flow control: residence behind full buffers.
    FullBuffers,
    /// The bound on that residence.
    Bound,
    /// Residence in a job that is offered more than it can take.
    Overload,
    /// The travel of a barrier through full buffers.
    Barrier,
    /// Latency by the interval of batches.
    Batches,
    /// The largest load that batches keep up with.
    Limit,
    /// Until the backlog of a burst is gone.
    Drain,
    /// The backlog that a burst leaves.
    Backlog,
    /// The rate over a link by its credits.
    CreditWindow,
    /// What a slow receiver gets beside fast ones.
    Receivers,
    /// The pace of a job with a slow receiver.
    Load,
    /// The wait for a buffer that is filled or flushed.
    Flusher,
}

impl ChartTag {
    /// Every group.
    pub const ALL: [Self; 14] = [
        Self::MaxOverMeanByPartitions,
        Self::MovedToNext,
        Self::FullBuffers,
        Self::Bound,
        Self::Overload,
        Self::Barrier,
        Self::Batches,
        Self::Limit,
        Self::Drain,
        Self::Backlog,
        Self::CreditWindow,
        Self::Receivers,
        Self::Load,
        Self::Flusher,
    ];

    /// Name of the parameter that carries it.
    pub const PARAMETER: &'static str = "chart";

    /// As results carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxOverMeanByPartitions => "max-over-mean-by-partitions",
            Self::MovedToNext => "moved-to-next",
            Self::FullBuffers => "full buffers",
            Self::Bound => "bound",
            Self::Overload => "overload",
            Self::Barrier => "barrier",
            Self::Batches => "batches",
            Self::Limit => "limit",
            Self::Drain => "drain",
            Self::Backlog => "backlog",
            Self::CreditWindow => "credit window",
            Self::Receivers => "receivers",
            Self::Load => "load",
            Self::Flusher => "flusher",
        }
    }

    /// The group of that name; `None` for an unknown one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| tag.as_str() == name)
    }

    /// Name and value of the parameter of a case.
    pub fn parameter(self) -> (&'static str, Value) {
        (Self::PARAMETER, self.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Case;

    fn case(at: &Value) -> Case {
        let case = json!({
            "formula": "", "case": "", "engine": "", "clock": "", "quantity": "", "form": "",
            "predicted": 1.0, "measured": 1.0, "relative_error": null,
            "tolerance": { "kind": "exact" }, "valid_range": "", "verdict": "holds", "run": "",
            "reading": { "read": "mean-load" }, "at": at,
        });
        serde_json::from_value(case).unwrap()
    }

    #[test]
    fn a_case_gives_its_group_back_and_no_two_have_one_name() {
        for tag in ChartTag::ALL {
            assert_eq!(ChartTag::named(tag.as_str()), Some(tag));
            let (name, value) = tag.parameter();
            assert_eq!(case(&json!({ name: value })).chart(), Some(tag));
        }
        assert_eq!(case(&json!({})).chart(), None);
        assert_eq!(case(&json!({ "chart": "unknown" })).chart(), None);
    }
}
