//! H(x) = H_mod(x mod P).

use super::chapter::Chapter;

/// Placement of keys.
pub(super) const CHAPTER: Chapter = Chapter {
    name: "placement",
    title: "Placement",
    formula: "H(x) = H_mod(x mod P)",
    chinese: "一致性哈希公式为 H(x) = H_mod(x mod P)，其中 H 是哈希函数，P 是哈希表大小。",
    english: "The formula of consistent hashing is H(x) = H_mod(x mod P), where H is a hash \
              function and P the size of the hash table.",
    terms: &[
        ("一致性哈希", "consistent hashing"),
        ("哈希函数", "hash function"),
        ("哈希表大小", "size of the hash table"),
        ("数据一致性", "data consistency"),
    ],
    meaning: &[
        "x mod P is not consistent hashing, but its opposite: consistent hashing was invented \
         because a remainder moves nearly every key when P changes. Nor has it to do with data \
         consistency, which checkpoints and logs bring about.",
        "With P read as a fixed number of buckets, and H_mod as what deals buckets to workers, it is \
         what Flink does with its key groups. Keys with the same remainder stay together whatever \
         H_mod is.",
    ],
    prediction: &[
        "From p to p+1 partitions a remainder moves p/(p+1) of the keys; consistent hashing, jump \
         hash and rendezvous move 1/(p+1), the least that can move; key groups about a half, \
         whatever p is.",
        "From p to 2p a remainder moves a half, as the consistent ones do; key groups move 1 − 1/(2p) \
         of the groups, yet every new subtask reads the state of one former subtask only.",
        "When any one partition is lost: 1 − 1/p with a remainder, 1/p with a ring and rendezvous; \
         jump hash can lose only its last one.",
    ],
    conclusion: &[
        "As it is written the formula moves nearly all state at every change of P. Whoever wants \
         little movement takes rendezvous or a ring; whoever wants few files to read takes ranges \
         of key groups.",
        "For key groups most texts give ½ (1 − p/G). That is right for powers of two alone: of 128 \
         groups p = 8 moves 0.469, but p = 7 moves 0.523 and p = 15 moves 0.555. With many groups it \
         is ½ for every p.",
        "Nexmark's hot keys are multiples of 100. A remainder piles them on few partitions for \
         ever; a hash spreads them over the run, but within a moment one key is hot, and one \
         partition with it.",
    ],
};
