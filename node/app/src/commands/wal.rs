//! `assay wal` and `assay guard`: the consensus folder of a stopped node.

use crate::cli::{FolderArgs, GuardCommand, PassphraseArgs, WalCommand};
use crate::data_dir::{DataDir, DataDirLock};
use crate::error::AppError;
use crate::keys::{Passphrase, load_validator};
use crate::output;
use assay_consensus::ConsensusKey;
use assay_consensus::guard;
use assay_consensus::wal::{self, WalState};
use assay_primitives::Height;
use serde_json::json;
use std::process::ExitCode;

/// A folder that no node uses meanwhile, its chain and the key that votes there.
struct Stopped {
    data_dir: DataDir,
    chain_id: u64,
    key: ConsensusKey,
    _lock: DataDirLock,
}

fn open(folder: &FolderArgs, passphrase: &PassphraseArgs) -> Result<Stopped, AppError> {
    let data_dir = DataDir::at(&folder.data_dir)?;
    let spec = data_dir.chain()?;
    let lock = data_dir.lock()?;
    let beside = Some(data_dir.passphrase_file()).filter(|file| file.exists());
    let file = passphrase.passphrase_file.clone().or(beside);
    let keys = load_validator(&data_dir, &spec, || Passphrase::read(file.as_deref()))?;
    Ok(Stopped { data_dir, chain_id: spec.chain_id, key: keys.consensus, _lock: lock })
}

pub(super) fn run(command: WalCommand) -> Result<ExitCode, AppError> {
    match command {
        WalCommand::Check(folder) => check(&folder),
        WalCommand::Repair { folder, passphrase } => {
            let stopped = open(&folder, &passphrase)?;
            let aside = wal::repair(&stopped.data_dir.consensus(), Some((stopped.chain_id, stopped.key)))
                .map_err(|error| AppError::Failed(error.to_string()))?;
            let text = aside.as_ref().map_or_else(
                || "there was no log; the guard keeps what was precommitted".to_owned(),
                |path| format!("the log was set aside as {}; the node can be started", path.display()),
            );
            if folder.json {
                output::line(json!({ "setAside": aside }))
            } else {
                output::line(text)
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(folder: &FolderArgs) -> Result<ExitCode, AppError> {
    let data_dir = DataDir::at(&folder.data_dir)?;
    data_dir.chain()?;
    let path = wal::wal_path(&data_dir.consensus());
    let state = wal::inspect(&path).map_err(|error| AppError::file(&path, error))?;
    let (word, detail) = match &state {
        WalState::Absent => ("absent", "nothing is logged".to_owned()),
        WalState::Intact { height, entries } => ("intact", format!("height {height}, {entries} entries")),
        WalState::Torn { height } => {
            ("torn", format!("height {height}; the last entry was cut short, which a start survives"))
        }
        WalState::Damaged { reason } => {
            ("damaged", format!("{reason}; run `{} --data-dir {}`", wal::REPAIR_COMMAND, data_dir.root().display()))
        }
    };
    if folder.json {
        output::line(json!({ "path": path, "state": word, "detail": detail }));
    } else {
        output::line(format_args!("{}: {word}: {detail}", path.display()));
    }
    Ok(if word == "damaged" { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

pub(super) fn run_guard(command: GuardCommand) -> Result<ExitCode, AppError> {
    let failed = |error: guard::GuardError| AppError::Failed(error.to_string());
    match command {
        GuardCommand::Create { folder, passphrase } => {
            let stopped = open(&folder, &passphrase)?;
            guard::create(&stopped.data_dir.consensus(), stopped.chain_id, &stopped.key).map_err(failed)?;
            done(&folder, &stopped, "created");
        }
        GuardCommand::Reset { above, folder, passphrase } => {
            let stopped = open(&folder, &passphrase)?;
            let folder_path = stopped.data_dir.consensus();
            guard::reset(&folder_path, stopped.chain_id, &stopped.key, Height(above)).map_err(failed)?;
            done(&folder, &stopped, &format!("reset: nothing is signed up to height {above}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn done(folder: &FolderArgs, stopped: &Stopped, what: &str) {
    let path = guard::guard_path(&stopped.data_dir.consensus());
    if folder.json {
        output::line(json!({ "guard": path, "validator": stopped.key.address().to_string(), "done": what }));
    } else {
        output::line(format_args!("{}: {what} (validator {})", path.display(), stopped.key.address()));
    }
}
