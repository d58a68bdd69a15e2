//! The validator of development chains. Its keys are in this source: whoever uses them elsewhere has no secret.

use super::{KeyError, ValidatorKeys};
use crate::data_dir::write_new;
use alloy_primitives::{B256, keccak256};
use assay_genesis::{ChainSpec, DEV_MNEMONIC, SpecError, dev_accounts};
use assay_primitives::TimestampMs;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// File that keeps these keys in a data folder, so that the folder is whole in itself.
pub const DEV_FILE: &str = "dev.json";
/// Account of the mnemonic that receives the validator's fees: the last one, which examples do not use.
const FEE_ACCOUNT: usize = 255;

/// The keys as they lie in [`DEV_FILE`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DevFile {
    warning: String,
    consensus: B256,
    randomness: B256,
    network: B256,
}

fn seed(purpose: &str) -> B256 {
    keccak256(format!("assay dev {purpose} key of {DEV_MNEMONIC}"))
}

/// The development validator: the same keys in every build.
///
/// # Errors
/// None for a sound binary.
pub fn dev_validator() -> Result<ValidatorKeys, KeyError> {
    ValidatorKeys::from_seeds(seed("consensus").0, seed("randomness").0, seed("network").0)
}

/// Writes the development validator into a key folder, unless it is there already.
///
/// # Errors
/// `Io`.
pub fn put_dev_validator(folder: &Path) -> Result<(), KeyError> {
    let path = folder.join(DEV_FILE);
    if path.exists() {
        return Ok(());
    }
    let file = DevFile {
        warning: "keys of a development chain: everybody knows them".to_owned(),
        consensus: seed("consensus"),
        randomness: seed("randomness"),
        network: seed("network"),
    };
    let malformed = |error: serde_json::Error| KeyError::Malformed { path: path.clone(), reason: error.to_string() };
    let text = serde_json::to_string_pretty(&file).map_err(malformed)?;
    write_new(&path, format!("{text}\n").as_bytes()).map_err(|error| KeyError::Io { path: path.clone(), error })
}

/// Reads [`DEV_FILE`]. Other keys than the known ones are refused: an unencrypted file is no place for a secret.
pub(super) fn read_dev_validator(folder: &Path) -> Result<ValidatorKeys, KeyError> {
    let path = folder.join(DEV_FILE);
    let malformed = |reason: String| KeyError::Malformed { path: path.clone(), reason };
    let text = std::fs::read_to_string(&path).map_err(|error| KeyError::Io { path: path.clone(), error })?;
    let hint = "remove it: the development keys are part of the program; `assay keys import` stores keys of your own";
    let file: DevFile = serde_json::from_str(&text).map_err(|error| malformed(format!("{error}; {hint}")))?;
    if (file.consensus, file.randomness, file.network) != (seed("consensus"), seed("randomness"), seed("network")) {
        return Err(malformed(format!("it does not hold the development keys; {hint}")));
    }
    dev_validator()
}

/// The specification of a development chain that starts at a time.
///
/// # Errors
/// [`SpecError`]: `chain_id` out of bounds, or damaged data in this binary.
pub fn dev_spec(keys: &ValidatorKeys, start: TimestampMs, chain_id: Option<u64>) -> Result<ChainSpec, SpecError> {
    let accounts = dev_accounts()?;
    let fees = accounts.get(FEE_ACCOUNT).copied().unwrap_or_default();
    let mut spec = ChainSpec::dev(keys.genesis(1, fees), start)?;
    if let Some(chain_id) = chain_id {
        spec.chain_id = chain_id;
        spec.validate()?;
    }
    Ok(spec)
}
