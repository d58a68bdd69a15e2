//! What each command does.

mod configuration;
mod console;
mod database;
mod dev;
mod facilitator;
mod genesis;
mod init;
mod keys;
mod start;
mod statetest;
mod status;
mod testnet;
mod wal;
mod work;

use crate::cli::{Cli, Command};
use crate::error::AppError;
use crate::{build, output};
use clap::CommandFactory as _;
use serde_json::json;
use std::process::ExitCode;

/// Runs a command to its end.
///
/// # Errors
/// [`AppError`], for `main` to print.
pub fn run(cli: Cli) -> Result<ExitCode, AppError> {
    match cli.command {
        Command::Dev(args) => dev::run(*args),
        Command::Init(args) => init::run(&args),
        Command::Start(args) => start::run(*args),
        Command::Keys(command) => keys::run(command),
        Command::Genesis(command) => genesis::run(&command),
        Command::Config(command) => configuration::run(command),
        Command::Status(args) => status::run(&args),
        Command::Testnet(command) => testnet::run(command),
        Command::Facilitator(args) => facilitator::run(*args),
        Command::Token(args) => console::run_token(*args),
        Command::Agent(args) => console::run_agent(*args),
        Command::Job(args) => work::run_job(*args),
        Command::Stake(args) => work::run_stake(*args),
        Command::Version { json } => version(json),
        Command::Completions { shell } => completions(shell),
        Command::Statetest(args) => statetest::run(&args),
        Command::Db(command) => database::run(&command),
        Command::Wal(command) => wal::run(command),
        Command::Guard(command) => wal::run_guard(command),
    }
}

fn version(as_json: bool) -> Result<ExitCode, AppError> {
    if as_json {
        output::line(json!({
            "name": "assay",
            "version": build::VERSION,
            "commit": build::GIT_HASH,
            "client": build::client_version(),
            "assertions": build::ASSERTIONS,
        }));
    } else {
        output::line(build::client_version());
    }
    Ok(ExitCode::SUCCESS)
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, AppError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "assay", &mut script);
    output::raw(&script);
    Ok(ExitCode::SUCCESS)
}
