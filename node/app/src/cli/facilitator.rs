//! The command line of `assay facilitator`.

use super::PassphraseArgs;
use alloy_primitives::{Address, U256};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `assay facilitator`.
#[derive(Debug, Args)]
pub struct FacilitatorArgs {
    /// URL of a node's JSON-RPC
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8545", env = "ASSAY_FACILITATOR_RPC")]
    pub rpc: String,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4020", env = "ASSAY_FACILITATOR_LISTEN")]
    pub listen: SocketAddr,
    /// Name of an account in --data-dir, or path of a keystore; may be given more than once, under one passphrase
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "dev")]
    pub key: Vec<String>,
    /// Folder whose `keys` hold the accounts
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The passphrase.
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
    /// Pay gas from so many of the development chain's accounts, whose keys everybody knows (chain 31337 only)
    #[arg(long, value_name = "KEYS", num_args = 0..=1, default_missing_value = "1", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub dev: Option<u32>,
    /// Refuse to start on another chain than this
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// Serve only these payees
    #[arg(long, value_name = "ADDRESS")]
    pub receiver: Vec<Address>,
    /// File with one key per line; callers show one as `Authorization: Bearer KEY`
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Settle this token, too; native tokens always are
    #[arg(long, value_name = "ADDRESS")]
    pub asset: Vec<Address>,
    /// Least value of a payment, in atomic units of its token
    #[arg(long, value_name = "UNITS", default_value = "1")]
    pub min_value: U256,
    /// What a coin is worth in atomic units of the token: payments worth less than their gas are refused then
    #[arg(long, value_name = "UNITS")]
    pub coin_price: Option<U256>,
    /// Settlements of one payer per window; 0: no bound
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub payer_budget: u32,
    /// Settlements to one payee per window; 0: no bound
    #[arg(long, value_name = "N", default_value_t = 6000)]
    pub payee_budget: u32,
    /// Length of that window, in seconds
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub budget_window: u64,
    /// Most gas of one settlement
    #[arg(long, value_name = "GAS", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(50_000..=16_000_000))]
    pub gas_max: u64,
    /// Most fee per gas, in gwei
    #[arg(long, value_name = "GWEI", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub fee_max: u64,
    /// How long /settle waits for its block, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(100..=80_000))]
    pub answer_timeout: u64,
    /// What is logged
    #[arg(long, value_name = "FILTER", default_value = "info", env = "ASSAY_FACILITATOR_LOG")]
    pub log: String,
    /// Print where it listens as JSON, and log JSON lines
    #[arg(long)]
    pub json: bool,
}
