//! The machine and the build that the figures were taken on.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::layout::table_box;
use crate::words::units::NO_FIGURE;

/// Names and values; nothing when none were recorded.
pub(crate) fn section(environment: &BTreeMap<String, Value>) -> Markup {
    html! {
        @if !environment.is_empty() {
            section {
                h2 { "Environment" }
                (table_box("Environment", html! {
                    table {
                        tbody {
                            @for (name, value) in environment {
                                tr { th scope="row" { code { (name) } } td { (text(value)) } }
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// A JSON value for people: text without quotes.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => NO_FIGURE.into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
