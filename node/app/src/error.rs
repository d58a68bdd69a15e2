//! Why a command failed, and the exit code that tells it.

use crate::config::ConfigError;
use crate::data_dir::DataDirError;
use crate::keys::KeyError;
use assay_genesis::SpecError;
use assay_primitives::Fault;
use assay_rpc::ServeError;
use assay_store::StoreError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum AppError {
    /// A setting is wrong; exit code 2, like a wrong flag.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A key cannot be made, read or written.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A chain specification cannot be used.
    #[error("{}: {error}", path.display())]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SpecError,
    },
    /// The data that ship with the binary are damaged.
    #[error("this binary is damaged: {0}")]
    Shipped(SpecError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of this node.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A port cannot be listened on.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The node stopped by itself; the text names the repair command where there is one.
    #[error("the node stopped: {0}")]
    Stopped(String),
    /// Arguments that do not fit together; exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Anything else that is for the operator only.
    #[error("{0}")]
    Failed(String),
}

impl AppError {
    /// A file or folder that cannot be used.
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File { path: path.to_path_buf(), error }
    }

    /// 2 for what the caller wrote, 1 for everything else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// What to do about a fault, after its text. Damage names the commands, a full disk needs none.
pub fn advice(reason: &str, data_dir: &Path) -> String {
    let folder = data_dir.display();
    if reason.contains("corrupt") || reason.contains("does not match") {
        format!("; run `assay db check --data-dir {folder}`, then `assay db repair --data-dir {folder}`")
    } else if reason.contains("storage failed") || reason.contains("No space left") {
        "; nothing acknowledged is lost: see to the disk, then start again".to_owned()
    } else {
        String::new()
    }
}
