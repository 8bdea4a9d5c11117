//! The JSON schema of suites, for editors. Its names come from the registry. A test checks that its
//! fields are those of the parser.

use std::collections::BTreeMap;

use dataflow::job::settings::Setting;
use serde_json::{Map, Value, json};

use crate::quantity::{LOWEST_RATE, MAX_PARALLELISM};
use crate::registry::{Registry, settings_of};

/// The schema of a suite's TOML file (JSON Schema, draft 2020-12), with the names of this registry.
pub(crate) fn schema(registry: &Registry) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Streamgauge suite",
        "type": "object",
        "additionalProperties": false,
        "required": ["experiment"],
        "properties": {
            "name": { "type": "string", "description": "Name of the suite; the file's, if there is none." },
            "parallelism": parallelism("Subtasks per stage of every experiment that does not say."),
            "seed": seed(),
            "experiment": { "type": "array", "minItems": 1, "items": experiment(registry) },
        },
    })
}

fn experiment(registry: &Registry) -> Value {
    let workloads: Vec<&str> = registry.workloads.iter().map(|it| it.name()).collect();
    let knobs = registry.workloads.iter().flat_map(|it| it.knobs());
    let settings = registry.all_engines().flat_map(|it| settings_of(&**it).copied());
    let both = settings.clone().chain(registry.workloads.iter().flat_map(|it| it.knobs()));
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["workload", "engines", "rate"],
        "oneOf": [{ "required": ["events"] }, { "required": ["duration"] }, { "required": ["input"] }],
        "properties": {
            "name": { "type": "string", "description": "Name of the experiment; the workload's, if there is none." },
            "workload": { "enum": workloads, "description": "What is run." },
            "engines": {
                "type": "array", "minItems": 1, "items": engine(registry),
                "description": "Variants: each is an engine with the settings that set it apart.",
            },
            "rate": {
                "description": "\"max\" measures throughput; events per second measure latency at that rate; \
                                at_most: that, or half of what the slowest engine takes.",
                "anyOf": [rate(), {
                    "type": "object", "additionalProperties": false, "required": ["at_most"],
                    "properties": { "at_most": rate() },
                }],
            },
            "input": {
                "type": "string", "pattern": "^kafka:",
                "description": "The topic that every run reads, in the place of generated events, such as \
                                kafka:localhost:9092/orders?until=end; where it ends is settled once.",
            },
            "events": { "type": "integer", "minimum": 1, "description": "Events of a run." },
            "duration": duration("Length of a run; at max a short sizing run converts it to a number of events."),
            "warm_up": duration("Warm-up: these first events count for the answer, not for latency or throughput."),
            "repeats": { "type": "integer", "minimum": 1, "description": "Runs of every variant, in alternation." },
            "parallelism": parallelism("Subtasks per stage."),
            "clock": {
                "enum": ["wall", "virtual"],
                "description": "Real time, or modelled time, in which work costs what a profile says.",
            },
            "seed": seed(),
            "faults": {
                "type": "array", "items": { "type": "string" },
                "description": "What goes wrong in every run, such as kill:subtask@45%; needs exactly-once.",
            },
            "knobs": values(knobs.clone(), "Knobs of the workload."),
            "settings": values(both, "Settings of all engines that have them, and knobs."),
        },
    })
}

/// `"pipelined,buffer_timeout_ms=0"`, or a table with a name.
fn engine(registry: &Registry) -> Value {
    let names: Vec<&str> = registry.all_engines().map(|it| it.name()).collect();
    let pattern = format!("^({})(,.*)?$", names.join("|"));
    let settings = registry.all_engines().flat_map(|it| settings_of(&**it).copied());
    let mut table = values(settings, "An engine and its settings.");
    table["required"] = json!(["name"]);
    table["properties"]["name"] = json!({ "enum": names });
    json!({ "anyOf": [{ "type": "string", "pattern": pattern }, table] })
}

fn values(settings: impl Iterator<Item = Setting>, description: &str) -> Value {
    // Several have a setting of the same name; the first says what it is.
    let mut found = BTreeMap::new();
    for setting in settings {
        found.entry(setting.name).or_insert_with(
            || json!({ "description": format!("{}; {}", setting.kind, setting.help) }),
        );
    }
    let properties: Map<String, Value> =
        found.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({
        "type": "object", "additionalProperties": false, "description": description,
        "properties": properties,
    })
}

fn rate() -> Value {
    json!({ "anyOf": [{ "type": "number", "minimum": LOWEST_RATE }, { "type": "string" }] })
}

fn duration(description: &str) -> Value {
    json!({ "type": "string", "description": description, "examples": ["500ms", "2s"] })
}

fn parallelism(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": MAX_PARALLELISM, "description": description })
}

fn seed() -> Value {
    json!({ "type": "integer", "minimum": 0, "description": "Seed of everything drawn at random." })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::suite::{SHIPPED, Suite};

    /// The fields that the parser offers in the place of one that it does not know.
    fn offered(text: &str) -> BTreeSet<String> {
        let error = Suite::parse(text, "x.toml", &Registry::standard()).err().unwrap().to_string();
        let (_, list) = error.split_once("expected one of").expect(&error);
        let list = list.lines().next().unwrap();
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn described(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_fields_of_the_parser() {
        let schema = schema(&Registry::standard());
        assert_eq!(described(&schema), offered("nonsense = 1"));
        let experiment = &schema["properties"]["experiment"]["items"];
        assert_eq!(described(experiment), offered("[[experiment]]\nnonsense = 1"));
    }

    /// As far as a shipped suite goes: every name is in the schema, where it belongs.
    fn check(value: &toml::Value, schema: &Value, place: &str) {
        if let Some(either) = schema["anyOf"].as_array() {
            let table = either.iter().find(|it| it["properties"].is_object());
            if let (toml::Value::Table(_), Some(table)) = (value, table) {
                check(value, table, place);
            }
            return;
        }
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let below = &schema["properties"][name];
                    assert!(!below.is_null(), "{place}.{name}");
                    check(value, below, &format!("{place}.{name}"));
                }
                for name in schema["required"].as_array().into_iter().flatten() {
                    assert!(table.contains_key(name.as_str().unwrap()), "{place} lacks {name}");
                }
            }
            toml::Value::Array(items) => {
                items.iter().for_each(|item| check(item, &schema["items"], place));
            }
            toml::Value::String(text) => {
                if let Some(names) = schema["enum"].as_array() {
                    assert!(names.contains(&text.as_str().into()), "{place}: {text}");
                }
            }
            _ => {}
        }
    }

    #[test]
    fn shipped_suites_are_as_the_schema_says() {
        let schema = schema(&Registry::standard());
        for (name, text) in SHIPPED {
            check(&toml::Value::Table(text.parse().unwrap()), &schema, name);
        }
    }
}
