//! `assay start`: a node on its folder.

use crate::cli::StartArgs;
use crate::config::Layers;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::keys::{KeyError, NodeKeys, Passphrase, load};
use crate::node::{self, NodeSetup, Stop, interval_of, on_demand, supervise};
use crate::report::{Style, report};
use crate::testnet::Endpoints;
use crate::{banner, build, logs, output};
use assay_genesis::ChainSpec;
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
    let keys = load(&data_dir, &spec, || passphrase(&config.keys.passphrase_file, &data_dir))?;
    if args.on_demand && spec.validators.len() > 1 {
        let count = spec.validators.len();
        return Err(AppError::Usage(format!("--on-demand is for one validator; the chain has {count}")));
    }
    let pacing = if args.on_demand { on_demand() } else { interval_of(&spec) };
    announce(&spec, &keys, &data_dir);
    let root = data_dir.root().to_path_buf();
    let setup =
        NodeSetup { data_dir, lock, spec: spec.clone(), config, keys, pacing, dev: false, filter: log.filter.clone() };
    block_on(async move {
        let mut stop = Stop::install()?;
        if args.stop_with_input {
            stop.stop_with_input()?;
        }
        let node = node::start(setup, &mut stop, None).await?;
        Endpoints::of(&node).write(&root)?;
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
        let ended = supervise(node, stop, None).await;
        Endpoints::remove(&root);
        ended
    })
}

/// The passphrase of the keystores: from the file that is set, or the one that a test network keeps in the folder.
fn passphrase(file: &str, data_dir: &DataDir) -> Result<Passphrase, KeyError> {
    let beside = data_dir.passphrase_file();
    match file {
        "" if beside.exists() => {
            tracing::warn!(file = %beside.display(), "the passphrase lies beside the keys it opens: for tests only");
            Passphrase::read(Some(&beside))
        }
        "" => Err(KeyError::NoPassphrase),
        file => Passphrase::read(Some(Path::new(file))),
    }
}

fn announce(spec: &ChainSpec, keys: &NodeKeys, data_dir: &DataDir) {
    let (version, network, chain_id) = (build::client_version(), &spec.network, spec.chain_id);
    let peer_id = keys.network().peer_id();
    match keys.validator() {
        Some(keys) => {
            let validator = keys.consensus.address();
            tracing::info!(version, network, chain_id, peer_id, %validator, "starting as a validator");
        }
        None => {
            let folder = data_dir.keys();
            tracing::info!(
                version, network, chain_id, peer_id, keys = %folder.display(),
                "starting as a full node: there is no consensus key, so it follows and serves but does not vote"
            );
        }
    }
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
