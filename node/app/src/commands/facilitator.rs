//! `assay facilitator`: settings and keys for the process of `assay-agents`.

use super::start::block_on;
use crate::cli::FacilitatorArgs;
use crate::config::{Config, LogFormat};
use crate::error::AppError;
use crate::keys::{Passphrase, account, dev_account};
use crate::node::Stop;
use crate::{logs, output};
use alloy_primitives::{B256, U256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use assay_agents::facilitator::{Budget, FacilitatorConfig, StartError, start};
use assay_genesis::DEV_CHAIN_ID;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Wei of a gwei.
const GWEI: u128 = 1_000_000_000;
/// The development account that pays the first key's gas; further keys are the accounts below it.
const DEV_KEY: u32 = 254;
/// Shortest key of a caller, in bytes.
const API_KEY_BYTES_MIN: usize = 16;

impl From<StartError> for AppError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Exposed { .. } | StartError::NoKey => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

pub(super) fn run(args: FacilitatorArgs) -> Result<ExitCode, AppError> {
    let config = config(&args)?;
    config.check()?;
    let keys = match args.dev {
        Some(count) => dev_keys(count)?,
        None => stored_keys(&args)?,
    };
    let mut log = Config::default().log;
    log.filter.clone_from(&args.log);
    log.format = if args.json { LogFormat::Json } else { LogFormat::Text };
    log.file = String::new();
    let _log = logs::install(&log)?;
    block_on(async move {
        let mut stop = Stop::install()?;
        let running = start(config, keys).await?;
        let url = format!("http://{}", running.address);
        if args.json {
            let ready = json!({ "facilitator": url, "network": running.network, "signers": running.signers });
            output::line(ready);
        } else {
            let signers: Vec<String> = running.signers.iter().map(ToString::to_string).collect();
            output::line(format_args!(
                "x402 facilitator of {} at {url}; gas from {}",
                running.network,
                signers.join(", ")
            ));
        }
        let signal = stop.next().await;
        tracing::info!(signal, "stopping");
        running.stop().await;
        Ok(())
    })
}

fn config(args: &FacilitatorArgs) -> Result<FacilitatorConfig, AppError> {
    let mut config = FacilitatorConfig::new(args.rpc.clone(), args.listen);
    config.chain_id = if args.dev.is_some() { Some(DEV_CHAIN_ID) } else { args.chain_id };
    config.assets.clone_from(&args.asset);
    config.receivers.clone_from(&args.receiver);
    config.api_keys = api_keys(args)?;
    config.value_min = args.min_value.max(U256::from(1));
    config.coin_price = args.coin_price;
    config.budget =
        Budget { payer: args.payer_budget, payee: args.payee_budget, window: Duration::from_secs(args.budget_window) };
    config.gas_max = args.gas_max;
    config.fees = (GWEI, u128::from(args.fee_max).saturating_mul(GWEI));
    config.answer_timeout = Duration::from_millis(args.answer_timeout);
    Ok(config)
}

fn api_keys(args: &FacilitatorArgs) -> Result<Vec<B256>, AppError> {
    let Some(path) = &args.api_key_file else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path).map_err(|error| AppError::file(path, error))?;
    let keys: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if keys.is_empty() || keys.iter().any(|key| key.len() < API_KEY_BYTES_MIN) {
        let rule = format!("one key per line, of {API_KEY_BYTES_MIN} bytes at least");
        return Err(AppError::Usage(format!("{}: {rule}", path.display())));
    }
    Ok(keys.into_iter().map(keccak256).collect())
}

fn dev_keys(count: u32) -> Result<Vec<PrivateKeySigner>, AppError> {
    (0..count).map(|below| dev_account(DEV_KEY.saturating_sub(below))).collect()
}

fn stored_keys(args: &FacilitatorArgs) -> Result<Vec<PrivateKeySigner>, AppError> {
    if args.key.is_empty() {
        return Err(AppError::Usage(
            "give --key (an account that pays the gas), or --dev on a development chain".into(),
        ));
    }
    let passphrase = Passphrase::read(args.passphrase.passphrase_file.as_deref())?;
    let mut keys: Vec<PrivateKeySigner> = Vec::new();
    for name in &args.key {
        let key = account(name, args.data_dir.as_deref(), &passphrase)?;
        if keys.iter().any(|known| known.address() == key.address()) {
            return Err(AppError::Usage(format!("--key {name}: given twice")));
        }
        keys.push(key);
    }
    Ok(keys)
}
