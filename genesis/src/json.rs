//! The JSON form of a specification.

use crate::{ChainSpec, SpecError};

/// Largest specification, in bytes: room for [`crate::ALLOC_MAX`] plain accounts.
pub const SPEC_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Keys at most this many edits away are offered as what was meant.
const EDITS_MAX: usize = 3;

impl ChainSpec {
    /// Reads and validates a specification.
    ///
    /// # Errors
    /// See [`SpecError`]; an unknown key is an error that names the nearest known one.
    pub fn from_json(bytes: &[u8]) -> Result<Self, SpecError> {
        if bytes.len() > SPEC_BYTES_MAX {
            return Err(SpecError::TooLarge { size: bytes.len(), bound: SPEC_BYTES_MAX });
        }
        let spec: Self = serde_json::from_slice(bytes).map_err(|error| from_serde(&error))?;
        spec.validate()?;
        Ok(spec)
    }

    /// The specification as indented JSON with a final line feed.
    ///
    /// # Errors
    /// `Json`, which cannot happen for the types of this crate.
    pub fn to_json(&self) -> Result<String, SpecError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| SpecError::Json(e.to_string()))?;
        text.push('\n');
        Ok(text)
    }
}

/// serde reports "unknown field `x`, expected one of `a`, `b`": the names stand between backticks.
fn from_serde(error: &serde_json::Error) -> SpecError {
    let text = error.to_string();
    let mut names = text.split('`').skip(1).step_by(2);
    let is_unknown = text.starts_with("unknown field") || text.starts_with("unknown variant");
    match names.next().filter(|_| is_unknown) {
        Some(key) => SpecError::UnknownKey {
            key: key.to_owned(),
            nearest: nearest(key, names),
            line: error.line(),
            column: error.column(),
        },
        None => SpecError::Json(text),
    }
}

fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let key = key.to_lowercase();
    known
        .map(|name| (strsim::damerau_levenshtein(&key, &name.to_lowercase()), name))
        .filter(|(edits, _)| *edits <= EDITS_MAX)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name.to_owned())
}
