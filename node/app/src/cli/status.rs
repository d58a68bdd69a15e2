//! The command line of `assay status`.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `assay status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Folder of a running node, which says where it listens
    #[arg(long, value_name = "DIR", conflicts_with_all = ["rpc", "admin"])]
    pub data_dir: Option<PathBuf>,
    /// URL of the node's JSON-RPC
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8545", env = "ASSAY_STATUS_RPC")]
    pub rpc: String,
    /// URL of its admin port
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9545", env = "ASSAY_STATUS_ADMIN")]
    pub admin: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
