//! An engine as the command line names it, with settings of its own.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result};

/// An engine and the settings that set it apart: `pipelined,buffer_timeout_ms=0`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EngineSpec {
    /// Name of the engine.
    pub name: String,
    /// Its own settings, as written.
    pub settings: BTreeMap<String, Value>,
}

impl EngineSpec {
    /// Reads `NAME[,key=value]..`.
    ///
    /// # Errors
    /// When a setting has no `=`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parts = text.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default().to_owned();
        Ok(Self { name, settings: key_values(parts)? })
    }

    /// Reads several, each another: results are told apart by the names of their variants.
    ///
    /// # Errors
    /// As [`EngineSpec::parse`], and when one was named twice.
    pub(crate) fn parse_all(texts: &[String]) -> Result<Vec<Self>> {
        let specs: Vec<Self> = texts.iter().map(|it| Self::parse(it)).collect::<Result<_>>()?;
        for (place, spec) in specs.iter().enumerate() {
            if let Some(first) = specs[..place].iter().position(|it| it == spec) {
                let (first, second) = (first + 1, place + 1);
                return Err(Error::Input(format!(
                    "--engine number {first} and number {second} are both `{spec}`, and results \
                     are told apart by that name; leave one out, or give one a setting that sets \
                     it apart"
                )));
            }
        }
        Ok(specs)
    }
}

/// Reads every `key=value`.
///
/// # Errors
/// When one has no `=`, and when a key was given twice: the first value would be ignored.
pub(crate) fn key_values<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Value>> {
    let mut values = BTreeMap::new();
    for text in texts {
        let (key, value) = key_value(text)?;
        let twice = Error::Input(format!("`{key}` was given twice; leave one out"));
        if values.insert(key, value).is_some() {
            return Err(twice);
        }
    }
    Ok(values)
}

/// Reads `key=value`.
fn key_value(text: &str) -> Result<(String, Value)> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), Value::String(value.trim().to_owned())))
        }
        _ => Err(Error::Input(format!("`{text}` is no setting; write key=value"))),
    }
}

/// As results name the variant: `pipelined, buffer_timeout_ms=0`.
impl fmt::Display for EngineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (key, value) in &self.settings {
            match value {
                Value::String(text) => write!(f, ", {key}={text}")?,
                other => write!(f, ", {key}={other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_an_engine_with_settings() {
        let spec = EngineSpec::parse("microbatch, batch_interval_ms=50").unwrap();
        assert_eq!(spec.to_string(), "microbatch, batch_interval_ms=50");
        assert!(EngineSpec::parse("microbatch,batch").is_err());
    }

    #[test]
    fn a_setting_or_a_variant_that_was_given_twice_is_refused() {
        let twice = EngineSpec::parse("pipelined,buffer_bytes=64,buffer_bytes=128").unwrap_err();
        assert_eq!(twice.to_string(), "`buffer_bytes` was given twice; leave one out");
        let all = |texts: &[&str]| {
            EngineSpec::parse_all(&texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(all(&["pipelined", "microbatch,a=1,b=2"]).unwrap().len(), 2);
        let same = all(&["pipelined", "microbatch,a=1,b=2", "microbatch, b=2, a=1"]);
        let message = same.unwrap_err().to_string();
        assert!(message.contains("number 2 and number 3 are both `microbatch, a=1, b=2`"));
    }
}
