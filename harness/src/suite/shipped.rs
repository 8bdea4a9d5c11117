//! Suites that come with the binary.

/// Name and text of each.
pub const SHIPPED: &[(&str, &str)] = &[
    ("quick", include_str!("../suites/quick.toml")),
    ("standard", include_str!("../suites/standard.toml")),
    ("models", include_str!("../suites/models.toml")),
    ("nexmark", include_str!("../suites/nexmark.toml")),
    ("skew", include_str!("../suites/skew.toml")),
    ("faults", include_str!("../suites/faults.toml")),
];

/// What a suite says of itself: the comment at its top, on one line.
pub fn about(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}
