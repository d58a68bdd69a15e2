//! Settings as text: with their origins, as TOML, as a template.

use super::settings::{self, SETTINGS};
use super::{ConfigError, Loaded};
use figment::value::Value;
use serde_json::json;

/// A value as the file would have it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => match (number.to_u128(), number.to_i128()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => number.to_f64().map(|number| number.to_string()).unwrap_or_default(),
        },
        Value::Array(_, items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}

/// One line per setting under its section: `key = value`, and what `note` says of it.
fn sections(mut line: impl FnMut(&'static str, &str) -> Vec<String>) -> String {
    let mut out = Vec::new();
    let mut current = "";
    for setting in SETTINGS {
        let (section, key) = setting.path.split_once('.').unwrap_or(("", setting.path));
        if section != current {
            if !current.is_empty() {
                out.push(String::new());
            }
            out.push(format!("[{section}]"));
            current = section;
        }
        out.extend(line(setting.path, key));
    }
    out.push(String::new());
    out.join("\n")
}

impl Loaded {
    /// The settings as a TOML file.
    pub fn to_toml(&self, with_origin: bool) -> String {
        let width = SETTINGS
            .iter()
            .map(|s| s.path.len().saturating_add(self.value(s.path).map_or(0, |value| text(&value).len())))
            .max()
            .unwrap_or(0)
            .min(60);
        sections(|path, key| {
            let value = self.value(path).map(|value| text(&value)).unwrap_or_default();
            let line = format!("{key} = {value}");
            if with_origin { vec![format!("{line:<width$}  # {}", self.origin(path))] } else { vec![line] }
        })
    }

    /// The settings as JSON: path, value, origin.
    pub fn to_json(&self) -> serde_json::Value {
        let entries = SETTINGS.iter().map(|setting| {
            let value = self.value(setting.path).and_then(|value| serde_json::to_value(value).ok());
            json!({ "key": setting.path, "value": value, "origin": self.origin(setting.path) })
        });
        serde_json::Value::Array(entries.collect())
    }
}

/// A file with every setting at its default, commented out.
///
/// # Errors
/// None for a sound binary.
pub fn template() -> Result<String, ConfigError> {
    let defaults = settings::defaults()?;
    let body = sections(|path, key| {
        let Some(setting) = settings::find(path) else { return Vec::new() };
        let value = setting.value_in(&defaults).map(text).unwrap_or_default();
        vec![format!("# {}.", setting.help), format!("# {key} = {value}")]
    });
    Ok(format!(
        "# Settings of this node. Each is also a flag (--rpc-port) and a variable (ASSAY_RPC_PORT); flags win over\n\
         # variables, variables over this file. `assay config show --origin` tells where each value comes from.\n\n{body}"
    ))
}
