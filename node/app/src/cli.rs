//! The command line.

mod console;
mod database;
mod facilitator;
mod status;
mod testnet;
mod work;

pub use console::{AgentArgs, AgentCommand, ConsoleArgs, TokenArgs, TokenCommand};
pub use database::{DbCommand, FolderArgs, GuardCommand, WalCommand};
pub use facilitator::FacilitatorArgs;
pub use status::StatusArgs;
pub use testnet::{TestnetCommand, TestnetInitArgs, TestnetUpArgs, TestnetUrlsArgs};
pub use work::{JobArgs, JobCommand, RoleChoice, StakeArgs, StakeCommand, VerdictChoice};

use crate::config::ConfigFlags;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong arguments or settings.";

/// A node of the Assay chain, and the tools around it.
#[derive(Debug, Parser)]
#[command(name = "assay", version, about, propagate_version = true, max_term_width = 120, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a development chain: one process, real consensus, funded accounts
    ///
    /// Blocks are made when there is something to put in, or every --block-time. Without --data-dir the chain lives in a
    /// temporary folder that goes with it.
    #[command(after_help = "\
Examples:
  assay dev                                a fresh chain at http://127.0.0.1:8545
  assay dev --data-dir ./chain             one that is still there next time
  assay dev --block-time 1000 --rpc-port 0 a block each second, on a free port
  assay dev --json | jq .                  events as JSON lines; the first one says where the ports are

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 the node stopped itself, 2 wrong arguments or settings.")]
    Dev(Box<DevArgs>),
    /// Create the data folder of a node: chain, settings, keys of a development chain
    #[command(after_help = "\
Examples:
  assay init --data-dir ./node --chain chain.json
  assay keys new validator --data-dir ./node --passphrase-file pass.txt")]
    Init(InitArgs),
    /// Run a node on a data folder made by `assay init`
    #[command(after_help = "\
Examples:
  assay start --data-dir ./node --passphrase-file /run/secrets/assay
  assay start --data-dir ./node --config /etc/assay.toml --rpc-host 0.0.0.0

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 the node stopped itself, 2 wrong arguments or settings.")]
    Start(Box<StartArgs>),
    /// Make, show and import keys (encrypted keystores)
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at a chain specification
    #[command(subcommand)]
    Genesis(GenesisCommand),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask a running node how it fares: height, round, peers, validators and who is missing
    #[command(after_help = "\
Examples:
  assay status                                  the node on the usual ports
  assay status --data-dir net/node0             the node of a folder, wherever it listens
  assay status --json | jq .missing

Exit codes: 0 the node is ready, 1 it is not, or does not answer.")]
    Status(StatusArgs),
    /// Make a network of several nodes, for development and tests, and run it
    #[command(subcommand)]
    Testnet(TestnetCommand),
    /// Verify and settle x402 payments: payers sign, this process pays the gas
    #[command(after_help = "\
Examples:
  assay facilitator --dev                          beside `assay dev`, gas from a known account
  assay facilitator --data-dir ./node --key gas --passphrase-file pass.txt
  assay facilitator --listen 0.0.0.0:4020 --api-key-file keys.txt --data-dir ./node --key gas

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 failed, 2 wrong arguments.")]
    Facilitator(Box<FacilitatorArgs>),
    /// Look at tokens and move them
    #[command(after_help = "\
Examples:
  assay token info
  assay token balance 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --json
  assay token transfer 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 1.5 --dev-account 0
  assay token mint 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 100 --data-dir ./node --key treasury")]
    Token(Box<TokenArgs>),
    /// Register agents, look at them and give feedback (ERC-8004)
    #[command(after_help = "\
Examples:
  assay agent list
  assay agent register https://agent.example/card.json --metadata model=m1 --dev-account 3
  assay agent feedback 1 99.77 --tag1 quality --dev-account 4
  assay agent show 1 --json")]
    Agent(Box<AgentArgs>),
    /// Order work, bid for it, pay through escrow, deliver and judge (ERC-8183)
    #[command(after_help = "\
Examples:
  assay job create 'translate 100 pages' --provider 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --price 25 --dev-account 0
  assay job fund 1 25 --dev-account 0
  assay job submit 1 'ipfs://the-work' --dev-account 1
  assay job settle 1 complete --dev-account 0
  assay job list --json")]
    Job(Box<JobArgs>),
    /// Look at validators, delegate to them, bond agents
    #[command(after_help = "\
Examples:
  assay stake show
  assay stake delegate 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 12.5 --dev-account 0
  assay stake unbond 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --dev-account 0
  assay stake bond-agent 1 5 --dev-account 10")]
    Stake(Box<StakeArgs>),
    /// Print the version
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    #[command(after_help = "Example: assay completions bash > /etc/bash_completion.d/assay")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Run Ethereum state tests (GeneralStateTests JSON) through this node's executor
    #[command(after_help = "\
Examples:
  assay statetest GeneralStateTests/ --fork Cancun
  assay statetest test.json --native --json | tail -1

Exit codes: 0 all passed or skipped, 1 a test failed, 2 wrong arguments.")]
    Statetest(StatetestArgs),
    /// Examine and repair the database of a stopped node
    #[command(subcommand)]
    Db(DbCommand),
    /// Examine and repair the consensus engine's write-ahead log of a stopped node
    #[command(subcommand)]
    Wal(WalCommand),
    /// Make or reset the signing guard, which keeps a validator from ever signing twice
    #[command(subcommand)]
    Guard(GuardCommand),
}

/// Arguments of `assay dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// Folder that keeps the chain; a temporary one by default
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Settings file
    #[arg(long, value_name = "FILE", env = "ASSAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Make a block every so many milliseconds, also empty ones; default: on demand
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(20..=60_000))]
    pub block_time: Option<u64>,
    /// How many of the 256 funded accounts to print
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=256))]
    pub accounts: u32,
    /// Chain id of a new chain; default 31337
    #[arg(long, value_name = "ID")]
    pub chain_id: Option<u64>,
    /// Print no line per block
    #[arg(long, short)]
    pub quiet: bool,
    /// Print JSON lines: first where the node listens, then one per block
    #[arg(long)]
    pub json: bool,
    /// The settings.
    #[command(flatten)]
    pub flags: ConfigFlags,
}

/// Arguments of `assay init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder to create
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: PathBuf,
    /// File with the chain specification, or `dev` for a development chain
    #[arg(long, value_name = "FILE|dev", default_value = "dev")]
    pub chain: String,
}

/// Arguments of `assay start`.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// The node's folder
    #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
    pub data_dir: PathBuf,
    /// Settings file; default: config.toml in the node's folder
    #[arg(long, value_name = "FILE", env = "ASSAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Make blocks only when there is something to put in (development)
    #[arg(long)]
    pub on_demand: bool,
    /// Print JSON lines: where the node listens, then one per block
    #[arg(long)]
    pub json: bool,
    /// Stop when standard input ends, which it does with the process that started this one
    #[arg(long, hide = true)]
    pub stop_with_input: bool,
    /// The settings.
    #[command(flatten)]
    pub flags: ConfigFlags,
}

/// Where a passphrase comes from. It is never an argument: those can be read by every user of the machine.
#[derive(Debug, Args)]
pub struct PassphraseArgs {
    /// File or FIFO with the passphrase (first line); default and `-`: standard input
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyChoice {
    /// All three keys of a validator: consensus, randomness and network.
    Validator,
    /// Signs proposals and votes (Ed25519).
    Consensus,
    /// Makes the chain's randomness (schnorrkel VRF).
    Randomness,
    /// Names the node to its peers (Ed25519).
    Network,
    /// An Ethereum account (secp256k1).
    Account,
}

/// `assay keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make new keys and store them encrypted
    #[command(after_help = "\
Examples:
  assay keys new validator --data-dir ./node --passphrase-file pass.txt
  echo secret | assay keys new account --name treasury --data-dir ./node")]
    New {
        /// What the key is for
        #[arg(value_enum)]
        kind: KeyChoice,
        /// The node's folder
        #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
        data_dir: PathBuf,
        /// Name of an account; default: its address
        #[arg(long)]
        name: Option<String>,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Show the public parts of all keys, and the validator's entry for a chain specification
    Show {
        /// The node's folder
        #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
        data_dir: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
        /// Name of one key whose secret is printed; needs its passphrase
        #[arg(long, value_name = "NAME")]
        secret: Option<String>,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Store a key that exists already
    #[command(after_help = "\
The key file holds 32 bytes in hex, or a web3 keystore (version 3) under the same passphrase.
Example: assay keys import account --key-file key.hex --data-dir ./node --passphrase-file pass.txt")]
    Import {
        /// What the key is for
        #[arg(value_enum)]
        kind: KeyChoice,
        /// File or FIFO with the key; `-` for standard input
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// The node's folder
        #[arg(long, value_name = "DIR", env = "ASSAY_DATA_DIR")]
        data_dir: PathBuf,
        /// Name of an account; default: its address
        #[arg(long)]
        name: Option<String>,
        /// The passphrase.
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

/// `assay genesis`.
#[derive(Debug, Subcommand)]
pub enum GenesisCommand {
    /// Print a specification as this node reads it
    Show {
        /// File, data folder, or `dev`
        #[arg(default_value = "dev")]
        chain: String,
    },
    /// Check a specification: every rule, and that its state can be built
    Check {
        /// File, data folder, or `dev`
        chain: String,
    },
    /// Print the hash of a specification and of its genesis block
    Hash {
        /// File, data folder, or `dev`
        chain: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `assay config ...`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Settings file
    #[arg(long, value_name = "FILE", env = "ASSAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub flags: ConfigFlags,
}

/// `assay config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings that would be in force
    #[command(after_help = "Example: ASSAY_RPC_PORT=9000 assay config show --origin --config node.toml")]
    Show {
        /// Where each value comes from
        #[arg(long)]
        origin: bool,
        /// As JSON, origins included
        #[arg(long)]
        json: bool,
        /// File and flags.
        #[command(flatten)]
        args: Box<ConfigArgs>,
    },
    /// Check file, variables and flags
    Check {
        /// File and flags.
        #[command(flatten)]
        args: Box<ConfigArgs>,
    },
    /// Print a file with every setting at its default, commented out
    Template,
}

/// Arguments of `assay statetest`.
#[derive(Debug, Args)]
pub struct StatetestArgs {
    /// Files or folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Run each test a second time with this chain's own rules on (native modules, 0xEF)
    #[arg(long)]
    pub native: bool,
    /// One JSON object per test; the last line is the summary
    #[arg(long)]
    pub json: bool,
    /// Only this fork, as the files name it
    #[arg(long, value_name = "FORK")]
    pub fork: Option<String>,
}
