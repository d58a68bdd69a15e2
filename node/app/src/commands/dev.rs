//! `assay dev`: a development chain for one person.

use crate::cli::DevArgs;
use crate::config::Layers;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{NodeKeys, Passphrase, load_validator};
use crate::node::{self, NodeSetup, Stop, on_demand, supervise};
use crate::report::{Style, report};
use crate::{banner, logs, output};
use assay_consensus::Pacing;
use assay_genesis::ChainSpec;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Quiet beside the block lines, but a long start says what it does.
const FILTER: &str = "warn,assay_chain::core::open=info";

pub(super) fn run(args: DevArgs) -> Result<ExitCode, AppError> {
    let kept = args.data_dir.as_deref().map(DataDir::at).transpose()?;
    let file = kept.map(|kept| kept.config_file()).filter(|path| path.exists());
    let mut layers = Layers::new(args.config.clone().or(file), args.flags.clone());
    layers.command = Some(("dev", vec![("log.filter", FILTER.to_owned())]));
    let config = layers.load()?.config;
    let log = logs::install(&config.log)?;
    // Dropped last: the folder goes when everything in it is closed.
    let temporary = match args.data_dir {
        Some(_) => None,
        None => Some(temporary_folder()?),
    };
    let root = match (&args.data_dir, &temporary) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.0.clone(),
        (None, None) => PathBuf::new(),
    };
    let data_dir = DataDir::at(&root)?;
    data_dir.create()?;
    let lock = data_dir.lock()?;
    let spec = chain_of(&data_dir, args.chain_id)?;
    let keys = NodeKeys::Validator(Box::new(load_validator(&data_dir, &spec, || {
        let file = Some(&config.keys.passphrase_file).filter(|file| !file.is_empty());
        Passphrase::read(file.map(Path::new))
    })?));
    let pacing = args.block_time.map_or_else(on_demand, |ms| Pacing::Interval(Duration::from_millis(ms)));
    let accounts = banner::accounts(args.accounts)?;
    let setup =
        NodeSetup { data_dir, lock, spec: spec.clone(), config, keys, pacing, dev: true, filter: log.filter.clone() };
    let style = if args.json { Style::Json } else { Style::Text };
    let quiet = args.quiet;
    let kept = args.data_dir.clone();
    let folder = temporary.as_ref().map(|folder| folder.0.clone());
    let ended = super::start::block_on(async move {
        let mut stop = Stop::install()?;
        let node = node::start(setup, &mut stop, folder.as_deref()).await?;
        if args.json {
            banner::ready_json(&node, &spec, &root, &accounts);
        } else {
            banner::print(&node, &spec, kept.as_deref(), args.block_time, &accounts);
        }
        if !quiet {
            report(&node, style)?;
        }
        supervise(node, stop, folder).await
    });
    drop(temporary);
    ended
}

/// A folder that goes when it is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    /// Threads on their way out may still write a last file; they are waited for a moment.
    fn drop(&mut self) {
        for _ in 0..40 {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        output::note(format_args!("{} could not be removed", self.0.display()));
    }
}

fn temporary_folder() -> Result<Temporary, AppError> {
    let parent = std::env::temp_dir();
    let mut builder = tempfile::Builder::new();
    builder.prefix("assay-dev-").permissions(Permissions::from_mode(0o700));
    let folder = builder.tempdir_in(&parent).map_err(|error| AppError::file(&parent, error))?;
    Ok(Temporary(folder.keep()))
}

/// The chain that is there, or a new one.
fn chain_of(data_dir: &DataDir, chain_id: Option<u64>) -> Result<ChainSpec, AppError> {
    if !data_dir.is_initialised() {
        let spec = super::genesis::new_dev_spec(chain_id)?;
        super::init::create(data_dir, &spec, true)?;
        return Ok(spec);
    }
    let spec = data_dir.chain()?;
    if let Some(asked) = chain_id.filter(|asked| *asked != spec.chain_id) {
        return Err(AppError::Usage(format!(
            "--chain-id {asked}: the chain in {} has id {}, for good; give another --data-dir",
            data_dir.root().display(),
            spec.chain_id
        )));
    }
    Ok(spec)
}
