//! The command line of `assay testnet`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `assay testnet`.
#[derive(Debug, Subcommand)]
pub enum TestnetCommand {
    /// Write keys, one chain specification, and a data folder per node
    ///
    /// A node's ports lie together: JSON-RPC at its base, then admin, consensus and transaction gossip. The first node of
    /// a host has --base-port as its base, each further one 10 more.
    #[command(after_help = "\
Examples:
  assay testnet init --validators 4 --out net            four validators on this machine
  assay testnet init --validators 4 --full-nodes 1 --block-time 1000 --out net
  assay testnet init --hosts 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4 --out net
                                                         four machines; copy net/node0 to the first, and so on")]
    Init(TestnetInitArgs),
    /// Run all nodes of a network on this machine, with a status line for each
    ///
    /// What the nodes log is in DIR/NODE/node.log. A node that ends is named with its reason and not started again; the
    /// others go on. Ctrl-C stops all of them within five seconds; they end with this process, also where it is killed.
    #[command(after_help = "\
Examples:
  assay testnet up net
  assay testnet up net --json | jq -c 'select(.event == \"ended\")'

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 a node ended by itself, 2 wrong arguments.")]
    Up(TestnetUpArgs),
    /// Print the JSON-RPC URLs of a network's nodes
    #[command(after_help = "Example: curl -s $(assay testnet urls net --json | jq -r '.[0]')")]
    Urls(TestnetUrlsArgs),
}

/// Arguments of `assay testnet init`.
#[derive(Debug, Args)]
pub struct TestnetInitArgs {
    /// Folder to create; it must not exist
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many validators
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub validators: u16,
    /// How many full nodes, which follow and serve but do not vote
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub full_nodes: u16,
    /// Chain id; default 31337
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// Milliseconds from block to block
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub block_time: u64,
    /// First port of the first node of a host; 0: free ports, chosen now for peers and at each start for clients
    #[arg(long, value_name = "PORT", default_value_t = 27_000)]
    pub base_port: u16,
    /// Hosts on which the nodes will run, in their order, separated by commas; or one for all
    #[arg(long, value_name = "HOST", value_delimiter = ',', default_value = "127.0.0.1")]
    pub hosts: Vec<String>,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `assay testnet up`.
#[derive(Debug, Args)]
pub struct TestnetUpArgs {
    /// Folder made by `assay testnet init`
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print JSON lines: `started`, `listens`, `status` each second, `ended`, `stopping`, `stopped`
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `assay testnet urls`.
#[derive(Debug, Args)]
pub struct TestnetUrlsArgs {
    /// Folder made by `assay testnet init`
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// As a JSON list
    #[arg(long)]
    pub json: bool,
}
