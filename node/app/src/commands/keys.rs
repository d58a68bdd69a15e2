//! `assay keys`: make, show and import.

use crate::cli::{KeyChoice, KeysCommand, PassphraseArgs};
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{
    DEV_FILE, KeyError, KeyKind, Passphrase, PublicPart, StoredKey, genesis_entry, list, read_line_from, read_secret,
    store,
};
use crate::output;
use alloy_primitives::hex;
use assay_primitives::ConsensusAddress;
use rand::RngCore as _;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use zeroize::Zeroizing;

pub(super) fn run(command: KeysCommand) -> Result<ExitCode, AppError> {
    match command {
        KeysCommand::New { kind, data_dir, name, passphrase } => {
            let data_dir = DataDir::at(&data_dir)?;
            data_dir.create()?;
            check_name(kind, name.as_deref())?;
            refuse_existing(&data_dir, kind, name.as_deref())?;
            let passphrase = Passphrase::read(passphrase.passphrase_file.as_deref())?;
            for kind in kinds(kind) {
                let secret = random(kind)?;
                let key = put(&data_dir, kind, name.as_deref(), &secret, &passphrase)?;
                output::line(describe(&key));
            }
        }
        KeysCommand::Import { kind, key_file, data_dir, name, passphrase } => {
            let [kind] = kinds(kind)[..] else {
                return Err(AppError::Usage(
                    "import one key at a time: consensus, randomness, network, account".into(),
                ));
            };
            check_name(choice(kind), name.as_deref())?;
            let data_dir = DataDir::at(&data_dir)?;
            data_dir.create()?;
            let key = import(&data_dir, kind, name.as_deref(), &key_file, &passphrase)?;
            output::line(describe(&key));
        }
        KeysCommand::Show { data_dir, json, secret: None, .. } => show(&DataDir::at(&data_dir)?, json)?,
        KeysCommand::Show { data_dir, secret: Some(name), passphrase, .. } => {
            let folder = DataDir::at(&data_dir)?.keys();
            let missing = || KeyError::Missing { name: name.clone(), folder: folder.clone() };
            let key = list(&folder)?.into_iter().find(|key| key.name == name).ok_or_else(missing)?;
            let passphrase = Passphrase::read(passphrase.passphrase_file.as_deref())?;
            let secret = read_secret(&key.path, &passphrase)?;
            output::line(Zeroizing::new(hex::encode_prefixed(secret.as_slice())).as_str());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn kinds(choice: KeyChoice) -> Vec<KeyKind> {
    match choice {
        // Consensus first: the randomness key proves its possession for that address.
        KeyChoice::Validator => vec![KeyKind::Consensus, KeyKind::Randomness, KeyKind::Network],
        KeyChoice::Consensus => vec![KeyKind::Consensus],
        KeyChoice::Randomness => vec![KeyKind::Randomness],
        KeyChoice::Network => vec![KeyKind::Network],
        KeyChoice::Account => vec![KeyKind::Account],
    }
}

const fn choice(kind: KeyKind) -> KeyChoice {
    match kind {
        KeyKind::Consensus => KeyChoice::Consensus,
        KeyKind::Randomness => KeyChoice::Randomness,
        KeyKind::Network => KeyChoice::Network,
        KeyKind::Account => KeyChoice::Account,
    }
}

fn check_name(kind: KeyChoice, name: Option<&str>) -> Result<(), AppError> {
    let Some(name) = name else { return Ok(()) };
    if kind != KeyChoice::Account {
        return Err(AppError::Usage("--name is for accounts; a node has one key of every other kind".into()));
    }
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if fits && !name.starts_with('.') {
        return Ok(());
    }
    Err(AppError::Usage(format!("--name {name}: 1 to 64 letters, digits, `-`, `_` and `.`")))
}

/// Before anything is made: a validator's three keys are new together or not at all.
fn refuse_existing(data_dir: &DataDir, choice: KeyChoice, name: Option<&str>) -> Result<(), AppError> {
    for kind in kinds(choice) {
        let path = data_dir.keys().join(format!("{}.json", file_name(kind, name)));
        if (kind != KeyKind::Account || name.is_some()) && path.exists() {
            return Err(KeyError::Exists { path }.into());
        }
    }
    Ok(())
}

fn file_name(kind: KeyKind, name: Option<&str>) -> String {
    match (kind, name) {
        (KeyKind::Account, Some(name)) => format!("account-{name}"),
        _ => kind.to_string(),
    }
}

/// 32 bytes that are a key of the kind. All are but one in 2^128 of an account's.
fn random(kind: KeyKind) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut secret = Zeroizing::new([0; 32]);
    rand::rngs::OsRng.fill_bytes(secret.as_mut());
    PublicPart::of(kind, &secret, None).map(|_| secret)
}

fn put(
    data_dir: &DataDir,
    kind: KeyKind,
    name: Option<&str>,
    secret: &[u8; 32],
    passphrase: &Passphrase,
) -> Result<StoredKey, AppError> {
    let folder = data_dir.keys();
    let owner = if kind == KeyKind::Randomness { consensus_address(&folder)? } else { None };
    let public = PublicPart::of(kind, secret, owner)?;
    let name = match (&public, name) {
        (PublicPart::Account { address }, None) => format!("account-{}", hex::encode(address)),
        _ => file_name(kind, name),
    };
    let path = store(&folder, &name, &public, secret, passphrase)?;
    Ok(StoredKey { name, path, public })
}

fn consensus_address(folder: &Path) -> Result<Option<ConsensusAddress>, KeyError> {
    Ok(list(folder)?.into_iter().find_map(|key| match key.public {
        PublicPart::Consensus { consensus_address, .. } => Some(consensus_address),
        _ => None,
    }))
}

fn import(
    data_dir: &DataDir,
    kind: KeyKind,
    name: Option<&str>,
    key_file: &Path,
    passphrase: &PassphraseArgs,
) -> Result<StoredKey, AppError> {
    let from_stdin = key_file.as_os_str() == "-";
    let passphrase_file = passphrase.passphrase_file.as_deref().filter(|path| path.as_os_str() != "-");
    if from_stdin && passphrase_file.is_none() {
        return Err(AppError::Usage("key and passphrase cannot both come from standard input".into()));
    }
    let passphrase = Passphrase::read(passphrase_file)?;
    let line = read_line_from(Some(key_file).filter(|_| !from_stdin))?;
    let malformed = |reason: &str| KeyError::Malformed { path: key_file.to_path_buf(), reason: reason.to_owned() };
    let secret = if line.trim_start().starts_with('{') {
        if from_stdin {
            return Err(malformed("give a keystore as a file").into());
        }
        read_secret(key_file, &passphrase)?
    } else {
        let bytes = Zeroizing::new(hex::decode(line.trim()).map_err(|_| malformed("not hex"))?);
        Zeroizing::new(bytes.as_slice().try_into().map_err(|_| malformed("not 32 bytes"))?)
    };
    put(data_dir, kind, name, &secret, &passphrase)
}

fn describe(key: &StoredKey) -> String {
    let public = match &key.public {
        PublicPart::Consensus { consensus_address, public_key } => format!("{consensus_address}  public {public_key}"),
        PublicPart::Randomness { public_key, possession: Some(_) } => format!("public {public_key}"),
        PublicPart::Randomness { public_key, possession: None } => {
            format!("public {public_key}  (no proof of possession: import it after the consensus key)")
        }
        PublicPart::Network { peer_id } => format!("peer {peer_id}"),
        PublicPart::Account { address } => address.to_string(),
    };
    format!("{:<24} {public}", key.name)
}

fn show(data_dir: &DataDir, as_json: bool) -> Result<(), AppError> {
    let keys = list(&data_dir.keys())?;
    let entry = genesis_entry(&keys);
    if as_json {
        output::line(json!({ "keys": keys, "validator": entry }));
        return Ok(());
    }
    if data_dir.keys().join(DEV_FILE).exists() {
        output::line("dev                      the development validator, whose keys everybody knows");
    } else if keys.is_empty() {
        output::line(format_args!("no keys in {}", data_dir.keys().display()));
    }
    for key in &keys {
        output::line(describe(key));
    }
    if let Some(entry) = entry {
        let text = serde_json::to_string_pretty(&entry).map_err(|error| AppError::Failed(error.to_string()))?;
        output::line(format_args!("\nEntry in `validators` of a chain specification:\n{text}"));
        if entry.fee_address.is_zero() {
            output::line("Set feeAddress to the account that is to receive the fees.");
        }
    }
    Ok(())
}
