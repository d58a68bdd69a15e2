//! The `assay` binary.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match assay_app::run(assay_app::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            assay_app::output::error(&error);
            error.exit_code()
        }
    }
}
