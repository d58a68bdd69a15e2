//! The ERC-8004 registries on a chain: genesis, transactions, and their invariants after every block.

use super::chain::{Chain, Key, spec};
use crate::{Executed, memory_root};
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use assay_abi::identity::{
    IIdentityRegistry as identity, IReputationRegistry as reputation, IValidationRegistry as validation, Registries,
};
use assay_identity::identity::state::{NEXT_ID, OWNERS, URIS};
use assay_kernel::StateView as _;
use assay_primitives::{CheckedTx, NetworkKind};

const HERE: Registries = Registries::TEST;

fn call(key: &Key, nonce: u64, to: Address, call: &impl SolCall) -> CheckedTx {
    key.dynamic(|tx| {
        tx.nonce = nonce;
        tx.to = to.into();
        tx.input = call.abi_encode().into();
        tx.gas_limit = 600_000;
    })
}

fn commit(chain: &mut Chain, txs: &[CheckedTx]) -> Executed {
    let (executed, _) = chain.commit(txs);
    assay_identity::invariants::check(&chain.state, HERE).unwrap();
    assert!(executed.receipts.iter().all(|receipt| receipt.receipt.success));
    executed
}

#[test]
fn agents_of_the_specification_are_there_from_the_first_block() {
    let chain = Chain::new();
    let agents = &chain.executive.spec().identity.agents;
    assert_eq!(agents.len(), 3);
    assay_identity::invariants::check(&chain.state, HERE).unwrap();
    assay_kernel::read(&chain.state, HERE.identity, |ctx| {
        assert_eq!(NEXT_ID.get(ctx)?, Some(4));
        assert_eq!(OWNERS.get(ctx, &U256::ZERO)?, Some(crate::SYSTEM_ADDRESS));
        for (id, agent) in (1u64..).zip(agents) {
            assert_eq!(OWNERS.get(ctx, &U256::from(id))?, Some(agent.owner));
            assert_eq!(URIS.get(ctx, &U256::from(id))?.unwrap().0, agent.uri.as_bytes());
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(chain.parent.header().state_root, memory_root(&chain.state));
}

#[test]
fn main_networks_have_the_registries_at_the_main_addresses() {
    let mut spec = spec();
    spec.kind = NetworkKind::Main;
    let mut chain = Chain::of(spec);
    let Registries { identity: registry, reputation, validation } = Registries::MAIN;
    assert!([registry, reputation, validation].iter().all(|a| chain.state.account(*a).unwrap().is_some()));
    assert!(chain.state.account(HERE.identity).unwrap().is_none());
    assay_identity::invariants::check(&chain.state, Registries::MAIN).unwrap();
    let (owner, client) = (Key::new(0), Key::new(1));
    let (executed, _) = chain.commit(&[
        call(&owner, 0, registry, &identity::register_0Call {}),
        // The reputation registry finds the identity registry of its own network.
        call(&client, 0, reputation, &feedback(4)),
    ]);
    assert!(executed.receipts.iter().all(|receipt| receipt.receipt.success));
}

fn feedback(agent: u64) -> reputation::giveFeedbackCall {
    reputation::giveFeedbackCall {
        agentId: U256::from(agent),
        value: 87,
        valueDecimals: 0,
        tag1: "quality".into(),
        tag2: "fast".into(),
        endpoint: "https://agent.example".into(),
        feedbackURI: "ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".into(),
        feedbackHash: B256::repeat_byte(1),
    }
}

#[test]
fn a_life_of_an_agent_in_blocks() {
    let mut chain = Chain::new();
    let (owner, client, other) = (Key::new(0), Key::new(1), Key::new(2));
    let four = U256::from(4);
    let register = identity::register_1Call { agentURI: "ipfs://agent".into() };
    commit(&mut chain, &[call(&owner, 0, HERE.identity, &register)]);
    let first = commit(&mut chain, &[call(&client, 0, HERE.reputation, &feedback(4))]);
    let second = commit(&mut chain, &[call(&client, 1, HERE.reputation, &feedback(4))]);
    // The reference implementation takes 211.8 k for the first and 130 k for each later one (docs/agents.md 1.7). The
    // very first here also stores two tags that nobody used before.
    let (first, second) = (first.receipts[0].gas_used, second.receipts[0].gas_used);
    assert!(first < 380_000 && second < 100_000, "{first} {second}");
    let known_tags = commit(&mut chain, &[call(&other, 0, HERE.reputation, &feedback(4))]);
    assert!(known_tags.receipts[0].gas_used < 211_800, "{}", known_tags.receipts[0].gas_used);
    let hash = B256::repeat_byte(5);
    let ask = validation::validationRequestCall {
        validatorAddress: client.address(),
        agentId: four,
        requestURI: "ipfs://work".into(),
        requestHash: hash,
    };
    let answer = validation::validationResponseCall {
        requestHash: hash,
        response: 90,
        responseURI: String::new(),
        responseHash: hash,
        tag: "t".into(),
    };
    let revoke = reputation::revokeFeedbackCall { agentId: four, feedbackIndex: 1 };
    commit(&mut chain, &[call(&owner, 1, HERE.validation, &ask), call(&client, 2, HERE.validation, &answer)]);
    let away = identity::transferFromCall { from: owner.address(), to: client.address(), tokenId: four };
    commit(&mut chain, &[call(&client, 3, HERE.reputation, &revoke), call(&owner, 2, HERE.identity, &away)]);
}
