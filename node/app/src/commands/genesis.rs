//! `assay genesis`: print, check and hash a chain specification.

use crate::cli::GenesisCommand;
use crate::data_dir::{DataDir, DataDirError, read_spec};
use crate::error::AppError;
use crate::keys::{dev_spec, dev_validator};
use crate::output;
use alloy_primitives::B256;
use assay_executive::Executive;
use assay_genesis::{ChainSpec, SpecError, WEI_PER_COIN};
use assay_primitives::TimestampMs;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn run(command: &GenesisCommand) -> Result<ExitCode, AppError> {
    match command {
        GenesisCommand::Show { chain } => {
            let text = read(chain)?.to_json().map_err(AppError::Shipped)?;
            output::raw(text.as_bytes());
        }
        GenesisCommand::Check { chain } => {
            let spec = read(chain)?;
            let (hash, block) = hashes(&spec)?;
            let coins = spec.total_supply.checked_div(alloy_primitives::U256::from(WEI_PER_COIN)).unwrap_or_default();
            output::line(format_args!(
                "{chain}: ok\n  network     {} (chain id {})\n  hash        {hash}\n  block 0     {block}\n  \
                 validators  {}\n  accounts    {}\n  supply      {coins} coins",
                spec.network,
                spec.chain_id,
                spec.validators.len(),
                spec.alloc.0.len(),
            ));
        }
        GenesisCommand::Hash { chain, json } => {
            let (hash, block) = hashes(&read(chain)?)?;
            if *json {
                output::line(json!({ "spec": hash, "block": block }));
            } else {
                output::line(format_args!("specification {hash}\nblock 0       {block}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Hash of the specification and of block 0, for which its state must be built.
fn hashes(spec: &ChainSpec) -> Result<(B256, B256), AppError> {
    let genesis = Executive::new(Arc::new(spec.clone())).and_then(|executive| executive.init_chain());
    let genesis = genesis.map_err(AppError::Shipped)?;
    Ok((spec.hash(), genesis.header.hash_slow()))
}

/// The specification that a word on the command line means: `dev`, a data folder, or a file.
pub(super) fn read(chain: &str) -> Result<ChainSpec, AppError> {
    if chain == "dev" {
        return new_dev_spec(None);
    }
    let path = Path::new(chain);
    if path.is_dir() {
        return Ok(DataDir::at(path)?.chain()?);
    }
    match read_spec(path) {
        // Here the hint of `DataDirError` to run this very command would be none.
        Err(DataDirError::Spec { path, error }) => Err(AppError::Spec { path, error }),
        other => Ok(other?),
    }
}

/// A development chain that starts now.
pub(super) fn new_dev_spec(chain_id: Option<u64>) -> Result<ChainSpec, AppError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = TimestampMs(u64::try_from(now).unwrap_or(u64::MAX));
    dev_spec(&dev_validator()?, now, chain_id).map_err(|error| match error {
        SpecError::OutOfRange { .. } => AppError::Usage(format!("--chain-id: {error}")),
        other => AppError::Shipped(other),
    })
}
