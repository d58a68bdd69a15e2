//! The named adversaries. Each runs the real validator and changes what of it reaches whom.

use super::plan::Behaviour;
use super::rng::Rng;
use assay_consensus::simulation::{Action, Channel, Forger, Peer};
use assay_consensus::{Step, UndecidedProposal};
use assay_primitives::{Block, BlockId, Height, Round, TimestampMs};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Old messages that a stale validator keeps.
const OLD_MAX: usize = 256;
/// Blocks for which the other one is remembered.
const TWINS_MAX: usize = 64;

/// A message and where it goes.
pub type Outgoing = (Peer, Channel, Bytes);

/// The two blocks that one of them made for a round: they know of each other.
pub type Twins = Arc<Mutex<BTreeMap<(Height, Round), [BlockId; 2]>>>;

/// One validator that breaks the rules.
pub struct Adversary {
    behaviour: Behaviour,
    me: Peer,
    count: Peer,
    forger: Forger,
    old: Vec<(Channel, Bytes)>,
    twins: Twins,
    /// Messages changed, made up or kept back.
    pub acts: u64,
}

impl Adversary {
    pub fn new(behaviour: Behaviour, me: Peer, count: Peer, forger: Forger, twins: Twins) -> Self {
        Self { behaviour, me, count, forger, old: Vec::new(), twins, acts: 0 }
    }

    fn others(&self) -> impl Iterator<Item = Peer> + use<> {
        let me = self.me;
        (0..self.count).filter(move |peer| *peer != me)
    }

    /// What comes of an action that sends.
    pub fn send(&mut self, rng: &mut Rng, action: &Action) -> Vec<Outgoing> {
        let honest: Vec<Outgoing> = match action {
            Action::Broadcast(channel, bytes) => self.others().map(|to| (to, *channel, bytes.clone())).collect(),
            Action::Send(to, channel, bytes) => vec![(*to, *channel, bytes.clone())],
            Action::Streams(proposal) if self.splits() => {
                return self.stream_twin(proposal);
            }
            _ => return Vec::new(),
        };
        match self.behaviour {
            Behaviour::Honest | Behaviour::OffClock | Behaviour::Late => honest,
            Behaviour::Silent => {
                self.acts += 1;
                Vec::new()
            }
            Behaviour::Malformed => self.damage(rng, honest),
            Behaviour::Stale => {
                let mut all = honest;
                all.extend(self.repeat(rng));
                all
            }
            Behaviour::Equivocating | Behaviour::Colluding => self.split(rng, honest),
        }
    }

    /// A message came in: a stale validator keeps it.
    pub fn overhear(&mut self, rng: &mut Rng, channel: Channel, bytes: &Bytes) {
        if self.behaviour != Behaviour::Stale {
            return;
        }
        if self.old.len() < OLD_MAX {
            self.old.push((channel, bytes.clone()));
        } else {
            let place = rng.below(OLD_MAX);
            self.old[place] = (channel, bytes.clone());
        }
    }

    fn repeat(&mut self, rng: &mut Rng) -> Vec<Outgoing> {
        if self.old.is_empty() || rng.percent(50) {
            return Vec::new();
        }
        self.acts += 1;
        let (channel, bytes) = self.old[rng.below(self.old.len())].clone();
        self.others().map(|to| (to, channel, bytes.clone())).collect()
    }

    fn damage(&mut self, rng: &mut Rng, honest: Vec<Outgoing>) -> Vec<Outgoing> {
        let mut all = Vec::new();
        for (to, channel, bytes) in honest {
            if rng.percent(50) {
                all.push((to, channel, bytes));
                continue;
            }
            self.acts += 1;
            let mut bytes = bytes.to_vec();
            match rng.below(4) {
                0 if !bytes.is_empty() => {
                    let place = rng.below(bytes.len());
                    bytes[place] ^= 1 << rng.below(8);
                }
                1 => bytes.truncate(rng.below(bytes.len().max(1))),
                2 => bytes.extend((0..rng.between(1, 64)).map(|_| rng.next() as u8)),
                _ => bytes = (0..rng.between(0, 300)).map(|_| rng.next() as u8).collect(),
            }
            let channel = match rng.below(8) {
                0 => Channel::Parts,
                1 => Channel::Liveness,
                2 => Channel::Consensus,
                3 => Channel::Request(rng.next()),
                _ => channel,
            };
            all.push((to, channel, bytes.into()));
        }
        all
    }

    /// Makes another block for the same round and streams it to everybody too.
    fn stream_twin(&mut self, proposal: &UndecidedProposal) -> Vec<Outgoing> {
        let Some(twin) = twin(&proposal.block).filter(|_| proposal.valid_round.is_none()) else { return Vec::new() };
        self.acts += 1;
        let mut twins = self.twins.lock().unwrap();
        if twins.len() >= TWINS_MAX {
            twins.pop_first();
        }
        twins.insert((proposal.height, proposal.round), [proposal.block.id(), twin.id()]);
        drop(twins);
        let parts = self.forger.parts(&UndecidedProposal { block: twin, ..proposal.clone() });
        let to_all = |part: Bytes| self.others().map(move |to| (to, Channel::Parts, part.clone()));
        parts.into_iter().flat_map(to_all).collect()
    }

    fn splits(&self) -> bool {
        matches!(self.behaviour, Behaviour::Equivocating | Behaviour::Colluding)
    }

    /// Signs for one block towards half of the peers and for the other, or for nil, towards the rest. One that does not
    /// collude lets some peers have both.
    fn split(&mut self, rng: &mut Rng, honest: Vec<Outgoing>) -> Vec<Outgoing> {
        let twins = self.twins.lock().unwrap().clone();
        let mut all = Vec::new();
        for (to, channel, bytes) in honest {
            let message = self.forger.read(&bytes).filter(|_| matches!(channel, Channel::Consensus));
            let Some(message) = message.filter(|message| message.valid_round.is_none()) else {
                all.push((to, channel, bytes));
                continue;
            };
            let side = usize::from(to % 2);
            let sides = match twins.get(&(message.height, message.round)) {
                Some(twins) => twins.map(Some),
                // Those who collude vote like everybody for blocks of others: their time comes when they propose.
                None if message.step == Step::Proposal || self.behaviour == Behaviour::Colluding => {
                    [message.block_id; 2]
                }
                None => [message.block_id, None],
            };
            self.acts += 1;
            let mut say = |block_id| all.extend(self.forger.twin(&message, block_id).map(|bytes| (to, channel, bytes)));
            say(sides[side]);
            if self.behaviour == Behaviour::Equivocating && rng.percent(40) {
                say(sides[1 - side]);
            }
        }
        all
    }
}

/// A block as valid as another one, a millisecond younger.
fn twin(block: &Block) -> Option<Block> {
    let header = block.header();
    let mut payload = block.system_payload().ok()?;
    payload.timestamp_ms = TimestampMs(payload.timestamp_ms.get() + 1);
    let transactions: Vec<_> = block.transactions().cloned().collect();
    let (parent, execution) = (header.parent_id, header.previous_execution_hash);
    Block::assemble(header.chain_id, header.height, parent, execution, &payload, transactions).ok()
}
