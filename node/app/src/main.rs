//! The `assay` binary.

use clap::Parser;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// Configured in `.cargo/config.toml` to use huge pages: most of what a large trie in memory costs is address translation.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match assay_app::run(assay_app::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            assay_app::output::error(&error);
            error.exit_code()
        }
    }
}
