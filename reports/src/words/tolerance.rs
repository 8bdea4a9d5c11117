//! A tolerance in words.

use super::units::{share, significant};
use crate::schema::Tolerance;

/// How far a measurement may be from its prediction: `exact`, `± 2 %`, `at most, + 10 %`, `± 0.0012`.
///
/// ```
/// use reports::schema::Tolerance;
/// assert_eq!(reports::words::tolerance::allowed(Tolerance::Within { share: 0.02 }), "± 2 %");
/// ```
pub fn allowed(tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Exact => "exact".to_owned(),
        Tolerance::Within { share: most } => format!("± {}", share(most)),
        Tolerance::AtMost { share: most } => format!("at most, + {}", share(most)),
        Tolerance::AtLeast { share: most } => format!("at least, − {}", share(most)),
        Tolerance::WithinAbsolute { distance } => format!("± {}", significant(distance)),
    }
}
