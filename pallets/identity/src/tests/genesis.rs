//! The registries' part of genesis.

use super::support::{ALICE, BOB, REGISTRIES};
use crate::identity::views;
use crate::{Genesis, GenesisAgent, GenesisError, GenesisMetadata};
use alloy_primitives::{Address, U256};
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::MemoryHost;

fn agent(owner: Address) -> GenesisAgent {
    let metadata = vec![GenesisMetadata { key: "name".into(), value: b"echo".into() }];
    GenesisAgent { owner, uri: "ipfs://echo".into(), metadata }
}

#[test]
fn agents_of_genesis_are_numbered_from_1() {
    let genesis = Genesis { agents: vec![agent(ALICE), agent(BOB)] };
    genesis.validate().unwrap();
    let mut host = MemoryHost::new(REGISTRIES.identity);
    host.run(|ctx| genesis.apply(ctx)).unwrap();
    let two = U256::from(2);
    host.run(|ctx| {
        assert_eq!(views::owner_of(ctx, abi::ownerOfCall { tokenId: two })?, BOB);
        assert_eq!(views::agent_wallet(ctx, abi::getAgentWalletCall { agentId: two })?, BOB);
        assert_eq!(views::token_uri(ctx, abi::tokenURICall { tokenId: two })?, "ipfs://echo");
        let name = views::metadata(ctx, abi::getMetadataCall { agentId: two, metadataKey: "name".into() })?;
        assert_eq!(name.as_ref(), b"echo");
        assert_eq!(views::total_supply(ctx, abi::totalSupplyCall {})?, U256::from(3));
        Ok(())
    })
    .unwrap();
}

#[test]
fn broken_parts_are_refused() {
    let check = |edit: fn(&mut GenesisAgent), expected| {
        let mut broken = agent(BOB);
        edit(&mut broken);
        assert_eq!(Genesis { agents: vec![agent(ALICE), broken] }.validate(), Err(expected));
    };
    check(|agent| agent.owner = Address::ZERO, GenesisError::Owner(2));
    check(|agent| agent.uri = "u".repeat(2_049), GenesisError::TooLong(2));
    check(|agent| agent.metadata[0].key = "k".repeat(2_049), GenesisError::TooLong(2));
    check(|agent| agent.metadata[0].value = vec![0; 8_193].into(), GenesisError::TooLong(2));
    check(|agent| agent.metadata = vec![agent.metadata[0].clone(); 33], GenesisError::TooLong(2));
    check(|agent| agent.metadata[0].key = "agentWallet".into(), GenesisError::ReservedKey(2));
    assert_eq!(Genesis { agents: vec![agent(ALICE); 1_001] }.validate(), Err(GenesisError::Agents(1_001)));
}

#[test]
fn it_reads_from_json() {
    let json = r#"{"agents":[{"owner":"0x00000000000000000000000000000000000000a1","uri":"u","metadata":[{"key":"k","value":"0x01"}]},{"owner":"0x00000000000000000000000000000000000000a2"}]}"#;
    let genesis: Genesis = serde_json::from_str(json).unwrap();
    assert_eq!(genesis.agents[0].metadata[0].value.as_ref(), [1]);
    assert!(genesis.agents[1].metadata.is_empty());
    assert!(serde_json::from_str::<Genesis>(r#"{"agent":[]}"#).is_err());
}
