//! Suites that come with the binary.

/// Name and text of each.
pub(crate) const SHIPPED: &[(&str, &str)] = &[
    ("quick", include_str!("../shipped/quick.toml")),
    ("standard", include_str!("../shipped/standard.toml")),
    ("models", include_str!("../shipped/models.toml")),
    ("nexmark", include_str!("../shipped/nexmark.toml")),
    ("skew", include_str!("../shipped/skew.toml")),
    ("faults", include_str!("../shipped/faults.toml")),
];

/// What a suite says of itself: the comment at its top, on one line.
pub(crate) fn about(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}
