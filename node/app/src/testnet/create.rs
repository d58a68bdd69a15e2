//! Writes a test network: keys, one specification, a data folder per node.

use super::plan::{PORTS_PER_NODE, Plan, PlannedNode, Role};
use crate::data_dir::{DataDir, write_new};
use crate::error::AppError;
use crate::keys::{KeyKind, Passphrase, PublicPart, ValidatorKeys, store};
use alloy_primitives::{B256, hex};
use assay_consensus::guard;
use assay_genesis::{ChainSpec, DEV_CHAIN_ID, SpecError, dev_accounts};
use assay_primitives::{NetworkKind, TimestampMs};
use rand::RngCore as _;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// Name of a test network.
const NETWORK: &str = "assay-testnet";
/// Voting power of each validator.
const POWER: u64 = 10;
/// Memory for the database's caches of a node that shares its machine with the others, in MiB.
const SHARED_MEMORY_MB: u64 = 128;

/// What to write.
#[derive(Clone, Debug)]
pub struct Order {
    /// Validators.
    pub validators: u16,
    /// Full nodes.
    pub full_nodes: u16,
    /// Chain id; that of development networks by default.
    pub chain_id: Option<u64>,
    /// Milliseconds from block to block.
    pub block_time_ms: u64,
    /// First port of the first node on every host; 0 leaves JSON-RPC and admin to each node.
    pub base_port: u16,
    /// Hosts of the nodes in order; one for all, or one for each.
    pub hosts: Vec<String>,
}

/// The secrets of one validator.
struct Secrets {
    seeds: [Zeroizing<[u8; 32]>; 3],
    keys: ValidatorKeys,
    passphrase: Zeroizing<String>,
}

fn random() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    bytes
}

impl Secrets {
    fn draw() -> Result<Self, AppError> {
        let seeds = [random(), random(), random()];
        let [consensus, randomness, network] = &seeds;
        let keys = ValidatorKeys::from_seeds(**consensus, **randomness, **network)?;
        Ok(Self { keys, passphrase: Zeroizing::new(hex::encode(random().as_slice())), seeds })
    }
}

/// Writes the network into a folder that must not exist. The folder appears whole or not at all.
///
/// # Errors
/// `Usage` for an order that cannot be carried out, or a folder that exists; those of keys, specifications and files.
pub fn create(folder: &Path, order: &Order) -> Result<Plan, AppError> {
    if folder.exists() {
        return Err(AppError::Usage(format!("{} exists already; name a new folder with --out", folder.display())));
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if !parent.is_dir() {
        return Err(AppError::Usage(format!("{} is no folder", parent.display())));
    }
    let draft = tempfile::Builder::new().prefix(".testnet-").tempdir_in(parent);
    let draft = draft.map_err(|error| AppError::file(parent, error))?;
    let secrets = (0..order.validators).map(|_| Secrets::draw()).collect::<Result<Vec<_>, _>>()?;
    let spec = specification(order, &secrets)?;
    let nodes = places(order, &secrets)?;
    let plan = Plan::new(spec.network.clone(), spec.chain_id, spec.hash(), order.block_time_ms, nodes);
    let whole = draft.path().join("network");
    std::fs::DirBuilder::new().mode(0o700).create(&whole).map_err(|error| AppError::file(&whole, error))?;
    for (index, node) in plan.nodes.iter().enumerate() {
        write_node(&whole.join(&node.name), &plan, node, &spec, secrets.get(index))?;
    }
    let text = serde_json::to_string_pretty(&plan).map_err(|error| AppError::Failed(error.to_string()))?;
    let path = Plan::path(&whole);
    write_new(&path, format!("{text}\n").as_bytes()).map_err(|error| AppError::file(&path, error))?;
    std::fs::rename(&whole, folder).map_err(|error| AppError::file(folder, error))?;
    Ok(plan)
}

/// The accounts are those of development networks; fees go to the last of them, which examples do not use.
fn specification(order: &Order, secrets: &[Secrets]) -> Result<ChainSpec, AppError> {
    let accounts = dev_accounts().map_err(AppError::Shipped)?;
    let validators: Vec<_> = secrets
        .iter()
        .zip(accounts.iter().rev().cycle())
        .map(|(secrets, fees)| secrets.keys.genesis(POWER, *fees))
        .collect();
    let first = validators.first().cloned().ok_or_else(|| AppError::Usage("no validators".to_owned()))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = TimestampMs(u64::try_from(now).unwrap_or(u64::MAX));
    let mut spec = ChainSpec::dev(first, now).map_err(AppError::Shipped)?;
    spec.network = NETWORK.to_owned();
    spec.kind = NetworkKind::Test;
    spec.chain_id = order.chain_id.unwrap_or(DEV_CHAIN_ID);
    // Drawn after the keys, so that nobody could choose keys to suit it.
    spec.randomness = B256::from(*random());
    spec.params.timing.block_interval_ms = order.block_time_ms;
    spec.validators = validators;
    spec.total_supply = spec.supply();
    spec.validate().map_err(|error| match error {
        SpecError::OutOfRange { .. } => AppError::Usage(format!("this network cannot be: {error}")),
        other => AppError::Shipped(other),
    })?;
    Ok(spec)
}

/// Who runs where: the nodes of one host get blocks of ports one after the other.
fn places(order: &Order, secrets: &[Secrets]) -> Result<Vec<PlannedNode>, AppError> {
    let count = usize::from(order.validators.saturating_add(order.full_nodes));
    let hosts = match order.hosts.as_slice() {
        [one] => vec![one.clone(); count],
        hosts if hosts.len() == count => hosts.to_vec(),
        hosts => {
            let reason =
                format!("--hosts names {} hosts for {count} nodes; name one for all, or one for each", hosts.len());
            return Err(AppError::Usage(reason));
        }
    };
    if order.base_port == 0 && hosts.iter().any(|host| !host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())) {
        return Err(AppError::Usage("--base-port 0: ports that are free here may not be on other hosts".to_owned()));
    }
    let mut on_host: BTreeMap<String, u16> = BTreeMap::new();
    let mut nodes = Vec::new();
    for (index, host) in hosts.into_iter().enumerate() {
        let nth = on_host.entry(host.clone()).or_default();
        let base = match order.base_port {
            0 => Some(0),
            first => nth.checked_mul(PORTS_PER_NODE).and_then(|offset| first.checked_add(offset)),
        };
        let above = |base: u16| base.checked_add(PORTS_PER_NODE).map(|_| base);
        let base = base
            .and_then(above)
            .ok_or_else(|| AppError::Usage(format!("--base-port {}: too high", order.base_port)))?;
        *nth = nth.saturating_add(1);
        let secret = secrets.get(index);
        nodes.push(PlannedNode {
            name: format!("node{index}"),
            role: if secret.is_some() { Role::Validator } else { Role::Full },
            host,
            base_port: base,
            p2p_port: if base == 0 { free_ports()? } else { base.saturating_add(2) },
            peer_id: secret.map(|secret| secret.keys.network.peer_id()),
            validator: secret.map(|secret| secret.keys.consensus.address()),
        });
    }
    Ok(nodes)
}

/// Two ports, one above the other, on which nobody listens now.
fn free_ports() -> Result<u16, AppError> {
    let failed = |error: std::io::Error| AppError::Failed(format!("no free port: {error}"));
    for _ in 0..100 {
        let first = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let next = port.checked_add(1).filter(|next| std::net::TcpListener::bind(("127.0.0.1", *next)).is_ok());
        if next.is_some() {
            return Ok(port);
        }
    }
    Err(AppError::Failed("no two free ports side by side".to_owned()))
}

fn write_node(
    folder: &Path,
    plan: &Plan,
    node: &PlannedNode,
    spec: &ChainSpec,
    secrets: Option<&Secrets>,
) -> Result<(), AppError> {
    let data_dir = DataDir::at(folder)?;
    data_dir.create()?;
    if let Some(secrets) = secrets {
        write_keys(&data_dir, secrets)?;
        // These keys were drawn a moment ago: they cannot have signed anywhere.
        let made = guard::create(&data_dir.consensus(), spec.chain_id, &secrets.keys.consensus);
        made.map_err(|error| AppError::Failed(error.to_string()))?;
    }
    let path = data_dir.config_file();
    write_new(&path, settings(plan, node).as_bytes()).map_err(|error| AppError::file(&path, error))?;
    Ok(data_dir.put_chain(spec)?)
}

fn write_keys(data_dir: &DataDir, secrets: &Secrets) -> Result<(), AppError> {
    let path = data_dir.passphrase_file();
    let line = Zeroizing::new(format!("{}\n", secrets.passphrase.as_str()));
    write_new(&path, line.as_bytes()).map_err(|error| AppError::file(&path, error))?;
    let passphrase = Passphrase::new(secrets.passphrase.to_string())?;
    let owner = Some(secrets.keys.consensus.address());
    for (kind, seed) in [KeyKind::Consensus, KeyKind::Randomness, KeyKind::Network].into_iter().zip(&secrets.seeds) {
        let public = PublicPart::of(kind, seed, owner)?;
        store(&data_dir.keys(), &kind.to_string(), &public, seed, &passphrase)?;
    }
    Ok(())
}

fn settings(plan: &Plan, node: &PlannedNode) -> String {
    let shares = plan.nodes.iter().filter(|other| other.host == node.host).count() > 1;
    let rpc_host = if node.is_local() { "127.0.0.1" } else { "0.0.0.0" };
    let peers: String = plan
        .nodes
        .iter()
        .filter(|other| other.role == Role::Validator && other.name != node.name)
        .map(|other| format!("    \"{}\",\n", other.reached_at()))
        .collect();
    // Every node may dial every other one twice, over both protocols.
    let connections = plan.nodes.len().saturating_mul(4).max(64);
    let memory = if shares { format!("\n[store]\nmemory_mb = {SHARED_MEMORY_MB}\n") } else { String::new() };
    // A name that clients use is a host that the server must know.
    let hosts = if node.is_local() { String::new() } else { format!("hosts = [\"{}\"]\n", node.host) };
    format!(
        "# Settings of {name}, a {role} node of {network}. `assay config template` lists all of them.\n\n\
         [rpc]\nhost = \"{rpc_host}\"\nport = {rpc}\n{hosts}\n\
         [admin]\nhost = \"127.0.0.1\"\nport = {admin}\n\n\
         # Transaction gossip is one port above, here and at every peer.\n\
         [p2p]\nmoniker = \"{name}\"\nlisten = \"{listen}\"\npeers = [\n{peers}]\n\
         connections_per_ip_max = {connections}\n{memory}",
        name = node.name,
        role = node.role,
        network = plan.network,
        rpc = node.rpc_port(),
        admin = node.admin_port(),
        listen = node.listen(),
    )
}
