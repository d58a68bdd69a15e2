//! The command lines of `assay job` and `assay stake`.

use super::ConsoleArgs;
use alloy_primitives::{Address, B256, U256};
use clap::{Args, Subcommand, ValueEnum};

/// Arguments of `assay job`.
#[derive(Debug, Args)]
pub struct JobArgs {
    /// Node, key and output.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What to do
    #[command(subcommand)]
    pub command: JobCommand,
}

/// `assay job`. Prices are decimal, in the default token: `1.5`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Order work
    Create {
        /// What is to be done
        description: String,
        /// Who does it; without one, `open-bids` finds one
        #[arg(long, value_name = "ADDRESS")]
        provider: Option<Address>,
        /// Who judges it; default: the account that signs
        #[arg(long, value_name = "ADDRESS")]
        evaluator: Option<Address>,
        /// Until the client may have its payment back
        #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
        expires_in: u64,
        /// The price
        #[arg(long, value_name = "AMOUNT")]
        price: Option<String>,
        /// Contract that is asked before and after each step
        #[arg(long, value_name = "ADDRESS")]
        hook: Option<Address>,
    },
    /// Name the price of an open job (client or provider)
    Price {
        /// Its number
        job: U256,
        /// The price
        price: String,
    },
    /// Ask agents for bids for an open job (client)
    OpenBids {
        /// Its number
        job: U256,
        /// Highest price
        max_price: String,
        /// How long agents may bid
        #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
        seconds: u64,
        /// Bids hide their prices, and say them in this time after the bidding
        #[arg(long, value_name = "SECONDS")]
        sealed: Option<u64>,
        /// What is left for the work at least
        #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
        work_time: u64,
        /// Coins that each bidder has at stake
        #[arg(long, value_name = "COINS", default_value = "0.001")]
        bond: String,
    },
    /// Bid for an agent that the signer speaks for
    Bid {
        /// The job
        job: U256,
        /// The agent
        agent: U256,
        /// Its price
        price: String,
    },
    /// Bid without saying the price, where bids are sealed; keep the salt that it answers
    CommitBid {
        /// The job
        job: U256,
        /// The agent
        agent: U256,
        /// Its price
        price: String,
        /// What hides the price; default: drawn
        #[arg(long, value_name = "HASH")]
        salt: Option<B256>,
    },
    /// Say the price of a sealed bid
    RevealBid {
        /// The job
        job: U256,
        /// The agent
        agent: U256,
        /// The price that was committed to
        price: String,
        /// The salt that `commit-bid` answered
        salt: B256,
    },
    /// Free the bonds of bids that are no longer needed (anybody)
    Release {
        /// The job
        job: U256,
    },
    /// Name who works on an open job (client)
    SetProvider {
        /// The job
        job: U256,
        /// Who works
        provider: Address,
    },
    /// Name the agent as which you work (provider)
    SetAgent {
        /// The job
        job: U256,
        /// The agent
        agent: U256,
    },
    /// What escrow owes an account; default: the account that signs
    Credits {
        /// The account
        account: Option<Address>,
        /// In this token; default: the chain's own
        #[arg(long, value_name = "ADDRESS")]
        token: Option<Address>,
    },
    /// Be paid what escrow owes you
    Withdraw {
        /// In this token; default: the chain's own
        #[arg(long, value_name = "ADDRESS")]
        token: Option<Address>,
    },
    /// End an auction whose time is over (anybody)
    Award {
        /// The job
        job: U256,
    },
    /// Pay into escrow; approves the amount first where escrow may not take it yet
    Fund {
        /// The job
        job: U256,
        /// The price that you expect
        price: String,
    },
    /// Deliver the work (provider)
    Submit {
        /// The job
        job: U256,
        /// 32 bytes in hex, or a text whose Keccak-256 is delivered
        deliverable: String,
    },
    /// End a job: pay the provider, or give the client its payment back
    Settle {
        /// The job
        job: U256,
        /// How it ends
        verdict: VerdictChoice,
        /// Why: 32 bytes in hex, or a text whose Keccak-256 is written down
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Jobs in order of creation
    List {
        /// Number of the first
        #[arg(long, value_name = "N", default_value_t = 1)]
        start: u64,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        count: u64,
    },
    /// One job and its bids
    Show {
        /// Its number
        job: U256,
    },
}

/// How a job ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum VerdictChoice {
    /// The provider is paid (evaluator)
    Complete,
    /// The client gets its payment back (evaluator; the client of an open job)
    Reject,
    /// The same after the expiry (anybody)
    Refund,
}

/// Arguments of `assay stake`.
#[derive(Debug, Args)]
pub struct StakeArgs {
    /// Node, key and output.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What to do
    #[command(subcommand)]
    pub command: StakeCommand,
}

/// `assay stake`. Amounts are decimal, in coins: `1.5`.
#[derive(Debug, Subcommand)]
pub enum StakeCommand {
    /// All validators, or one and the signer's delegation with it
    Show {
        /// The validator's operator
        operator: Option<Address>,
    },
    /// Register a validator with the keys in --data-dir, and bond coins as its own stake
    Bond {
        /// How many
        amount: String,
        /// Who receives priority fees; default: the account that signs
        #[arg(long, value_name = "ADDRESS")]
        fee_address: Option<Address>,
        /// Share of the rewards that you keep, in hundredths of a per cent
        #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(0..=10_000))]
        commission: u16,
    },
    /// Replace the consensus key of your validator by the one in --data-dir, a node that follows with it
    RotateKey,
    /// Delegate coins to a validator
    Delegate {
        /// The validator's operator
        operator: Address,
        /// How many
        amount: String,
    },
    /// Take coins back from a validator; `withdraw` pays them once they are due
    Unbond {
        /// The validator's operator
        operator: Address,
        /// How many; default: all
        amount: Option<String>,
    },
    /// Be paid: rewards, or what was taken back in an epoch and is due
    Withdraw {
        /// The validator's operator
        operator: Address,
        /// What was taken back in this epoch
        #[arg(long, value_name = "N")]
        epoch: Option<u64>,
    },
    /// Make the signer's jailed validator a candidate again
    Unjail,
    /// Bond coins for an agent, which bids and work then have at stake
    BondAgent {
        /// The agent
        agent: U256,
        /// How many
        amount: String,
        /// As what
        #[arg(long, value_enum, default_value_t = RoleChoice::Worker)]
        role: RoleChoice,
    },
}

/// As what an agent is bonded.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleChoice {
    /// Does jobs
    Worker,
    /// Judges disputes
    Auditor,
}
