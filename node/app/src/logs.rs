//! Logs: text or JSON on standard error, a rotated file beside it, and a filter that can be changed while running.

use crate::config::{LogFormat, LogRotation, LogSettings};
use crate::error::AppError;
use std::io::IsTerminal as _;
use std::path::Path;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Changes the filter of a running node.
#[derive(Clone, Debug)]
pub struct FilterHandle(Handle<EnvFilter, Registry>);

/// Keeps the log file's writer alive; what is buffered is written when it goes.
#[derive(Debug)]
pub struct LogGuard {
    /// Changes the filter.
    pub filter: FilterHandle,
    _file: Option<WorkerGuard>,
}

/// Reads a filter.
///
/// # Errors
/// What is wrong with it, for people.
pub fn parse_filter(text: &str) -> Result<(), String> {
    read_filter(text).map(drop)
}

fn read_filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::builder().parse(text).map_err(|error| error.to_string())
}

impl FilterHandle {
    /// Replaces the filter.
    ///
    /// # Errors
    /// What is wrong with it, for people; the old one stays.
    pub fn set(&self, text: &str) -> Result<(), String> {
        let filter = read_filter(text)?;
        self.0.reload(filter).map_err(|error| error.to_string())
    }

    /// The filter in force.
    pub fn get(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Output = Box<dyn Layer<Filtered> + Send + Sync>;

/// Installs the logs of this process.
///
/// # Errors
/// `Failed` for a bad filter, a file that cannot be opened, or where logs are installed already.
pub fn install(settings: &LogSettings) -> Result<LogGuard, AppError> {
    let failed = |reason: String| AppError::Failed(format!("logs: {reason}"));
    let (filter, handle) = reload::Layer::new(read_filter(&settings.filter).map_err(failed)?);
    let is_terminal = std::io::stderr().is_terminal();
    let console: Output = match settings.format {
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal).boxed(),
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
        }
    };
    let (writer, guard) = match settings.file.as_str() {
        "" => (None, None),
        file => {
            let (writer, guard) = open_file(Path::new(file), settings).map_err(failed)?;
            (Some(writer), Some(guard))
        }
    };
    let mut outputs = vec![console];
    if let Some(writer) = writer {
        outputs.push(match settings.format {
            LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).boxed(),
            LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer).boxed(),
        });
    }
    tracing_subscriber::registry().with(filter).with(outputs).try_init().map_err(|error| failed(error.to_string()))?;
    Ok(LogGuard { filter: FilterHandle(handle), _file: guard })
}

fn open_file(path: &Path, settings: &LogSettings) -> Result<(NonBlocking, WorkerGuard), String> {
    let rotation = match settings.rotation {
        LogRotation::Daily => Rotation::DAILY,
        LogRotation::Hourly => Rotation::HOURLY,
        LogRotation::Never => Rotation::NEVER,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = path.file_name().ok_or_else(|| format!("{} names no file", path.display()))?;
    let appender = RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix(name.to_string_lossy())
        .max_log_files(usize::try_from(settings.files_max).unwrap_or(usize::MAX))
        .build(folder)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    // Lines are dropped, never waited for, when the disk is slower than the node talks.
    Ok(tracing_appender::non_blocking(appender))
}
