//! Ethereum accounts that commands sign with.

use super::{KeyError, Passphrase, read_secret};
use crate::data_dir::DataDir;
use crate::error::AppError;
use alloy_signer_local::coins_bip39::English;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use assay_genesis::DEV_MNEMONIC;
use std::path::{Path, PathBuf};

/// An account of the development chain, whose keys everybody knows.
///
/// # Errors
/// `Failed`, which cannot happen for this mnemonic.
pub fn dev_account(index: u32) -> Result<PrivateKeySigner, AppError> {
    let builder = MnemonicBuilder::<English>::default().phrase(DEV_MNEMONIC).index(index);
    builder.and_then(|builder| builder.build()).map_err(|error| AppError::Failed(error.to_string()))
}

/// The account in a keystore: a path where `name` is one, else a name in the `keys` of a data folder.
///
/// # Errors
/// `Usage` for a name without a folder, `Keys`.
pub fn account(name: &str, data_dir: Option<&Path>, passphrase: &Passphrase) -> Result<PrivateKeySigner, AppError> {
    let path = keystore(name, data_dir)?;
    let secret = read_secret(&path, passphrase)?;
    let key = PrivateKeySigner::from_slice(secret.as_slice());
    Ok(key.map_err(|error| KeyError::Malformed { path, reason: error.to_string() })?)
}

fn keystore(name: &str, data_dir: Option<&Path>) -> Result<PathBuf, AppError> {
    if name.contains('/') || name.ends_with(".json") {
        return Ok(PathBuf::from(name));
    }
    let Some(data_dir) = data_dir else {
        return Err(AppError::Usage(format!("--key {name}: give --data-dir, or the path of a keystore")));
    };
    let folder = DataDir::at(data_dir)?.keys();
    let known = [name.to_owned(), format!("account-{name}")].map(|name| folder.join(format!("{name}.json")));
    let missing = || KeyError::Missing { name: name.to_owned(), folder: folder.clone() };
    Ok(known.into_iter().find(|path| path.exists()).ok_or_else(missing)?)
}
