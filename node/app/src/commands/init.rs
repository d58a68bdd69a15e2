//! `assay init`: the data folder of a node.

use crate::cli::InitArgs;
use crate::config::template;
use crate::data_dir::{DataDir, DataDirError, write_new};
use crate::error::AppError;
use crate::keys::put_dev_validator;
use crate::output;
use assay_genesis::ChainSpec;
use std::process::ExitCode;

pub(super) fn run(args: &InitArgs) -> Result<ExitCode, AppError> {
    let data_dir = DataDir::at(&args.data_dir)?;
    if data_dir.is_initialised() {
        return Err(DataDirError::Exists { path: data_dir.chain_file() }.into());
    }
    let spec = super::genesis::read(&args.chain)?;
    data_dir.create()?;
    let _lock = data_dir.lock()?;
    let is_dev = args.chain == "dev";
    create(&data_dir, &spec, is_dev)?;
    let folder = data_dir.root().display();
    output::line(format_args!(
        "{folder}: {} (chain id {}), specification {}",
        spec.network,
        spec.chain_id,
        spec.hash()
    ));
    if is_dev {
        output::line(format_args!("Next: assay start --data-dir {folder}"));
    } else {
        output::line(format_args!(
            "Next: assay keys new validator --data-dir {folder}    (or: assay keys import ...)\n      \
             assay guard create --data-dir {folder}\n      assay start --data-dir {folder}"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Fills a created folder. The specification comes last: with it the folder is whole.
pub(super) fn create(data_dir: &DataDir, spec: &ChainSpec, is_dev: bool) -> Result<(), AppError> {
    let config = data_dir.config_file();
    if !config.exists() {
        write_new(&config, template()?.as_bytes()).map_err(|error| AppError::file(&config, error))?;
    }
    if is_dev {
        put_dev_validator(&data_dir.keys())?;
    }
    Ok(data_dir.put_chain(spec)?)
}
