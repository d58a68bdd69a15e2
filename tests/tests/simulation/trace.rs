//! The digest over all that happens, and its readable form for a run that is looked at.

use alloy_primitives::{B256, Keccak256};
use assay_consensus::simulation::{Action, Event};
use assay_consensus::{ConsensusMessage, Step};

/// Trace of one run.
pub struct Trace {
    hasher: Keccak256,
    lines: Option<Vec<String>>,
}

fn vote(message: &ConsensusMessage) -> String {
    let id = message.block_id.map_or_else(|| "nil".to_owned(), |id| id.to_string()[..10].to_owned());
    let valid = message.valid_round.map_or_else(String::new, |round| format!(" valid in {round}"));
    let step = match message.step {
        Step::Proposal => "proposal",
        Step::Prevote => "prevote",
        Step::Precommit => "precommit",
    };
    format!("{step} {}/{} {id}{valid}", message.height, message.round)
}

impl Trace {
    pub fn new(readable: bool) -> Self {
        Self { hasher: Keccak256::new(), lines: readable.then(Vec::new) }
    }

    pub fn digest(&self) -> B256 {
        self.hasher.clone().finalize()
    }

    pub fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }

    fn line(&mut self, now: u64, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>6}.{:03} {}", now / 1_000, now % 1_000, text()));
        }
    }

    pub fn event(&mut self, now: u64, what: &str) {
        self.hasher.update(now.to_le_bytes());
        self.hasher.update(what);
        self.line(now, || what.to_owned());
    }

    pub fn received(&mut self, now: u64, node: usize, event: &Event) {
        self.hasher.update(now.to_le_bytes());
        self.hasher.update([node as u8]);
        match event {
            Event::Message { from, channel, bytes } => {
                self.hasher.update(format!("{from} {channel:?}"));
                self.hasher.update(bytes);
                self.line(now, || format!("{node} <- {from} {channel:?} {} bytes", bytes.len()));
            }
            Event::Timer(number) => self.hasher.update(number.to_le_bytes()),
            Event::Job => self.hasher.update("job"),
        }
    }

    pub fn did(&mut self, now: u64, node: usize, action: &Action) {
        self.hasher.update([node as u8]);
        let text = match action {
            Action::Broadcast(channel, bytes) => {
                self.hasher.update(bytes);
                format!("-> all {channel:?} {} bytes", bytes.len())
            }
            Action::Send(to, channel, bytes) => {
                self.hasher.update(bytes);
                format!("-> {to} {channel:?} {} bytes", bytes.len())
            }
            Action::Signed(message, signature) => {
                self.hasher.update(signature);
                format!("signs {}", vote(message))
            }
            Action::Abstained(message) => format!("abstains from {}", vote(message)),
            Action::Streams(proposal) => format!("streams {} in {}", proposal.block.id(), proposal.round),
            Action::Decided(certificate) => {
                format!("decides {} in round {}: {}", certificate.height, certificate.round, certificate.block_id)
            }
            other => format!("{other:?}"),
        };
        self.hasher.update(&text);
        self.line(now, || format!("{node} {text}"));
    }
}
