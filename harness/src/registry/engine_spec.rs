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
        let settings = parts.map(key_value).collect::<Result<_>>()?;
        Ok(Self { name, settings })
    }
}

/// Reads `key=value`.
///
/// # Errors
/// When there is no `=`.
pub(crate) fn key_value(text: &str) -> Result<(String, Value)> {
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
}
