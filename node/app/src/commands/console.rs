//! `assay token` and `assay agent`: arguments and keys for the console of `assay-agents`.

use crate::cli::{AgentArgs, AgentCommand, ConsoleArgs, TokenArgs, TokenCommand};
use crate::error::AppError;
use crate::keys::{Passphrase, account, dev_account};
use crate::output;
use alloy_signer_local::PrivateKeySigner;
use assay_agents::console::agent::{self, AgentAction};
use assay_agents::console::token::{self, TokenAction};
use assay_agents::console::{ConsoleError, Report, Session};
use assay_genesis::DEV_CHAIN_ID;
use std::process::ExitCode;

impl From<ConsoleError> for AppError {
    fn from(error: ConsoleError) -> Self {
        match error {
            ConsoleError::NoKey | ConsoleError::Amount(_) => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

pub(super) fn run_token(args: TokenArgs) -> Result<ExitCode, AppError> {
    let action = match args.command {
        TokenCommand::Info => TokenAction::Info,
        TokenCommand::List => TokenAction::List,
        TokenCommand::Balance { account } => TokenAction::Balance(account),
        TokenCommand::Allowance { owner, spender } => TokenAction::Allowance(owner, spender),
        TokenCommand::Transfer { to, amount } => TokenAction::Transfer(to, amount),
        TokenCommand::Approve { spender, amount } => TokenAction::Approve(spender, amount),
        TokenCommand::Mint { to, amount } => TokenAction::Mint(to, amount),
        TokenCommand::Burn { amount } => TokenAction::Burn(amount),
        TokenCommand::Create { name, symbol, decimals } => TokenAction::Create { name, symbol, decimals },
    };
    let token = args.token;
    on_runtime(&args.console, async |session| token::run(session, token, action).await)
}

pub(super) fn run_agent(args: AgentArgs) -> Result<ExitCode, AppError> {
    let action = match args.command {
        AgentCommand::Register { uri, metadata } => {
            let split = |entry: &String| entry.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
            let wrong = || AppError::Usage("--metadata wants KEY=VALUE".to_owned());
            let metadata = metadata.iter().map(split).collect::<Option<_>>().ok_or_else(wrong)?;
            AgentAction::Register { uri, metadata }
        }
        AgentCommand::Show { agent } => AgentAction::Show(agent),
        AgentCommand::List { start, count } => AgentAction::List { start, count },
        AgentCommand::Feedback { agent, value, tag1, tag2, endpoint, uri } => {
            AgentAction::Feedback { agent, value, tags: [tag1, tag2], endpoint, uri }
        }
    };
    on_runtime(&args.console, async |session| agent::run(session, action).await)
}

/// Runs a command with the session that the arguments ask for, and prints what it says.
pub(super) fn on_runtime(
    args: &ConsoleArgs,
    command: impl AsyncFnOnce(&Session) -> Result<Report, ConsoleError>,
) -> Result<ExitCode, AppError> {
    on_runtime_with(args, None, command)
}

/// The same, where the passphrase was asked for already.
pub(super) fn on_runtime_with(
    args: &ConsoleArgs,
    passphrase: Option<Passphrase>,
    command: impl AsyncFnOnce(&Session) -> Result<Report, ConsoleError>,
) -> Result<ExitCode, AppError> {
    let signer = signer(args, passphrase)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::Failed(error.to_string()))?;
    let report = runtime.block_on(async {
        let session = Session::open(&args.rpc, signer).await?;
        if args.dev_account.is_some() && session.chain_id() != DEV_CHAIN_ID {
            let chain = session.chain_id();
            return Err(AppError::Usage(format!("--dev-account is for chain {DEV_CHAIN_ID}; this is chain {chain}")));
        }
        Ok(command(&session).await?)
    })?;
    if args.json {
        output::line(&report.json);
    } else {
        output::line(report.table());
    }
    Ok(ExitCode::SUCCESS)
}

fn signer(args: &ConsoleArgs, passphrase: Option<Passphrase>) -> Result<Option<PrivateKeySigner>, AppError> {
    match (&args.key, args.dev_account) {
        (Some(name), _) => {
            let read = || Passphrase::read(args.passphrase_file.as_deref());
            let passphrase = passphrase.map_or_else(read, Ok)?;
            account(name, args.data_dir.as_deref(), &passphrase).map(Some)
        }
        (None, Some(index)) => dev_account(index).map(Some),
        (None, None) => Ok(None),
    }
}
