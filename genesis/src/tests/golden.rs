//! Golden values: a change here is a change of every network's identity.

use super::spec;
use crate::{DEV_CHAIN_ID, Predeploy, consensus_address, dev_accounts};
use alloy_primitives::{B256, address, b256};

#[test]
fn the_hash_of_a_fixed_specification_never_changes() {
    assert_eq!(spec().hash(), b256!("0xfb7f062e78ea98f6314dbaad68dacf47e6b7fdfcbd9103f03afe0a554ef43ec9"));
}

#[test]
fn the_hash_sees_every_value_and_no_formatting() {
    let spec = spec();
    let mut hashes = vec![spec.hash()];
    let mut change = |edit: &dyn Fn(&mut crate::ChainSpec)| {
        let mut other = spec.clone();
        edit(&mut other);
        hashes.push(other.hash());
    };
    change(&|s| s.network = "assay-other".to_owned());
    change(&|s| s.kind = assay_primitives::NetworkKind::Test);
    change(&|s| s.chain_id = DEV_CHAIN_ID + 1);
    change(&|s| s.genesis_time_ms.0 += 1);
    change(&|s| s.randomness = B256::repeat_byte(1));
    change(&|s| s.total_supply += alloy_primitives::U256::from(1));
    change(&|s| s.params.gas_limit += 1);
    change(&|s| s.params.base_fee.min += 1);
    change(&|s| s.params.fee_split.burned.0 -= 1);
    change(&|s| s.params.timing.clock_drift_ms += 1);
    change(&|s| s.identity.agents[0].uri.push('x'));
    change(&|s| s.identity.agents[1].metadata[0].value = vec![1].into());
    change(&|s| s.params.fee_split.stakers.0 += 1);
    change(&|s| s.staking.epoch_length += 1);
    change(&|s| s.escrow.job_time_s_min += 1);
    change(&|s| s.escrow.burn.0 += 1);
    change(&|s| s.staking.issuance.halving_epochs += 1);
    change(&|s| s.validators[0].operator = Some(address!("0x00000000000000000000000000000000000fee01")));
    change(&|s| s.validators[0].power += 1);
    change(&|s| s.validators[0].possession.0[0] ^= 1);
    change(&|s| s.predeploys = vec![Predeploy::HistoryStorage]);
    change(&|s| s.token.tokens[0].decimals += 1);
    change(&|s| s.token.tokens[0].holders.clear());
    change(&|s| s.alloc.0.first_entry().unwrap().get_mut().nonce += 1);
    let count = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
    let mut reordered = spec.clone();
    reordered.predeploys.reverse();
    assert_eq!(reordered.hash(), spec.hash());
}

#[test]
fn the_dev_accounts_are_those_every_tool_knows() {
    let accounts = dev_accounts().unwrap();
    assert_eq!(accounts.len(), 256);
    assert_eq!(accounts[0], address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
    assert_eq!(accounts[9], address!("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"));
    assert_eq!(accounts[255], address!("0xA7d5cF2aA862CE63D4572abB0817E357B5CFf881"));
}

#[test]
fn shipped_contracts_have_their_published_hashes() {
    for predeploy in Predeploy::all() {
        assert_eq!(predeploy.contract().unwrap().address, predeploy.address());
    }
}

/// SHA-256 of 32 zero bytes starts 66687aad f862bd77 6c8fc18b 8e9f8e20 08971485 (a standard vector).
#[test]
fn consensus_addresses_are_tendermints() {
    assert_eq!(consensus_address(B256::ZERO).to_string(), "66687AADF862BD776C8FC18B8E9F8E2008971485");
}
