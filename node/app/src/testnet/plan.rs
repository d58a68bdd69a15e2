//! The plan of a test network.

use super::Endpoints;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::peer_address::{Host, PeerAddress};
use alloy_primitives::B256;
use assay_primitives::ConsensusAddress;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

/// Distance between the ports of two nodes on one host.
pub const PORTS_PER_NODE: u16 = 10;
/// Version of the plan's form.
const VERSION: u32 = 1;
const FILE: &str = "testnet.json";

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Proposes and votes.
    Validator,
    /// Follows and serves.
    Full,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Validator => "validator",
            Self::Full => "full",
        })
    }
}

/// One node of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlannedNode {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Where others reach it: an address or a name.
    pub host: String,
    /// First of its ports (JSON-RPC); the next are admin, consensus and gossip. 0: each node takes free ones for JSON-RPC
    /// and admin, while `p2p_port` stays fixed.
    pub base_port: u16,
    /// Port of consensus; gossip is one above.
    pub p2p_port: u16,
    /// Id of its network key; a full node draws one at every start.
    pub peer_id: Option<String>,
    /// Address of its consensus key.
    pub validator: Option<ConsensusAddress>,
}

/// The plan of a test network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Version of this form.
    pub version: u32,
    /// Name of the network.
    pub network: String,
    /// Its chain id.
    pub chain_id: u64,
    /// Hash of its specification.
    pub spec_hash: B256,
    /// Milliseconds from block to block.
    pub block_time_ms: u64,
    /// Its nodes, validators first.
    pub nodes: Vec<PlannedNode>,
}

impl PlannedNode {
    /// Port of its JSON-RPC; 0 where it takes a free one.
    pub const fn rpc_port(&self) -> u16 {
        self.base_port
    }

    /// Port of its admin server; 0 where it takes a free one.
    pub const fn admin_port(&self) -> u16 {
        if self.base_port == 0 { 0 } else { self.base_port.saturating_add(1) }
    }

    /// Whether it runs on the loopback address.
    pub fn is_local(&self) -> bool {
        self.address().is_some_and(|ip| ip.is_loopback())
    }

    fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Where its consensus listens: on the loopback address, or on all.
    pub fn listen(&self) -> PeerAddress {
        let all = match self.address() {
            Some(ip) if ip.is_loopback() => ip,
            Some(IpAddr::V6(_)) => IpAddr::from([0u16; 8]),
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        PeerAddress { host: Host::Ip(all), port: self.p2p_port, peer_id: None }
    }

    /// Where others reach its consensus.
    pub fn reached_at(&self) -> PeerAddress {
        let host = self.address().map_or_else(|| Host::Name(self.host.clone()), Host::Ip);
        PeerAddress { host, port: self.p2p_port, peer_id: self.peer_id.clone() }
    }

    /// URL of its JSON-RPC: by the plan, or, where the port was left to the node, by what the running node wrote.
    ///
    /// # Errors
    /// `Failed` where the node has not said yet on which port it serves.
    pub fn rpc_url(&self, folder: &Path) -> Result<String, AppError> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.base_port {
            0 => Ok(Endpoints::read(&DataDir::at(folder)?)?.rpc),
            port => Ok(format!("http://{host}:{port}")),
        }
    }
}

impl Plan {
    /// A plan of this version.
    pub const fn new(
        network: String,
        chain_id: u64,
        spec_hash: B256,
        block_time_ms: u64,
        nodes: Vec<PlannedNode>,
    ) -> Self {
        Self { version: VERSION, network, chain_id, spec_hash, block_time_ms, nodes }
    }

    /// Where the plan of a folder lies.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Reads the plan of a folder.
    ///
    /// # Errors
    /// `Failed` where the folder holds none, or one of another version; `File`.
    pub fn read(folder: &Path) -> Result<Self, AppError> {
        let path = Self::path(folder);
        if !path.exists() {
            return Err(AppError::Failed(format!(
                "{} is no test network: it has no {FILE}; run `assay testnet init --out {}` first",
                folder.display(),
                folder.display()
            )));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| AppError::file(&path, error))?;
        let unusable = |reason: String| AppError::Failed(format!("{}: {reason}", path.display()));
        let plan: Self = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        if plan.version != VERSION {
            return Err(unusable(format!("version {}; this binary reads {VERSION}", plan.version)));
        }
        Ok(plan)
    }
}
