//! The first state and header.

use super::chain::{Chain, FEE_ADDRESS, spec};
use crate::natives::NativeModules;
use crate::{Executive, memory_root};
use alloy_primitives::{Address, U256, b256};
use assay_abi::identity::Registries;
use assay_genesis::{Predeploy, SpecError};
use assay_kernel::{NativeCalls as _, StateView as _};
use assay_primitives::NetworkKind;
use std::sync::Arc;

/// The state root was computed by Ethereum's executable specification from the same accounts.
#[test]
fn the_genesis_hash_of_a_fixed_specification_never_changes() {
    let chain = Chain::with(spec(), NativeModules::default());
    let header = chain.parent.header();
    assert_eq!(header.state_root, b256!("0x2e06ad91e39b8bc5f5c9be0e10258a7c0d729aaecd6ef59e62c9b6914127e75c"));
    assert_eq!(
        chain.executive.spec_hash(),
        b256!("0xa559969a92c472bf831980d47ba937582b4a398d39d12c2998b5680cd01dcbf3")
    );
    assert_eq!(chain.parent.hash(), b256!("0x7889bdc3a7c396053680c3db150ecfe511674b87961110ae95101876dcc57b01"));
}

#[test]
fn the_header_holds_the_parameters_and_the_specification() {
    let chain = Chain::new();
    let header = chain.parent.header();
    assert_eq!(header.number, 0);
    assert_eq!(header.timestamp, 1_767_225_600);
    assert_eq!(header.gas_limit, chain.executive.params().gas_limit);
    assert_eq!(header.base_fee_per_gas, Some(1_000_000_000));
    assert_eq!(header.extra_data.as_ref(), chain.executive.spec_hash().as_slice());
    assert_eq!(header.beneficiary, Address::ZERO);
    assert_eq!(header.state_root, memory_root(&chain.state));
    assert_eq!(chain.parent.block_id(), Default::default());
}

#[test]
fn the_first_state_is_the_allocation_and_the_predeploys() {
    let chain = Chain::new();
    assert_eq!(chain.supply(), chain.executive.spec().total_supply);
    for predeploy in Predeploy::all() {
        let account = chain.state.account(predeploy.address()).unwrap().unwrap();
        assert_eq!((account.nonce, account.balance), (1, U256::ZERO));
        assert_eq!(account.code_hash, predeploy.code_hash());
        assert_eq!(chain.state.code(account.code_hash).unwrap(), predeploy.contract().unwrap().code);
    }
    assert_eq!(chain.state.account(FEE_ADDRESS).unwrap(), None);
}

#[test]
fn an_invalid_specification_makes_no_executive() {
    let mut spec = spec();
    spec.total_supply += U256::from(1);
    assert!(matches!(Executive::new(Arc::new(spec)), Err(SpecError::TotalSupply { .. })));
}

#[test]
fn the_modules_of_this_version_are_those_of_the_interface() {
    for (kind, registries) in [
        (NetworkKind::Main, Registries::MAIN),
        (NetworkKind::Test, Registries::TEST),
        (NetworkKind::Dev, Registries::TEST),
    ] {
        assert_eq!(NativeModules::of_network(kind).addresses(), assay_abi::native_modules(registries));
    }
    assert_eq!(assay_identity::params::SYSTEM_OWNER, crate::SYSTEM_ADDRESS);
}
