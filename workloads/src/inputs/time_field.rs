//! A field of JSON that says when an event has happened.

use std::fmt;

use dataflow::EventTime;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

use crate::spec::wrong_json;
use crate::text::unix_nanos;

/// The time in a field of a JSON object, which is told in milliseconds since 1970 or as RFC 3339 does;
/// `None` if there is no such field, or it is `null`.
///
/// # Errors
/// Column (from 1) and cause, when the text is no object or the field is no time.
pub(crate) fn time_field(text: &str, name: &str) -> Result<Option<EventTime>, (u64, String)> {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = json.deserialize_map(Field(name)).and_then(|found| json.end().map(|()| found));
    found.map_err(|error| wrong_json(&error))
}

/// Looks for the field of this name.
struct Field<'a>(&'a str);

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<EventTime>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a field `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(NameIs(self.0))? {
            if !is_it {
                map.next_value::<IgnoredAny>()?;
            } else if found.is_some() {
                return Err(Error::custom(format!("the field `{}` is there twice", self.0)));
            } else {
                found = map.next_value::<Option<Time>>()?;
            }
        }
        Ok(found.map(|time| time.0))
    }
}

/// Whether the name of a field is this one.
struct NameIs<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for NameIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// A time as a number or a text.
struct Time(EventTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "whole milliseconds since 1970 or a time such as 2026-11-30T10:00:00Z, within 292 years of \
             1970",
        )
    }

    fn visit_i64<E: Error>(self, millis: i64) -> Result<Time, E> {
        let nanos = millis.checked_mul(1_000_000).map(EventTime);
        nanos.map(Time).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(millis), &self))
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Time, E> {
        match i64::try_from(millis) {
            Ok(millis) => self.visit_i64(millis),
            Err(_) => Err(E::invalid_value(de::Unexpected::Unsigned(millis), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        let nanos = unix_nanos(text).map(EventTime);
        nanos.map(Time).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_tells_a_time_as_a_number_or_a_text() {
        for (text, nanos) in [
            (r#"{"at":7}"#, Some(7_000_000)),
            (r#"{"a":{"at":1},"at":-7,"b":[1]}"#, Some(-7_000_000)),
            (r#"{"\u0061t":7}"#, Some(7_000_000)),
            (r#"{"at":"1970-01-01T01:00:00.5+01:00"}"#, Some(500_000_000)),
            (r#"{"at":null}"#, None),
            (r#"{"a":{"at":1}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(time_field(text, "at"), Ok(nanos.map(EventTime)), "{text}");
        }
        // A name with dots is a name.
        let nested = r#"{"a":{"at":1},"a.at":2}"#;
        assert_eq!(time_field(nested, "a.at"), Ok(Some(EventTime(2_000_000))));
    }

    #[test]
    fn what_is_no_time_is_pointed_at() {
        for (text, column, what) in [
            (r#"{"at":1.5}"#, 9, "invalid type: floating point `1.5`, expected whole milli"),
            (r#"{"at":true}"#, 10, "invalid type: boolean `true`"),
            (r#"{"at":"soon"}"#, 12, "invalid value: string \"soon\""),
            (r#"{"at":9223372036854775807}"#, 25, "invalid value: integer"),
            (r#"{"at":18446744073709551615}"#, 26, "invalid value: integer"),
            (r#"{"at":1,"at":2}"#, 12, "the field `at` is there twice"),
            ("[1]", 0, "invalid type: sequence, expected an object with a field `at`"),
            ("{\"at\":1} x", 10, "trailing characters"),
        ] {
            let (place, cause) = time_field(text, "at").unwrap_err();
            assert!(cause.starts_with(what), "{text}: {cause}");
            assert_eq!(place, column, "{text}: {cause}");
        }
    }
}
