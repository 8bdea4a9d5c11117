//! T = B/R.

use super::Chapter;

/// Flow control.
pub(super) const CHAPTER: Chapter = Chapter {
    name: "flow-control",
    title: "Flow control",
    formula: "T = B / R",
    chinese: "数据流量控制公式为 T = B/R，其中 T 是时间，B 是带宽，R 是速率。",
    english: "The formula of flow control is T = B/R, where T is time, B is bandwidth, and R is \
              rate.",
    terms: &[
        ("数据流量控制", "flow control"),
        ("时间", "time"),
        ("带宽", "bandwidth"),
        ("速率", "rate"),
        ("负载均衡", "load balancing"),
    ],
    meaning: &[
        "A bandwidth over a rate has no unit and is no time. Read B as what is buffered, and it is \
         Little's law: what waits, over the rate at which it leaves, is how long it waits.",
    ],
    prediction: &[],
    conclusion: &[],
};
