//! T = B/R.

use super::chapter::Chapter;

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
    prediction: &[
        "Pipelined, under back-pressure: every buffer that credits and the sender's bound allow is \
         full. A record waits for all that is ahead of it, B bytes, at the rate R of the receiver; so \
         does a checkpoint's barrier, which overtakes nothing. Where the receiver is far away, R is \
         itself a window over a time: the credits' bytes per round trip.",
        "Pipelined, when the receiver keeps up: a record waits for its buffer to be filled (φ) or \
         flushed (every τ), whichever comes first, a/2 − a²/(6d) on average.",
        "After a burst, under both models: the last event waits for the backlog over the rate at which \
         it is served; until nothing waits takes the backlog over the capacity that the load leaves.",
        "Micro-batch: a record waits half an interval for its trigger and then for its batch, T/2 + \
         S. Without an interval, or with one that cannot be kept, batches settle at S* = F/(1 − ρ), and \
         a record waits 1.5 S*.",
        "A slow receiver beside a fast one: each gets what its keys are, and the job runs at the pace of \
         the slow one.",
    ],
    conclusion: &[
        "T = B/R holds for buffers, credits, backlogs and batches alike, if B is what waits and R the \
         rate at which it leaves. Bigger buffers and more of them make back-pressure latency and \
         aligned checkpoints longer in proportion, and do not raise R.",
        "Flow control keeps a receiver from being overrun. It is not load balancing: no record goes to \
         another receiver because one is slow.",
        "Above a load of 1 nothing here holds: what waits grows for as long as the load lasts.",
    ],
};
