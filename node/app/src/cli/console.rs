//! The command lines of `assay token` and `assay agent`.

use alloy_primitives::{Address, U256};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Whom to ask, who signs, and how to answer.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// URL of a node's JSON-RPC
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8545", env = "ASSAY_CONSOLE_RPC")]
    pub rpc: String,
    /// As JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Account that signs: its name in --data-dir, or the path of a keystore
    #[arg(long, global = true, value_name = "NAME|FILE", conflicts_with = "dev_account")]
    pub key: Option<String>,
    /// Folder whose `keys` hold the account
    #[arg(long, global = true, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// File or FIFO with the passphrase (first line); default and `-`: standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Sign as this account of the development chain, whose keys everybody knows
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=255))]
    pub dev_account: Option<u32>,
}

/// Arguments of `assay token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The token; default: the chain's own (0xa55a20...01)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub token: Option<Address>,
    /// Node, key and output.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What to do
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// `assay token`. Amounts are decimal, in the token's own unit: `1.5`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Name, supply and issuer of a token
    Info,
    /// The native tokens of the chain
    List,
    /// What an account has; default: the account that signs
    Balance {
        /// The account
        account: Option<Address>,
    },
    /// What a spender may take of an owner
    Allowance {
        /// Whose tokens
        owner: Address,
        /// Who may take them
        spender: Address,
    },
    /// Send tokens
    Transfer {
        /// To whom
        to: Address,
        /// How many
        amount: String,
    },
    /// Let a spender take tokens
    Approve {
        /// Who may take them
        spender: Address,
        /// How many
        amount: String,
    },
    /// Make tokens (minters only)
    Mint {
        /// For whom
        to: Address,
        /// How many
        amount: String,
    },
    /// Destroy tokens of the account that signs (minters only)
    Burn {
        /// How many
        amount: String,
    },
    /// Make a new native token, owned by the account that signs
    Create {
        /// Name
        name: String,
        /// Symbol
        symbol: String,
        /// Digits after the point
        #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=18))]
        decimals: u8,
    },
}

/// Arguments of `assay agent`.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// Node, key and output.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What to do
    #[command(subcommand)]
    pub command: AgentCommand,
}

/// `assay agent`: the ERC-8004 registries.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Register an agent of the account that signs
    Register {
        /// URI of its registration file
        #[arg(default_value = "")]
        uri: String,
        /// Metadata, as KEY=VALUE
        #[arg(long, value_name = "KEY=VALUE")]
        metadata: Vec<String>,
    },
    /// Owner, wallet, URI and feedback of an agent
    Show {
        /// Its id
        agent: U256,
    },
    /// Agents in order of registration
    List {
        /// Position of the first
        #[arg(long, value_name = "N", default_value_t = 0)]
        start: u64,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        count: u64,
    },
    /// Say something of an agent
    Feedback {
        /// Its id
        agent: U256,
        /// A value such as 87 or -99.77
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// First tag
        #[arg(long, value_name = "TAG", default_value = "")]
        tag1: String,
        /// Second tag
        #[arg(long, value_name = "TAG", default_value = "")]
        tag2: String,
        /// What was used
        #[arg(long, value_name = "URL", default_value = "")]
        endpoint: String,
        /// Where more is said
        #[arg(long, value_name = "URI", default_value = "")]
        uri: String,
    },
}
