//! `assay job` and `assay stake`: arguments for the console of `assay-agents`.

use super::console::on_runtime;
use crate::cli::{JobArgs, JobCommand, RoleChoice, StakeArgs, StakeCommand, VerdictChoice};
use crate::error::AppError;
use assay_agents::console::job::{self, JobAction, NewJob, Verdict};
use assay_agents::console::stake::{self, StakeAction};
use std::process::ExitCode;

pub(super) fn run_job(args: JobArgs) -> Result<ExitCode, AppError> {
    let action = match args.command {
        JobCommand::Create { description, provider, evaluator, expires_in, price, hook } => {
            JobAction::Create(NewJob { description, provider, evaluator, seconds: expires_in, price, hook })
        }
        JobCommand::Price { job, price } => JobAction::Price(job, price),
        JobCommand::OpenBids { job, max_price, seconds, work_time, bond } => {
            JobAction::OpenBids { job, seconds, work_time, max_price, bond }
        }
        JobCommand::Bid { job, agent, price } => JobAction::Bid { job, agent, price },
        JobCommand::Award { job } => JobAction::Award(job),
        JobCommand::Fund { job, price } => JobAction::Fund(job, price),
        JobCommand::Submit { job, deliverable } => JobAction::Submit(job, deliverable),
        JobCommand::Settle { job, verdict, reason } => JobAction::Settle(job, chosen(verdict), reason),
        JobCommand::List { start, count } => JobAction::List { start, count },
        JobCommand::Show { job } => JobAction::Show(job),
    };
    on_runtime(&args.console, async |session| job::run(session, action).await)
}

const fn chosen(verdict: VerdictChoice) -> Verdict {
    match verdict {
        VerdictChoice::Complete => Verdict::Complete,
        VerdictChoice::Reject => Verdict::Reject,
        VerdictChoice::Refund => Verdict::Refund,
    }
}

pub(super) fn run_stake(args: StakeArgs) -> Result<ExitCode, AppError> {
    let action = match args.command {
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
