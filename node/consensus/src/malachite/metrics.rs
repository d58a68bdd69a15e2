//! What the adapter measures itself, under the names operators look for.

use crate::application::HeightContext;
use crate::engine::CommitStatus;
use assay_primitives::{ConsensusAddress, Evidence};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A validator, by address. Labels of those that left the set are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ValidatorLabel {
    validator: String,
}

/// How a proposal from a peer was judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct VerdictLabel {
    status: &'static str,
}

/// Everything the adapter counts; clones share the figures.
#[derive(Clone, Debug)]
pub(crate) struct EngineMetrics {
    pub(crate) rounds: Counter,
    pub(crate) round_duration: Histogram,
    pub(crate) block_interval: Histogram,
    pub(crate) quorum_prevote_delay: Histogram,
    pub(crate) proposals_created: Counter,
    proposals_received: Family<VerdictLabel, Counter>,
    pub(crate) late_votes: Counter,
    pub(crate) duplicate_votes: Counter,
    equivocation_votes: Counter,
    equivocation_proposals: Counter,
    validators: Gauge,
    validators_power: Gauge,
    missing: Gauge,
    missing_power: Gauge,
    demoted: Gauge,
    missed_blocks: Family<ValidatorLabel, Counter>,
    last_signed: Family<ValidatorLabel, Gauge>,
    pub(crate) syncing: Gauge,
    pub(crate) sync_requests: Counter,
    pub(crate) sync_timeouts: Counter,
    pub(crate) signer_requests: Counter,
    pub(crate) signer_refusals: Counter,
    pub(crate) signer_seconds: Histogram,
}

fn seconds() -> Histogram {
    // 1 ms to about 65 s.
    Histogram::new(exponential_buckets(0.001, 2.0, 17))
}

impl EngineMetrics {
    pub(crate) fn new() -> Self {
        Self {
            rounds: Counter::default(),
            round_duration: seconds(),
            block_interval: seconds(),
            quorum_prevote_delay: seconds(),
            proposals_created: Counter::default(),
            proposals_received: Family::default(),
            late_votes: Counter::default(),
            duplicate_votes: Counter::default(),
            equivocation_votes: Counter::default(),
            equivocation_proposals: Counter::default(),
            validators: Gauge::default(),
            validators_power: Gauge::default(),
            missing: Gauge::default(),
            missing_power: Gauge::default(),
            demoted: Gauge::default(),
            missed_blocks: Family::default(),
            last_signed: Family::default(),
            syncing: Gauge::default(),
            sync_requests: Counter::default(),
            sync_timeouts: Counter::default(),
            signer_requests: Counter::default(),
            signer_refusals: Counter::default(),
            signer_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 14)),
        }
    }

    /// The text of these figures.
    pub(crate) fn encode(&self) -> String {
        let mut registry = Registry::default();
        self.register_consensus(registry.sub_registry_with_prefix("consensus"));
        let sync = registry.sub_registry_with_prefix("sync");
        sync.register("syncing", "1 while the node is behind its peers", self.syncing.clone());
        sync.register("requests", "Requests for decided blocks sent to peers", self.sync_requests.clone());
        sync.register("timeouts", "Requests that no peer answered in time", self.sync_timeouts.clone());
        let signer = registry.sub_registry_with_prefix("signer");
        signer.register("requests", "Messages the signing guard was asked to sign", self.signer_requests.clone());
        signer.register("refusals", "Messages it did not sign", self.signer_refusals.clone());
        signer.register("seconds", "Time to make a record durable and sign", self.signer_seconds.clone());
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }

    fn register_consensus(&self, registry: &mut Registry) {
        let mut counter = |name, help, counter: &Counter| registry.register(name, help, counter.clone());
        counter("rounds", "Rounds started", &self.rounds);
        counter("proposal_create", "Proposals made by this node", &self.proposals_created);
        counter("late_votes", "Precommits that came after their height was decided", &self.late_votes);
        counter("duplicate_votes", "Votes of the height at hand that came more than once", &self.duplicate_votes);
        counter("equivocation_votes", "Pairs of contradicting votes seen", &self.equivocation_votes);
        counter("equivocation_proposals", "Pairs of contradicting proposals seen", &self.equivocation_proposals);
        let mut gauge = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("validators", "Validators of the height", &self.validators);
        gauge("validators_power", "Their voting power", &self.validators_power);
        gauge("missing_validators", "Validators that did not sign the last certificate", &self.missing);
        gauge("missing_validators_power", "Their voting power", &self.missing_power);
        gauge("demoted_validators", "Validators asked last because they missed their turn", &self.demoted);
        let mut histogram = |name, help, histogram: &Histogram| registry.register(name, help, histogram.clone());
        histogram("round_duration_seconds", "From the start of a round to its end", &self.round_duration);
        histogram("block_interval_seconds", "From decision to decision", &self.block_interval);
        let help = "From the start of a round to this node's precommit for a block, which a quorum of prevotes allows";
        histogram("quorum_prevote_delay_seconds", help, &self.quorum_prevote_delay);
        let help = "Proposals of others, by how they were judged";
        registry.register("proposal_receive", help, self.proposals_received.clone());
        let help = "Certificates that a validator did not sign, since this node started";
        registry.register("validator_missed_blocks", help, self.missed_blocks.clone());
        let help = "Last height whose certificate a validator signed";
        registry.register("validator_last_signed_height", help, self.last_signed.clone());
    }

    pub(crate) fn on_context(&self, context: &HeightContext) {
        self.validators.set(count(context.validators.len()));
        self.validators_power.set(power(context.validators.total_power()));
        self.demoted.set(count(context.demoted.len()));
    }

    pub(crate) fn on_proposal(&self, accepted: bool) {
        let status = if accepted { "accepted" } else { "rejected" };
        self.proposals_received.get_or_create(&VerdictLabel { status }).inc();
    }

    /// The certificate of a height is final; `left` are validators that are no longer in the set.
    pub(crate) fn on_commit(&self, commit: &CommitStatus, left: &[ConsensusAddress]) {
        self.missing.set(count(commit.missing.len()));
        self.missing_power.set(power(commit.missing_power));
        let label = |address: &ConsensusAddress| ValidatorLabel { validator: address.to_string() };
        for address in &commit.signed {
            self.last_signed.get_or_create(&label(address)).set(power(commit.height.get()));
            // Shown as zero from the start, so that an alert can tell a rise.
            let _ = self.missed_blocks.get_or_create(&label(address));
        }
        for address in &commit.missing {
            self.missed_blocks.get_or_create(&label(address)).inc();
        }
        for address in left {
            self.last_signed.remove(&label(address));
            self.missed_blocks.remove(&label(address));
        }
    }

    pub(crate) fn on_evidence(&self, evidence: &[Evidence]) {
        for piece in evidence {
            let message = crate::message::ConsensusMessage::from_sign_bytes(&piece.first.0);
            match message.map(|message| message.step) {
                Ok(crate::message::Step::Proposal) => self.equivocation_proposals.inc(),
                _ => self.equivocation_votes.inc(),
            };
        }
    }
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn power(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
