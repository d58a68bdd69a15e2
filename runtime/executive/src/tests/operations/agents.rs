//! Random calls of the three registries.

use super::world::{Note, Op, World, who};
use crate::tests::chain::Key;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use assay_abi::identity::{
    IIdentityRegistry as Id, IReputationRegistry as Rep, IValidationRegistry as Val, Registries,
};
use assay_identity::identity::wallet::{AgentWalletSet, digest};

pub(super) const HERE: Registries = Registries::TEST;
const AGENTS_MAX: usize = 24;

fn op(name: &'static str, by: usize, to: Address, call: &impl SolCall) -> Option<Op> {
    Some(Op::new(name, by, to, call))
}

fn text(world: &mut World) -> String {
    "t".repeat(world.rng.below(50) as usize)
}

fn tag(world: &mut World) -> String {
    world.rng.of(&["", "quality", "fast", "a tag that takes more than one word to store, as some do"]).to_owned()
}

pub(super) fn register(world: &mut World) -> Option<Op> {
    if world.agents.len() >= AGENTS_MAX {
        return None;
    }
    let (by, uri) = (world.actor(), text(world));
    match world.rng.below(3) {
        0 => op("identity.register", by, HERE.identity, &Id::register_0Call {}),
        1 => op("identity.register uri", by, HERE.identity, &Id::register_1Call { agentURI: uri }),
        _ => {
            let key = if world.rng.chance(5) { "agentWallet" } else { "k" };
            let entry = Id::MetadataEntry { metadataKey: key.to_owned(), metadataValue: vec![1; 40].into() };
            let call = Id::register_2Call { agentURI: uri, metadata: vec![entry] };
            op("identity.register metadata", by, HERE.identity, &call)
        }
    }
}

pub(super) fn describe(world: &mut World) -> Option<Op> {
    let (agent, owner) = world.agent()?;
    let by = world.party(owner);
    match world.rng.below(4) {
        0 => {
            let uri = text(world);
            op("identity.setAgentURI", by, HERE.identity, &Id::setAgentURICall { agentId: agent, newURI: uri })
        }
        1 => {
            let value = vec![2; world.rng.below(90) as usize].into();
            let call = Id::setMetadataCall { agentId: agent, metadataKey: "k".to_owned(), metadataValue: value };
            op("identity.setMetadata", by, HERE.identity, &call)
        }
        2 => op("identity.unsetAgentWallet", by, HERE.identity, &Id::unsetAgentWalletCall { agentId: agent }),
        _ => {
            let wallet = world.actor();
            let deadline = U256::from(world.now + world.rng.below(310));
            let proof = AgentWalletSet { agentId: agent, newWallet: who(wallet), owner, deadline };
            let hash = digest(HERE.identity, 31_337, &proof);
            let signature = Bytes::copy_from_slice(&Key::new(wallet as u8).sign_hash(hash).as_bytes());
            let call = Id::setAgentWalletCall { agentId: agent, newWallet: who(wallet), deadline, signature };
            op("identity.setAgentWallet", by, HERE.identity, &call)
        }
    }
}

pub(super) fn hand_over(world: &mut World) -> Option<Op> {
    let (agent, owner) = world.agent()?;
    let (by, to) = (world.party(owner), who(world.actor()));
    let from = owner;
    match world.rng.below(6) {
        0 => op("identity.approve", by, HERE.identity, &Id::approveCall { to, tokenId: agent }),
        1 => {
            let approved = world.rng.chance(30);
            op("identity.setApprovalForAll", by, HERE.identity, &Id::setApprovalForAllCall { operator: to, approved })
        }
        2 => op("identity.transferFrom", by, HERE.identity, &Id::transferFromCall { from, to, tokenId: agent }),
        3 => {
            let call = Id::safeTransferFrom_0Call { from, to, tokenId: agent };
            op("identity.safeTransferFrom", by, HERE.identity, &call)
        }
        _ => None,
    }
}

pub(super) fn feedback(world: &mut World) -> Option<Op> {
    let (agent, owner) = world.agent()?;
    let by = world.actor();
    if who(by) == owner && !world.rng.chance(5) {
        return None;
    }
    let call = Rep::giveFeedbackCall {
        agentId: agent,
        value: i128::from(world.rng.below(300)) - 100,
        valueDecimals: world.rng.below(19) as u8,
        tag1: tag(world),
        tag2: tag(world),
        endpoint: String::new(),
        feedbackURI: text(world),
        feedbackHash: B256::repeat_byte(1),
    };
    Some(Op { note: Note::Feedback(agent, by), ..op("reputation.giveFeedback", by, HERE.reputation, &call)? })
}

pub(super) fn answer_feedback(world: &mut World) -> Option<Op> {
    let index = world.rng.below(world.feedback.len() as u64) as usize;
    let (agent, client) = *world.feedback.get(index)?;
    let last = world.view(HERE.reputation, &Rep::getLastIndexCall { agentId: agent, clientAddress: who(client) });
    let index = 1 + world.rng.below(last);
    if world.rng.chance(50) {
        let call = Rep::revokeFeedbackCall { agentId: agent, feedbackIndex: index };
        return op("reputation.revokeFeedback", world.party(who(client)), HERE.reputation, &call);
    }
    let call = Rep::appendResponseCall {
        agentId: agent,
        clientAddress: who(client),
        feedbackIndex: index,
        responseURI: text(world),
        responseHash: B256::ZERO,
    };
    op("reputation.appendResponse", world.actor(), HERE.reputation, &call)
}

pub(super) fn request(world: &mut World) -> Option<Op> {
    let (agent, owner) = world.agent()?;
    let (by, validator) = (world.party(owner), world.actor());
    let hash = B256::from(U256::from(world.rng.below(4_000)));
    let call = Val::validationRequestCall {
        validatorAddress: who(validator),
        agentId: agent,
        requestURI: text(world),
        requestHash: hash,
    };
    let note = Note::Request(hash, validator);
    Some(Op { note, ..op("validation.validationRequest", by, HERE.validation, &call)? })
}

pub(super) fn respond(world: &mut World) -> Option<Op> {
    let index = world.rng.below(world.requests.len() as u64) as usize;
    let (hash, validator) = *world.requests.get(index)?;
    let call = Val::validationResponseCall {
        requestHash: hash,
        response: world.rng.below(103) as u8,
        responseURI: text(world),
        responseHash: hash,
        tag: tag(world),
    };
    op("validation.validationResponse", world.party(who(validator)), HERE.validation, &call)
}
