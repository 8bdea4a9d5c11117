//! P = N/M.

use super::chapter::Chapter;

/// Data partitioning.
pub(super) const CHAPTER: Chapter = Chapter {
    name: "partitioning",
    title: "Partitioning",
    formula: "P = N / M",
    chinese: "数据分区公式为 P = N/M，其中 P 是分区数，N 是总数据量，M 是分区数。",
    english: "The formula of data partitioning is P = N/M, where P is the number of partitions, N \
              the total amount of data, and M the number of partitions.",
    terms: &[
        ("数据分区", "data partitioning"),
        ("分区数", "number of partitions"),
        ("总数据量", "total amount of data"),
        ("并行处理", "parallel processing"),
    ],
    meaning: &[
        "P and M are both called the number of partitions, which cannot be: N = P M would then be \
         the square of it. Read P as records per partition, and the formula is right: it is the \
         mean.",
        "A mean says nothing of the fullest partition, and a job is as fast as that one.",
    ],
    prediction: &[
        "By chance alone the fullest of M partitions has 1 + √(2 M ln M / K) times the mean, where \
         K is the number of equal keys that would scatter as much: 1/K = Σ p² + 1/N.",
        "All records of one key are on one partition, whatever the placement: with a hottest key of \
         share p₁ its partition has M p₁ + 1 − p₁ times the mean.",
        "Key groups are dealt whole: ⌈G/p⌉ p/G before any key is placed.",
        "The job takes μ/p_hot: what the subtask with the largest share can do.",
    ],
    conclusion: &[
        "P = N/M holds exactly, and answers no question that anybody has. The fullest partition \
         decides, and for it the number of keys and the share of the hottest key matter, not N.",
        "More partitions make skew worse: beyond 1/p₁ of them the job gets no faster. Splitting the \
         hot key in a first stage and adding up the parts in a second mends it; another hash does \
         not.",
    ],
};
