//! The command line parses, and refuses what it must.

use crate::cli::{Cli, Command, KeyChoice, KeysCommand};
use crate::config::SETTINGS;
use clap::{CommandFactory as _, Parser as _};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn dev_takes_its_flags_and_every_setting() {
    let cli = parse("assay dev --json --rpc-port 0 --admin-port 0 --data-dir /x --block-time 200 --host ::1").unwrap();
    let Command::Dev(args) = cli.command else { panic!("not dev") };
    assert!(args.json);
    assert_eq!(args.block_time, Some(200));
    assert_eq!(args.accounts, 10);
    let given: Vec<_> = args.flags.given.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_eq!(given, [("rpc.host", "::1"), ("rpc.port", "0"), ("admin.port", "0")]);
    for setting in SETTINGS {
        let line = format!("assay start --data-dir /x --{} 1", setting.flag());
        let Command::Start(args) = parse(&line).unwrap().command else { panic!("not start") };
        assert_eq!(args.flags.given, [(setting.path, "1".to_owned())]);
    }
}

#[test]
fn every_setting_is_in_the_long_help() {
    let mut command = Cli::command();
    let start = command.find_subcommand_mut("start").unwrap();
    let help = start.render_long_help().to_string();
    for setting in SETTINGS {
        assert!(help.contains(&format!("--{}", setting.flag())), "{}", setting.path);
    }
    let short = start.render_help().to_string();
    assert!(short.contains("--rpc-port") && !short.contains("--rpc-max-batch"));
}

#[test]
fn wrong_lines_are_refused() {
    for line in [
        "assay",
        "assay start",
        "assay dev --block-time 5",
        "assay dev --accounts 300",
        "assay dev --rcp-port 1",
        "assay keys new validator --data-dir /x --passphrase secret",
        "assay statetest",
        "assay testnet init",
        "assay testnet init --out x --validators 0",
        "assay testnet init --out x --block-time 0",
        "assay testnet up",
        "assay status --data-dir x --rpc y",
        "assay completions tcl",
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn keys_new_names_what_is_made() {
    let Command::Keys(KeysCommand::New { kind, passphrase, .. }) =
        parse("assay keys new validator --data-dir /x --passphrase-file /p").unwrap().command
    else {
        panic!("not keys new")
    };
    assert_eq!(kind, KeyChoice::Validator);
    assert_eq!(passphrase.passphrase_file.unwrap().to_str(), Some("/p"));
}

#[test]
fn jobs_and_stake_take_their_arguments() {
    for line in [
        "assay job open-bids 1 10 --sealed 60",
        "assay job commit-bid 1 2 7.5",
        "assay job release 1",
        "assay job set-provider 1 0x00000000000000000000000000000000000000aa",
        "assay job credits",
        "assay job withdraw",
        "assay stake bond 100 --commission 500 --data-dir /x",
        "assay stake rotate-key --data-dir /x",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    assert!(parse("assay job reveal-bid 1 2 7.5").is_err(), "the salt must be given");
    assert!(parse("assay stake bond 100 --commission 10001").is_err());
}
