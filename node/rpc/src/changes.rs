//! What the subscriptions `agents` and `jobs` tell: the events of the native modules in a block, decoded.
//!
//! Each change names what it changes (`agentId` or `jobId`), how (`change`), with what (`details`), and where it stands.

use crate::wire::LogView;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEventInterface as _;
use assay_abi::escrow::IEscrow::IEscrowEvents as Job;
use assay_abi::escrow::IEscrowBase::IEscrowBaseEvents as Base;
use assay_abi::escrow::IEscrowBids::IEscrowBidsEvents as Bids;
use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE};
use assay_abi::identity::IIdentityRegistry::IIdentityRegistryEvents as Identity;
use assay_abi::identity::IReputationRegistry::IReputationRegistryEvents as Reputation;
use assay_abi::identity::IValidationRegistry::IValidationRegistryEvents as Validation;
use assay_abi::identity::Registries;
use assay_chain::{CommittedBlock, LogQuery};
use assay_primitives::Log;
use jsonrpsee::core::to_json_raw_value;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The one agent or job that is watched; `None`: all.
pub type ChangeFilter = Option<u64>;

/// How something changed: which one, the name of the change, its details.
type Change = (U256, &'static str, Value);

/// Changes of agents in a block, in order.
pub fn agent_changes(block: &CommittedBlock, registries: Registries, of: ChangeFilter) -> Vec<Box<RawValue>> {
    let addresses = vec![registries.identity, registries.reputation, registries.validation];
    changes(block, addresses, "agentId", of, |log| {
        if log.address == registries.identity {
            identity(Identity::decode_raw_log(log.topics(), &log.data.data).ok()?)
        } else if log.address == registries.reputation {
            Some(reputation(Reputation::decode_raw_log(log.topics(), &log.data.data).ok()?))
        } else {
            Some(validation(Validation::decode_raw_log(log.topics(), &log.data.data).ok()?))
        }
    })
}

/// Changes of jobs in a block, in order.
pub fn job_changes(block: &CommittedBlock, of: ChangeFilter) -> Vec<Box<RawValue>> {
    changes(block, vec![ESCROW, ESCROW_BASE, ESCROW_ACP], "jobId", of, |log| {
        let (topics, data) = (log.topics(), &log.data.data);
        if let Ok(event) = Job::decode_raw_log(topics, data) {
            return job(event);
        }
        if let Ok(event) = Base::decode_raw_log(topics, data) {
            return Some(base(event));
        }
        Some(bid(Bids::decode_raw_log(topics, data).ok()?))
    })
}

fn changes(
    block: &CommittedBlock,
    addresses: Vec<Address>,
    name: &str,
    of: ChangeFilter,
    read: impl Fn(&Log) -> Option<Change>,
) -> Vec<Box<RawValue>> {
    let query = LogQuery { addresses, ..LogQuery::default() };
    let logs = block.receipts.iter().flat_map(|receipt| &receipt.receipt.logs).filter(|log| query.matches(log));
    let told = logs.zip(LogView::matching(block, &query)).filter_map(|(log, view)| {
        let (id, change, details) = read(log).filter(|(id, ..)| of.is_none_or(|of| U256::from(of) == *id))?;
        let Ok(Value::Object(place)) = serde_json::to_value(&view) else { return None };
        let mut told = Map::new();
        told.insert(name.to_owned(), json!(id));
        told.insert("change".to_owned(), json!(change));
        told.insert("details".to_owned(), details);
        let kept = ["address", "blockNumber", "blockHash", "blockTimestamp", "transactionHash", "logIndex"];
        told.extend(place.into_iter().filter(|(field, _)| kept.contains(&field.as_str())));
        to_json_raw_value(&told).ok()
    });
    told.collect()
}

fn identity(event: Identity) -> Option<Change> {
    Some(match event {
        Identity::Registered(e) => (e.agentId, "registered", json!({ "owner": e.owner, "uri": e.agentURI })),
        Identity::URIUpdated(e) => (e.agentId, "uriUpdated", json!({ "uri": e.newURI, "by": e.updatedBy })),
        Identity::MetadataSet(e) => {
            (e.agentId, "metadataSet", json!({ "key": e.metadataKey, "value": e.metadataValue }))
        }
        Identity::Transfer(e) if !e.from.is_zero() => (e.tokenId, "transferred", json!({ "from": e.from, "to": e.to })),
        _ => return None,
    })
}

fn reputation(event: Reputation) -> Change {
    match event {
        Reputation::NewFeedback(e) => (
            e.agentId,
            "feedback",
            json!({
                "client": e.clientAddress, "index": U256::from(e.feedbackIndex), "value": e.value.to_string(),
                "decimals": e.valueDecimals, "tag1": e.tag1, "tag2": e.tag2, "endpoint": e.endpoint,
                "uri": e.feedbackURI, "hash": e.feedbackHash,
            }),
        ),
        Reputation::FeedbackRevoked(e) => {
            (e.agentId, "feedbackRevoked", json!({ "client": e.clientAddress, "index": U256::from(e.feedbackIndex) }))
        }
        Reputation::ResponseAppended(e) => (
            e.agentId,
            "feedbackAnswered",
            json!({
                "client": e.clientAddress, "index": U256::from(e.feedbackIndex), "responder": e.responder,
                "uri": e.responseURI, "hash": e.responseHash,
            }),
        ),
    }
}

fn validation(event: Validation) -> Change {
    match event {
        Validation::ValidationRequest(e) => (
            e.agentId,
            "validationRequested",
            json!({ "validator": e.validatorAddress, "uri": e.requestURI, "requestHash": e.requestHash }),
        ),
        Validation::ValidationResponse(e) => (
            e.agentId,
            "validationAnswered",
            json!({
                "validator": e.validatorAddress, "requestHash": e.requestHash, "response": e.response,
                "uri": e.responseURI, "hash": e.responseHash, "tag": e.tag,
            }),
        ),
    }
}

fn job(event: Job) -> Option<Change> {
    Some(match event {
        Job::JobCreated(e) => (
            e.jobId,
            "created",
            json!({
                "client": e.client, "provider": e.provider, "evaluator": e.evaluator, "expiredAt": e.expiredAt,
                "hook": e.hook,
            }),
        ),
        Job::ProviderSet(e) => (e.jobId, "providerSet", json!({ "provider": e.provider })),
        Job::BudgetSet(e) => (e.jobId, "budgetSet", json!({ "amount": e.amount })),
        Job::JobFunded(e) => (e.jobId, "funded", json!({ "client": e.client, "amount": e.amount })),
        Job::JobSubmitted(e) => (e.jobId, "submitted", json!({ "provider": e.provider, "deliverable": e.deliverable })),
        Job::JobCompleted(e) => (e.jobId, "completed", json!({ "evaluator": e.evaluator, "reason": e.reason })),
        Job::JobRejected(e) => (e.jobId, "rejected", json!({ "rejector": e.rejector, "reason": e.reason })),
        Job::JobExpired(e) => (e.jobId, "expired", json!({})),
        Job::PaymentReleased(e) => (e.jobId, "paid", json!({ "provider": e.provider, "amount": e.amount })),
        Job::Refunded(e) => (e.jobId, "refunded", json!({ "client": e.client, "amount": e.amount })),
        Job::PlatformFeePaid(e) => {
            (e.jobId, "platformFeePaid", json!({ "treasury": e.platformTreasury, "amount": e.amount }))
        }
        Job::EvaluatorFeePaid(e) => {
            (e.jobId, "evaluatorFeePaid", json!({ "evaluator": e.evaluator, "amount": e.amount }))
        }
        Job::ProviderAgentSet(e) => (e.jobId, "agentSet", json!({ "agentId": e.agentId })),
        Job::FeeBurned(e) => (e.jobId, "feeBurned", json!({ "amount": e.amount })),
        Job::JobHold(e) => (e.jobId, "hold", json!({ "held": e.held })),
        Job::Credited(_) | Job::Withdrawn(_) => return None,
    })
}

fn base(event: Base) -> Change {
    match event {
        Base::ProviderSet(e) => (e.jobId, "providerSet", json!({ "provider": e.provider, "agentId": e.agentId })),
        Base::BudgetSet(e) => (e.jobId, "budgetSet", json!({ "token": e.token, "amount": e.amount })),
    }
}

fn bid(event: Bids) -> Change {
    match event {
        Bids::BiddingOpened(e) => (
            e.jobId,
            "biddingOpened",
            json!({
                "sealedBids": e.sealedBids, "bidUntil": U256::from(e.bidUntil), "revealUntil": U256::from(e.revealUntil),
                "workTime": U256::from(e.workTime), "maxPrice": e.maxPrice, "bond": e.bond,
            }),
        ),
        Bids::BidPlaced(e) => {
            (e.jobId, "bidPlaced", json!({ "agentId": e.agentId, "bidder": e.bidder, "price": e.price }))
        }
        Bids::BidCommitted(e) => {
            (e.jobId, "bidCommitted", json!({ "agentId": e.agentId, "bidder": e.bidder, "commitment": e.commitment }))
        }
        Bids::BidRevealed(e) => (e.jobId, "bidRevealed", json!({ "agentId": e.agentId, "price": e.price })),
        Bids::JobAwarded(e) => (
            e.jobId,
            "awarded",
            json!({ "agentId": e.agentId, "provider": e.provider, "price": e.price, "weighted": e.weighted }),
        ),
        Bids::BiddingClosed(e) => (e.jobId, "biddingClosed", json!({})),
        Bids::ProviderPenalized(e) => {
            (e.jobId, "providerPenalized", json!({ "agentId": e.agentId, "amount": e.amount }))
        }
    }
}
