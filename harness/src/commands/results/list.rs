//! `list`: engines, workloads, placements, profiles and suites.

use dataflow::job::settings::Setting;
use dataflow::placement::{PLACEMENTS, PlacementKind};
use reports::words::units;
use serde_json::{Value, json};

use crate::cli::{ListArgs, ListTopic};
use crate::error::{Error, Outcome, Result};
use crate::experiment::suite::{SHIPPED, about};
use crate::profiles::{Cost, Price, Profile};
use crate::registry::{Registry, settings_of};
use crate::terminal::out;

/// Runs `list`.
///
/// # Errors
/// When a suite to show does not exist.
pub(crate) fn list(args: &ListArgs, registry: &Registry) -> Result<Outcome> {
    if let Some(name) = &args.show {
        if args.what.is_some_and(|what| what != ListTopic::Suites) {
            return Err(Error::Input(
                "--show prints a suite; write `list suites --show SUITE`, or leave --show out"
                    .to_owned(),
            ));
        }
        let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let found = SHIPPED.iter().find(|(shipped, _)| shipped == name);
        let (_, text) = found.ok_or_else(|| Error::unknown("suite", name, &known))?;
        out::line(text.trim_end());
        return Ok(Outcome::Good);
    }
    let all = [
        ListTopic::Engines,
        ListTopic::Workloads,
        ListTopic::Placements,
        ListTopic::Profiles,
        ListTopic::Suites,
    ];
    let wanted = args.what.map_or(all.to_vec(), |what| vec![what]);
    if args.json {
        let parts = wanted.iter().map(|what| (name(*what).to_owned(), describe(*what, registry)));
        out::json(&parts.collect::<serde_json::Map<_, _>>());
        return Ok(Outcome::Good);
    }
    for what in wanted {
        out::line(&print(what, registry));
    }
    Ok(Outcome::Good)
}

const fn name(what: ListTopic) -> &'static str {
    match what {
        ListTopic::Engines => "engines",
        ListTopic::Workloads => "workloads",
        ListTopic::Placements => "placements",
        ListTopic::Profiles => "profiles",
        ListTopic::Suites => "suites",
    }
}

fn describe(what: ListTopic, registry: &Registry) -> Value {
    match what {
        ListTopic::Engines => registry.all_engines().map(|engine| json!({
            "name": engine.name(), "description": engine.describe(),
            "settings": settings_of(&**engine).map(setting_json).collect::<Value>(),
        })).collect(),
        ListTopic::Workloads => registry.workloads.iter().map(|workload| {
            let about = workload.description();
            json!({
                "name": workload.name(), "result": workload.result().name(), "origin": about.origin,
                "operators": about.operators, "state": about.state, "stresses": about.stresses,
                "ties": about.ties,
                "knobs": workload.knobs().iter().map(setting_json).collect::<Value>(),
            })
        }).collect(),
        ListTopic::Placements => json!(PLACEMENTS),
        ListTopic::Profiles => Profile::shipped().map(|profile| profile_json(&profile)).collect(),
        ListTopic::Suites => SHIPPED.iter().map(|(name, _)| json!(name)).collect(),
    }
}

fn setting_json(setting: &Setting) -> Value {
    json!({
        "name": setting.name, "takes": setting.kind.to_string(),
        "default": setting.default_value(false), "default_at_max": setting.default_value(true),
        "help": setting.help, "mirrors": setting.mirrors,
    })
}

fn profile_json(profile: &Profile) -> Value {
    let points = |price: &Price| match price.points() {
        [(_, nanos)] => json!(nanos),
        points => json!(points),
    };
    let cost = |cost: &Cost| {
        json!({
            "kind": cost.kind.name(), "place": cost.place.name(), "price_ns": points(&cost.price),
            "bare_ns": cost.bare.as_ref().map(points),
        })
    };
    json!({
        "name": profile.name, "about": profile.about, "machine": profile.machine,
        "date": profile.date, "method": profile.method, "error": profile.error,
        "costs": profile.costs.iter().map(cost).collect::<Value>(),
    })
}

fn profile_lines(profile: &Profile) -> String {
    let Profile { name, about, machine, date, method, error, costs } = profile;
    let mut lines = vec![format!("  {name}: {about}")];
    lines.push(format!("      measured   {date}, {machine}"));
    lines.push(format!("      method     {method}"));
    lines.push(format!("      error      {error}"));
    let nanos = |(keys, nanos): &(f64, f64)| (units::count(*keys as u64), units::duration(*nanos));
    lines.extend(costs.iter().map(|cost| {
        let points: Vec<(String, String)> = cost.price.points().iter().map(nanos).collect();
        let price = match &points[..] {
            [(_, nanos)] => nanos.clone(),
            points => {
                let at: Vec<String> =
                    points.iter().map(|(keys, nanos)| format!("{nanos} at {keys} keys")).collect();
                at.join(", ")
            }
        };
        format!("      {:<15}{price} ({})", cost.kind, cost.place.name())
    }));
    lines.join("\n")
}

fn print(what: ListTopic, registry: &Registry) -> String {
    let mut lines = vec![format!("{}:", name(what))];
    match what {
        ListTopic::Engines => {
            for engine in registry.all_engines() {
                lines.push(format!("  {}: {}", engine.name(), engine.describe()));
                lines.extend(settings_of(&**engine).map(setting_line));
            }
        }
        ListTopic::Workloads => {
            for workload in &registry.workloads {
                let about = workload.description();
                lines.push(format!("  {} ({})", workload.name(), workload.result().name()));
                lines.push(format!("      origin     {}", about.origin));
                lines.push(format!("      operators  {}", about.operators));
                lines.push(format!("      state      {}", about.state));
                lines.push(format!("      stresses   {}", about.stresses));
                lines.push(format!("      ties       {}", about.ties));
                lines.extend(workload.knobs().iter().map(setting_line));
            }
        }
        ListTopic::Placements => lines.extend(PLACEMENTS.iter().map(|name| {
            let about = PlacementKind::named(name).describe();
            format!("  {name:<11} {about}")
        })),
        ListTopic::Profiles => lines.extend(Profile::shipped().map(|it| profile_lines(&it))),
        ListTopic::Suites => {
            lines.extend(SHIPPED.iter().map(|(name, text)| format!("  {name:<9} {}", about(text))))
        }
    }
    lines.join("\n")
}

fn setting_line(setting: &Setting) -> String {
    let shown = |value: Option<Value>| match value {
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
        None => "derived".to_owned(),
    };
    let default = shown(setting.default_value(false));
    let mirrors = setting.mirrors.map_or(String::new(), |key| format!(" [{key}]"));
    format!("      {}={default}  {}; {}{mirrors}", setting.name, setting.kind, setting.help)
}
