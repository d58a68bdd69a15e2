//! The layers of settings, and where each value came from.

use super::Config;
use super::error::{ConfigError, nearest};
use super::flags::ConfigFlags;
use super::settings::{self, SETTINGS, Setting};
use figment::providers::{Format as _, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::{Path, PathBuf};

/// What settings are made from. [`Layers::load`] puts them on top of each other.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// What a command sets where nobody else does: name of the command, then path and text.
    pub command: Option<(&'static str, Vec<(&'static str, String)>)>,
    /// The file.
    pub file: Option<PathBuf>,
    /// The variables of the environment.
    pub environment: Vec<(String, String)>,
    /// The flags.
    pub flags: ConfigFlags,
}

/// Settings with their origins.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    figment: Figment,
}

/// One layer: a dictionary under a name.
struct Layer {
    name: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

impl Layers {
    /// The layers of a command: its file and flags, and the environment of this process.
    pub fn new(file: Option<PathBuf>, flags: ConfigFlags) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("ASSAY_"))
            .collect();
        Self { command: None, file, environment, flags }
    }

    /// Reads all layers and checks the result.
    ///
    /// # Errors
    /// See [`ConfigError`]; each names the file and line, the variable or the flag.
    pub fn load(self) -> Result<Loaded, ConfigError> {
        let defaults = settings::defaults()?;
        let mut figment = Figment::from(Layer { name: "default".to_owned(), values: defaults.clone() });
        if let Some((name, values)) = &self.command {
            for (path, text) in values {
                figment = figment.merge(single(path, text, format!("default of `assay {name}`"), &defaults)?);
            }
        }
        if let Some(path) = &self.file {
            figment = figment.merge(from_file(path)?);
        }
        for (name, text) in &self.environment {
            if let Some(setting) = known_variable(name)? {
                figment = figment.merge(single(setting.path, text, format!("variable {name}"), &defaults)?);
            }
        }
        for (path, text) in &self.flags.given {
            let name = settings::find(path).map(Setting::flag).unwrap_or_default();
            figment = figment.merge(single(path, text, format!("flag --{name}"), &defaults)?);
        }
        let config = figment.extract::<Config>().map_err(|error| value_error(&figment, &error))?;
        let loaded = Loaded { config, figment };
        loaded.check()?;
        Ok(loaded)
    }
}

impl Loaded {
    /// Where a setting's value came from: `default`, `/etc/assay.toml`, `variable ASSAY_RPC_PORT`, `flag --rpc-port`.
    pub fn origin(&self, path: &str) -> String {
        self.figment.find_metadata(path).map_or_else(|| "default".to_owned(), |metadata| metadata.name.to_string())
    }

    /// A setting's value.
    pub(super) fn value(&self, path: &str) -> Option<Value> {
        self.figment.find_value(path).ok()
    }
}

/// A layer that sets one value: with a layer each, every value keeps the name of its own flag or variable.
fn single(path: &str, text: &str, name: String, defaults: &Dict) -> Result<Layer, ConfigError> {
    let wrong = |reason: String| ConfigError::Value {
        key: path.to_owned(),
        value: text.to_owned(),
        origin: name.clone(),
        reason,
    };
    let setting = settings::find(path).ok_or_else(|| wrong("no such setting".to_owned()))?;
    let value = setting.read(text, defaults).map_err(|expected| wrong(format!("expected {expected}")))?;
    let values = figment::util::nest(path, value).into_dict().unwrap_or_default();
    Ok(Layer { name, values })
}

fn from_file(path: &Path) -> Result<Layer, ConfigError> {
    let file_error = |reason: String| ConfigError::File { path: path.to_path_buf(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| file_error(error.to_string()))?;
    from_text(path, &text)
}

/// Reads the text of a settings file; the path is for the errors.
///
/// # Errors
/// `UnknownKey` and `Syntax`, with line and column.
pub fn check_text(path: &Path, text: &str) -> Result<(), ConfigError> {
    from_text(path, text).map(drop)
}

fn from_text(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let file_error = |reason: String| ConfigError::File { path: path.to_path_buf(), reason };
    // Read once as a whole configuration, for errors that know their line; once as the values that are really there.
    toml::from_str::<Config>(text).map_err(|error| at_line(path, text, &error))?;
    let mut data = Toml::string(text).data().map_err(|error| file_error(error.to_string()))?;
    let values = data.remove(&Profile::Default).unwrap_or_default();
    Ok(Layer { name: path.display().to_string(), values })
}

/// toml reports "unknown field `x`, expected one of `a`, `b`" with the place in the text.
fn at_line(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.lines().count().max(1).saturating_add(usize::from(before.ends_with('\n')));
    let line = if before.is_empty() { 1 } else { line };
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    let path = path.to_path_buf();
    match names.next().filter(|_| message.starts_with("unknown field")) {
        Some(key) => ConfigError::UnknownKey { path, line, column, key: key.to_owned(), nearest: nearest(key, names) },
        None => ConfigError::Syntax { path, line, column, reason: message.to_owned() },
    }
}

/// Variables of other programs may begin with ASSAY_ too: one is an error only where it is nearly a setting, or begins
/// like a section.
fn known_variable(name: &str) -> Result<Option<&'static Setting>, ConfigError> {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) {
        return Ok(Some(setting));
    }
    let variables: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let section = |variable: &str| variable.splitn(3, '_').take(2).collect::<Vec<_>>().join("_");
    let is_section =
        name.matches('_').count() >= 2 && variables.iter().any(|variable| section(variable) == section(name));
    let is_near = variables.iter().any(|variable| strsim::damerau_levenshtein(name, variable) <= 2);
    if !is_section && !is_near {
        return Ok(None);
    }
    let nearest = nearest(name, variables.iter().map(String::as_str));
    Err(ConfigError::UnknownVariable { name: name.to_owned(), nearest })
}

fn value_error(figment: &Figment, error: &figment::Error) -> ConfigError {
    let key = error.path.join(".");
    let origin = figment.find_metadata(&key).map_or_else(|| "unknown".to_owned(), |metadata| metadata.name.to_string());
    let value = figment.find_value(&key).map(|value| super::show::text(&value)).unwrap_or_default();
    ConfigError::Value { key, value, origin, reason: error.kind.to_string() }
}
