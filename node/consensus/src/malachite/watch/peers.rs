//! Who is connected, and under what name.

use super::super::context::Assay;
use super::super::host::Input;
use super::Shared;
use crate::engine::PeerStatus;
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_engine::network::{NetworkEvent, NetworkMsg, NetworkRef};
use arc_malachitebft_network::{NetworkStateDump, PeerInfo};
use assay_primitives::{ConsensusAddress, Height};
use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Peers that are remembered.
const PEERS_MAX: usize = 256;
/// Longest name of a peer that is shown.
const NAME_MAX: usize = 64;
/// After a connection, when to ask who it is: peers introduce themselves, and prove their keys, a moment later.
const INTRODUCTION: [Duration; 8] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(350),
    Duration::from_millis(750),
    Duration::from_millis(1_500),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// A validator is greeted when it is known, and again after this long: it may not have subscribed yet the first time.
const GREET_AGAIN: Duration = Duration::from_millis(300);

/// What [`PeerWatch`] hears.
pub(crate) enum PeerMsg {
    /// The node listens.
    Listening(String),
    /// A peer has come.
    Connected(PeerId),
    /// A peer has gone.
    Disconnected(PeerId),
    /// What a peer says it has decided.
    Tip(PeerId, Height),
    /// Votes, parts and the rest: most of what the network says, and nothing for this watch.
    Other,
    /// Time to ask the network who is who.
    Ask,
    /// Time to tell a validator that joined where this node is, once more.
    Greet,
}

impl From<NetworkEvent<Assay>> for PeerMsg {
    fn from(event: NetworkEvent<Assay>) -> Self {
        match event {
            NetworkEvent::Listening(address) => Self::Listening(address.to_string()),
            NetworkEvent::PeerConnected(peer) => Self::Connected(peer),
            NetworkEvent::PeerDisconnected(peer) => Self::Disconnected(peer),
            NetworkEvent::Status(peer, status) => Self::Tip(peer, status.tip_height.into()),
            _ => Self::Other,
        }
    }
}

/// Keeps the list of peers and addresses.
pub(crate) struct PeerWatch {
    pub(crate) shared: Arc<Shared>,
    pub(crate) network: NetworkRef<Assay>,
    pub(crate) host: UnboundedSender<Input>,
}

/// What a peer calls itself, fit for a log.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect()
}

impl PeerWatch {
    fn connected(&self, myself: &ActorRef<PeerMsg>, peer: PeerId) {
        let new = self.shared.peers_changed(|peers| {
            if peers.len() >= PEERS_MAX || peers.contains_key(&peer) {
                return false;
            }
            peers.insert(peer, PeerStatus { id: peer.to_string(), ..PeerStatus::default() });
            true
        });
        if new {
            for after in INTRODUCTION {
                myself.send_after(after, || PeerMsg::Ask);
            }
        }
    }

    fn disconnected(&self, peer: PeerId) {
        let (lost, left) = self.shared.peers_changed(|peers| (peers.remove(&peer), peers.len()));
        if let Some(lost) = lost {
            tracing::warn!(peer = lost.id, name = lost.name, address = lost.address, left, "peer lost");
        }
    }

    /// Asks without waiting: the network answers when it can.
    async fn introduce(&self, myself: &ActorRef<PeerMsg>) {
        let asked = self.network.call(NetworkMsg::DumpState, Some(Duration::from_secs(1))).await;
        if let Ok(ractor::rpc::CallResult::Success(Some(dump))) = asked
            && self.known(&dump)
        {
            self.greet();
            myself.send_after(GREET_AGAIN, || PeerMsg::Greet);
        }
    }

    fn greet(&self) {
        // A host that is gone greets nobody.
        let _ = self.host.send(Input::Joined);
    }

    /// Takes over who is who; says whether a validator is among those that were not known before.
    fn known(&self, dump: &NetworkStateDump) -> bool {
        let mut joined = false;
        let named = self.shared.peers_changed(|peers| {
            let mut named = Vec::new();
            #[allow(
                clippy::iter_over_hash_type,
                reason = "each peer is described by itself; the order only shows in the log"
            )]
            for (peer, info) in &dump.peers {
                let id = PeerId::from_bytes(&peer.to_bytes()).ok();
                let Some(status) = id.and_then(|id| peers.get_mut(&id)) else {
                    continue;
                };
                if status.name.is_empty() && !info.moniker.is_empty() {
                    named.push(status.id.clone());
                }
                let was = status.validator;
                describe(status, info);
                joined |= was.is_none() && status.validator.is_some();
            }
            let of = |id: String| peers.values().find(|status| status.id == id).cloned();
            named.into_iter().filter_map(of).collect::<Vec<_>>()
        });
        for peer in named {
            let validator = peer.validator.map(|address| address.to_string()).unwrap_or_default();
            tracing::info!(peer = peer.id, name = peer.name, address = peer.address, validator, "peer connected");
        }
        joined
    }
}

fn describe(status: &mut PeerStatus, info: &PeerInfo) {
    status.name = printable(&info.moniker);
    status.address = info.address.to_string();
    status.validator = info.consensus_address.as_deref().and_then(|text| text.parse().ok()).map(ConsensusAddress);
}

#[async_trait]
impl Actor for PeerWatch {
    type Msg = PeerMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _myself: ActorRef<PeerMsg>, _args: ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<PeerMsg>,
        message: PeerMsg,
        _state: &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match message {
            PeerMsg::Ask => self.introduce(&myself).await,
            PeerMsg::Greet => self.greet(),
            PeerMsg::Listening(address) => self.shared.status.send_modify(|status| status.listening.push(address)),
            PeerMsg::Connected(peer) => self.connected(&myself, peer),
            PeerMsg::Disconnected(peer) => self.disconnected(peer),
            PeerMsg::Tip(peer, height) => self.shared.peers_changed(|peers| {
                if let Some(known) = peers.get_mut(&peer) {
                    known.height = height;
                }
            }),
            PeerMsg::Other => {}
        }
        Ok(())
    }
}
