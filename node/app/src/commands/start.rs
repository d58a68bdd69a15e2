//! `assay start`: a node on its folder.

use crate::cli::StartArgs;
use crate::config::Layers;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{KeyError, Passphrase, load_validator};
use crate::node::{self, NodeSetup, Stop, interval_of, on_demand, supervise};
use crate::report::{Style, report};
use crate::{banner, build, logs, output};
use std::future::Future;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(args: StartArgs) -> Result<ExitCode, AppError> {
    let data_dir = DataDir::at(&args.data_dir)?;
    let spec = data_dir.chain()?;
    let file = args.config.clone().or_else(|| Some(data_dir.config_file()).filter(|path| path.exists()));
    let config = Layers::new(file, args.flags.clone()).load()?.config;
    let log = logs::install(&config.log)?;
    data_dir.create()?;
    let lock = data_dir.lock()?;
    let passphrase_file = config.keys.passphrase_file.clone();
    let keys = load_validator(&data_dir, &spec, || match passphrase_file.as_str() {
        "" => Err(KeyError::NoPassphrase),
        file => Passphrase::read(Some(Path::new(file))),
    })?;
    let pacing = if args.on_demand { on_demand() } else { interval_of(&spec) };
    tracing::info!(
        version = build::client_version(),
        network = spec.network,
        chain_id = spec.chain_id,
        validator = %keys.consensus.address(),
        "starting"
    );
    let root = data_dir.root().to_path_buf();
    let setup =
        NodeSetup { data_dir, lock, spec: spec.clone(), config, keys, pacing, dev: false, filter: log.filter.clone() };
    block_on(async move {
        let mut stop = Stop::install()?;
        let node = node::start(setup, &mut stop, None).await?;
        if args.json {
            banner::ready_json(&node, &spec, &root, &[]);
            report(&node, Style::Json)?;
        } else {
            output::line(format_args!(
                "{} (chain id {}) serves {}, admin {}",
                spec.network,
                spec.chain_id,
                node.rpc_url(),
                node.admin_url()
            ));
        }
        supervise(node, stop, None).await
    })
}

/// Runs a node's future to its end, on a runtime of its own.
pub(super) fn block_on(node: impl Future<Output = Result<(), AppError>>) -> Result<ExitCode, AppError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("assay")
        .build()
        .map_err(|error| AppError::Failed(format!("the runtime does not start: {error}")))?;
    let ended = runtime.block_on(node);
    // What still runs in the background holds nothing that must be finished.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    ended.map(|()| ExitCode::SUCCESS)
}
