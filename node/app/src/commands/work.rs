//! `assay job` and `assay stake`: arguments for the console of `assay-agents`.

use super::console::{on_runtime, on_runtime_with};
use crate::cli::{ConsoleArgs, JobArgs, JobCommand, RoleChoice, StakeArgs, StakeCommand, VerdictChoice};
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{Passphrase, ValidatorKeys, load_validator};
use alloy_primitives::Bytes;
use assay_abi::staking::STAKING;
use assay_agents::console::auction::{self, AuctionAction, NewAuction};
use assay_agents::console::job::{self, JobAction, NewJob, Verdict};
use assay_agents::console::stake::{self, NewValidator, ProvenKey, StakeAction};
use assay_agents::console::{ConsoleError, Session};
use assay_consensus::ConsensusKey;
use std::process::ExitCode;

/// What `assay job` does in one of its two parts.
enum Work {
    Job(JobAction),
    Auction(AuctionAction),
}

fn work(command: JobCommand) -> Work {
    let job = match command {
        JobCommand::OpenBids { job, max_price, seconds, sealed, work_time, bond } => {
            return Work::Auction(AuctionAction::Open(NewAuction {
                job,
                seconds,
                reveal: sealed,
                work_time,
                max_price,
                bond,
            }));
        }
        JobCommand::CommitBid { job, agent, price, salt } => {
            return Work::Auction(AuctionAction::Commit { job, agent, price, salt });
        }
        JobCommand::RevealBid { job, agent, price, salt } => {
            return Work::Auction(AuctionAction::Reveal { job, agent, price, salt });
        }
        JobCommand::Release { job } => return Work::Auction(AuctionAction::Release(job)),
        JobCommand::SetProvider { job, provider } => return Work::Auction(AuctionAction::SetProvider(job, provider)),
        JobCommand::SetAgent { job, agent } => return Work::Auction(AuctionAction::SetAgent(job, agent)),
        JobCommand::Credits { account, token } => return Work::Auction(AuctionAction::Credits(account, token)),
        JobCommand::Withdraw { token } => return Work::Auction(AuctionAction::Withdraw(token)),
        JobCommand::Create { description, provider, evaluator, expires_in, price, hook } => {
            JobAction::Create(NewJob { description, provider, evaluator, seconds: expires_in, price, hook })
        }
        JobCommand::Price { job, price } => JobAction::Price(job, price),
        JobCommand::Bid { job, agent, price } => JobAction::Bid { job, agent, price },
        JobCommand::Award { job } => JobAction::Award(job),
        JobCommand::Fund { job, price } => JobAction::Fund(job, price),
        JobCommand::Submit { job, deliverable } => JobAction::Submit(job, deliverable),
        JobCommand::Settle { job, verdict, reason } => JobAction::Settle(job, chosen(verdict), reason),
        JobCommand::List { start, count } => JobAction::List { start, count },
        JobCommand::Show { job } => JobAction::Show(job),
    };
    Work::Job(job)
}

pub(super) fn run_job(args: JobArgs) -> Result<ExitCode, AppError> {
    let work = work(args.command);
    on_runtime(&args.console, async |session| match work {
        Work::Job(action) => job::run(session, action).await,
        Work::Auction(action) => auction::run(session, action).await,
    })
}

const fn chosen(verdict: VerdictChoice) -> Verdict {
    match verdict {
        VerdictChoice::Complete => Verdict::Complete,
        VerdictChoice::Reject => Verdict::Reject,
        VerdictChoice::Refund => Verdict::Refund,
    }
}

/// The consensus and randomness keys of the validator in `--data-dir`.
fn validator(args: &ConsoleArgs, passphrase: &mut Option<Passphrase>) -> Result<ValidatorKeys, AppError> {
    let Some(folder) = &args.data_dir else {
        return Err(AppError::Usage("--data-dir: which folder holds the validator's keys?".to_owned()));
    };
    let data_dir = DataDir::at(folder)?;
    let spec = data_dir.chain()?;
    let read = || {
        let read = Passphrase::read(args.passphrase_file.as_deref())?;
        *passphrase = Some(read.clone());
        Ok(read)
    };
    Ok(load_validator(&data_dir, &spec, read)?)
}

/// The proof that an operator may register a consensus key on a chain.
fn proven(key: &ConsensusKey, session: &Session) -> Result<ProvenKey, ConsoleError> {
    let operator = session.account()?;
    let purpose = [&session.chain_id().to_be_bytes(), STAKING.as_slice(), operator.as_slice()].concat();
    let proof = Bytes::copy_from_slice(key.prove_possession(&purpose).as_slice());
    Ok(ProvenKey { key: key.public_key(), proof })
}

/// The two commands that need the validator's own keys.
fn run_with_keys(args: &ConsoleArgs, command: StakeCommand) -> Result<ExitCode, AppError> {
    let mut passphrase = None;
    let keys = validator(args, &mut passphrase)?;
    on_runtime_with(args, passphrase, async |session| {
        let consensus = proven(&keys.consensus, session)?;
        let action = match command {
            StakeCommand::Bond { amount, fee_address, commission } => {
                let owner = keys.consensus.address();
                let proof = keys.randomness.prove_possession(owner.0.as_slice());
                let proof = Bytes::copy_from_slice(proof.as_slice());
                let randomness = ProvenKey { key: keys.randomness.public(), proof };
                StakeAction::Bond(Box::new(NewValidator { amount, consensus, randomness, fee_address, commission }))
            }
            _ => StakeAction::RotateKey(consensus),
        };
        stake::run(session, action).await
    })
}

pub(super) fn run_stake(args: StakeArgs) -> Result<ExitCode, AppError> {
    let action = match args.command {
        command @ (StakeCommand::Bond { .. } | StakeCommand::RotateKey) => {
            return run_with_keys(&args.console, command);
        }
        StakeCommand::Show { operator } => StakeAction::Show(operator),
        StakeCommand::Delegate { operator, amount } => StakeAction::Delegate(operator, amount),
        StakeCommand::Unbond { operator, amount } => StakeAction::Unbond(operator, amount),
        StakeCommand::Withdraw { operator, epoch } => StakeAction::Withdraw(operator, epoch),
        StakeCommand::Unjail => StakeAction::Unjail,
        StakeCommand::BondAgent { agent, amount, role } => {
            let role = match role {
                RoleChoice::Worker => 0,
                RoleChoice::Auditor => 1,
            };
            StakeAction::BondAgent { agent, role, amount }
        }
    };
    on_runtime(&args.console, async |session| stake::run(session, action).await)
}
