//! One result, as JSON or as lines for people.

use serde::Serialize;
use serde_json::Value;

/// What a command has to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// For programs.
    pub json: Value,
    /// For people: the columns of each line.
    pub lines: Vec<Vec<String>>,
}

impl Report {
    /// A result with the lines that show it.
    pub fn new(result: &impl Serialize, lines: Vec<Vec<String>>) -> Self {
        Self { json: serde_json::to_value(result).unwrap_or_default(), lines }
    }

    /// With one more field for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Some(fields) = self.json.as_object_mut() {
            fields.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The lines, each column as wide as its widest entry.
    pub fn table(&self) -> String {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let entries = self.lines.iter().filter_map(|line| line.get(column));
            entries.map(|entry| entry.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |line: &Vec<String>| {
            let padded = line.iter().zip(&widths).map(|(entry, width)| format!("{entry:<width$}"));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A line of a name and a value.
pub fn pair(name: &str, value: impl ToString) -> Vec<String> {
    vec![name.to_owned(), printable(&value.to_string())]
}

/// Text of strangers without what a terminal would obey, at most 200 characters of it.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
}
