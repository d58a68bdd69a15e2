//! The folder of a node.
//!
//! ```text
//! DIR/                0700
//!   lock              held while a process uses the folder
//!   endpoints.json    where the running node listens; gone when it stops in order
//!   chain.json        the chain specification; there is no node without it
//!   config.toml       settings, unless --config names another file
//!   passphrase        of the keystores; test networks only, since it opens what lies beside it
//!   keys/             0700; one keystore per key
//!     consensus.json  randomness.json  network.json  account-NAME.json
//!     dev.json        the validator of a development chain, which is no secret
//!   consensus/        0700; never copy it to a second machine that runs with the same key
//!     guard           what this validator has signed
//!     wal             the engine's log of the current height
//!   db/               the database
//!   pool/             the journal of pending transactions
//! ```

use assay_genesis::{ChainSpec, SPEC_BYTES_MAX, SpecError};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a data folder cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another process uses it.
    #[error("{} is in use by another process{}; stop it first, or give another --data-dir", path.display(), holder(.pid))]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The process, where it is known.
        pid: String,
    },
    /// There is no chain in it.
    #[error(
        "{} is no data folder: it has no chain.json; run `assay init --data-dir {}` first",
        path.display(), path.display()
    )]
    NotInitialised {
        /// The folder.
        path: PathBuf,
    },
    /// There is a chain in it already.
    #[error("{} exists already; a folder belongs to one chain for good", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The specification in it, or given for it, cannot be used.
    #[error("{}: {error}; run `assay genesis check {}`", path.display(), path.display())]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SpecError,
    },
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

fn holder(pid: &str) -> String {
    if pid.is_empty() { String::new() } else { format!(" (process {pid})") }
}

/// The folder of a node, by path; nothing is opened or locked yet.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// Held by the one process that uses a data folder; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

impl DataDir {
    /// The folder at a path, as an absolute path.
    ///
    /// # Errors
    /// `Io` where the working folder is unknown.
    pub fn at(path: &Path) -> Result<Self, DataDirError> {
        let root = std::path::absolute(path).map_err(|error| DataDirError::Io { path: path.to_path_buf(), error })?;
        Ok(Self { root })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The chain specification.
    pub fn chain_file(&self) -> PathBuf {
        self.root.join("chain.json")
    }

    /// The settings.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// A passphrase that lies beside the keystores it opens: for development and tests only.
    pub fn passphrase_file(&self) -> PathBuf {
        self.root.join("passphrase")
    }

    /// The keystores.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The signing guard and the engine's log.
    pub fn consensus(&self) -> PathBuf {
        self.root.join("consensus")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The journal of pending transactions.
    pub fn pool(&self) -> PathBuf {
        self.root.join("pool")
    }

    /// Creates what is missing of the folders, closed to other users.
    ///
    /// # Errors
    /// `Io`.
    pub fn create(&self) -> Result<(), DataDirError> {
        for path in [self.root.clone(), self.keys(), self.consensus(), self.pool()] {
            let io = |error| DataDirError::Io { path: path.clone(), error };
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io)?;
        }
        Ok(())
    }

    /// Warns of permissions that let other users in.
    pub fn open_to_others(&self) -> Option<PathBuf> {
        [self.root.clone(), self.keys()]
            .into_iter()
            .find(|path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0))
    }

    /// Takes the folder for this process.
    ///
    /// # Errors
    /// `Locked`, `Io`.
    pub fn lock(&self) -> Result<DataDirLock, DataDirError> {
        let path = self.root.join("lock");
        let io = |error| DataDirError::Io { path: path.clone(), error };
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(16).read_to_string(&mut pid);
                return Err(DataDirError::Locked { path: self.root.clone(), pid: pid.trim().to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // The number only helps a person; a full disk must not keep the node from starting to say so itself.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(DataDirLock { _file: file })
    }

    /// Whether a chain lives here.
    pub fn is_initialised(&self) -> bool {
        self.chain_file().exists()
    }

    /// The chain of this folder.
    ///
    /// # Errors
    /// `NotInitialised`, `Spec`, `Io`.
    pub fn chain(&self) -> Result<ChainSpec, DataDirError> {
        if !self.is_initialised() {
            return Err(DataDirError::NotInitialised { path: self.root.clone() });
        }
        read_spec(&self.chain_file())
    }

    /// Writes the chain of this folder; the last step of making it.
    ///
    /// # Errors
    /// `Exists`, `Spec`, `Io`.
    pub fn put_chain(&self, spec: &ChainSpec) -> Result<(), DataDirError> {
        let path = self.chain_file();
        if path.exists() {
            return Err(DataDirError::Exists { path });
        }
        let text = spec.to_json().map_err(|error| DataDirError::Spec { path: path.clone(), error })?;
        write_new(&path, text.as_bytes()).map_err(|error| DataDirError::Io { path, error })
    }
}

/// Reads and checks a specification.
///
/// # Errors
/// `Spec`, `Io`.
pub fn read_spec(path: &Path) -> Result<ChainSpec, DataDirError> {
    let io = |error| DataDirError::Io { path: path.to_path_buf(), error };
    let file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a larger file is refused and not cut.
    let bound = u64::try_from(SPEC_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(io)?;
    ChainSpec::from_json(&bytes).map_err(|error| DataDirError::Spec { path: path.to_path_buf(), error })
}

/// Writes a file that is not there yet, for this user alone: whole or not at all, durable on return.
///
/// # Errors
/// The system's.
pub fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        // Unlike a rename, a link refuses to replace what another process put there meanwhile.
        .and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    written.and_then(|()| File::open(folder)?.sync_all())
}
