//! `assay config`: what is in force, and where it comes from.

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::{Layers, Loaded, template};
use crate::error::AppError;
use crate::output;
use std::process::ExitCode;

pub(super) fn run(command: ConfigCommand) -> Result<ExitCode, AppError> {
    match command {
        ConfigCommand::Show { origin, json, args } => {
            let loaded = load(*args)?;
            if json {
                output::line(loaded.to_json());
            } else {
                output::raw(loaded.to_toml(origin).as_bytes());
            }
        }
        ConfigCommand::Check { args } => {
            let file = args.config.clone();
            load(*args)?;
            match file {
                Some(path) => output::line(format_args!("{}: ok", path.display())),
                None => output::line("ok (no file given: variables and flags only)"),
            }
        }
        ConfigCommand::Template => output::raw(template()?.as_bytes()),
    }
    Ok(ExitCode::SUCCESS)
}

fn load(args: ConfigArgs) -> Result<Loaded, AppError> {
    Ok(Layers::new(args.config, args.flags).load()?)
}
