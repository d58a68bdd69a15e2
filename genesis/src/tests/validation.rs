//! Every rule, broken once.

use super::{spec, validator};
use crate::{AccountProblem, ChainSpec, GenesisAccount, Predeploy, SpecError, consensus_address};
use alloy_primitives::{Address, B256, Bytes, U256};
use assay_primitives::vrf::VrfError;
use assay_primitives::{Bps, ValidatorSetError};

fn broken(edit: impl FnOnce(&mut ChainSpec)) -> SpecError {
    let mut spec = spec();
    edit(&mut spec);
    spec.validate().unwrap_err()
}

#[test]
fn numbers_outside_their_bounds_name_their_field() {
    let check = |edit: &dyn Fn(&mut ChainSpec), expect: &str| match broken(edit) {
        SpecError::OutOfRange { field, .. } => assert_eq!(field, expect),
        other => panic!("{other}"),
    };
    check(&|s| s.chain_id = 0, "chainId");
    check(&|s| s.chain_id = 1 << 53, "chainId");
    check(&|s| s.genesis_time_ms.0 = 0, "genesisTimeMs");
    check(&|s| s.params.gas_limit = 1, "params.gasLimit");
    check(&|s| s.params.gas_limit = u64::MAX, "params.gasLimit");
    check(&|s| s.params.base_fee.min = 0, "params.baseFee.min");
    check(&|s| s.params.base_fee.initial = s.params.base_fee.min - 1, "params.baseFee.initial");
    check(&|s| s.params.base_fee.elasticity = 0, "params.baseFee.elasticity");
    check(&|s| s.params.base_fee.denominator = 0, "params.baseFee.denominator");
    check(&|s| s.params.timing.propose_timeout_ms = 0, "params.timing.proposeTimeoutMs");
    check(&|s| s.params.timing.block_interval_ms = 60_001, "params.timing.blockIntervalMs");
    check(&|s| s.params.timing.clock_drift_ms = 0, "params.timing.clockDriftMs");
}

#[test]
fn names_and_shares() {
    assert!(matches!(broken(|s| s.network = String::new()), SpecError::Network(_)));
    assert!(matches!(broken(|s| s.network = "Assay Net".to_owned()), SpecError::Network(_)));
    assert_eq!(broken(|s| s.params.fee_split.creator = Bps(1)), SpecError::FeeSplit(10_001));
    assert_eq!(broken(|s| s.predeploys.push(Predeploy::Multicall3)), SpecError::PredeployTwice(Predeploy::Multicall3));
}

#[test]
fn the_supply_is_the_sum_of_the_balances() {
    let error = broken(|s| s.total_supply += U256::from(1));
    assert!(matches!(error, SpecError::TotalSupply { declared, sum } if declared == sum + U256::from(1)));
    let error = broken(|s| s.alloc.0.first_entry().unwrap().get_mut().balance = U256::MAX);
    assert_eq!(error, SpecError::SupplyOverflow);
}

#[test]
fn validators_hold_their_keys() {
    assert_eq!(broken(|s| s.validators.clear()), SpecError::Validators(ValidatorSetError::Empty));
    assert!(matches!(broken(|s| s.validators[0].power = 0), SpecError::Validators(ValidatorSetError::NoPower(_))));
    assert!(matches!(
        broken(|s| s.validators.push(validator(7))),
        SpecError::Validators(ValidatorSetError::Duplicate(_))
    ));
    let error = broken(|s| s.validators[0].address = consensus_address(B256::ZERO));
    assert!(matches!(error, SpecError::ValidatorAddress { index: 0, .. }), "{error}");
    let error = broken(|s| s.validators[0].possession = validator(8).possession);
    assert_eq!(error, SpecError::Possession { index: 0, error: VrfError::Proof });
    let error = broken(|s| {
        let mut other = validator(8);
        other.randomness_key = s.validators[0].randomness_key;
        s.validators.push(other);
    });
    assert_eq!(error, SpecError::SharedKey { index: 1, field: "randomnessKey" });
    let error = broken(|s| s.validators[0].randomness_key = s.validators[0].public_key);
    assert_eq!(error, SpecError::SharedKey { index: 0, field: "randomnessKey" });
    assert_eq!(broken(|s| s.validators[0].fee_address = Address::ZERO), SpecError::FeeAddress { index: 0 });
}

#[test]
fn bonds_reserve_and_operators() {
    let two = |edit: &dyn Fn(&mut ChainSpec)| {
        let mut spec = spec();
        spec.validators.push(validator(8));
        spec.total_supply = spec.supply();
        edit(&mut spec);
        spec.validate()
    };
    assert_eq!(two(&|_| ()), Ok(()));
    let spec = spec();
    let mut more = spec.clone();
    more.validators.push(validator(8));
    assert_eq!(more.supply() - spec.supply(), spec.staking.power_unit * U256::from(10));
    // Both have one fee address: the second one's operator is nobody.
    assert_eq!(more.operators(), [validator(7).fee_address, validator(8).address.0]);
    let named = |operator: Address| two(&|s| s.validators[1].operator = Some(operator));
    assert_eq!(named(Address::repeat_byte(5)), Ok(()));
    let error = SpecError::SharedKey { index: 1, field: "operator" };
    assert_eq!(named(validator(7).fee_address), Err(error.clone()));
    assert_eq!(named(Address::ZERO), Err(error));

    assert_eq!(two(&|s| s.staking.self_bond_min *= U256::from(11)), Err(SpecError::Bond { index: 0 }));
    let over = two(&|s| s.staking.validators_max = 1);
    assert_eq!(over, Err(SpecError::OutOfRange { field: "validators", value: 2, min: 1, max: 1 }));
    let reserve = U256::from(1_000);
    let error = two(&|s| s.staking.issuance.reserve = reserve).unwrap_err();
    assert!(matches!(error, SpecError::TotalSupply { declared, sum } if sum == declared + reserve), "{error}");
    assert!(matches!(broken(|s| s.staking.epoch_length = 3), SpecError::Staking(_)));
    assert!(matches!(broken(|s| s.staking.downtime_window = 10_001), SpecError::Staking(_)));
    let error = broken(|s| s.staking.unbonding_epochs = 0);
    assert_eq!(error.to_string(), "staking.unbondingEpochs: 1 to 1000 epochs");
    let shares = broken(|s| {
        s.params.fee_split = crate::FeeSplit { burned: Bps(8_000), creator: Bps(1_000), stakers: Bps(1_000) };
    });
    assert_eq!(shares, SpecError::FeeReceivers);
}

#[test]
fn parameters_of_jobs() {
    let error = broken(|s| s.escrow.job_time_s_min = 0);
    assert_eq!(error.to_string(), "escrow.jobTimeSMin: 1 to 86400 seconds");
    assert!(matches!(broken(|s| s.escrow.platform_fee = Bps(1)), SpecError::Escrow(_)));
}

#[test]
fn accounts_that_cannot_stand_in_a_first_state() {
    let check = |address: Address, account: GenesisAccount, expect: AccountProblem| {
        let error = broken(|s| {
            s.alloc.0.insert(address, account);
        });
        assert_eq!(error, SpecError::Account { address, problem: expect });
    };
    let somewhere = Address::repeat_byte(0x11);
    let code = |bytes: &[u8]| GenesisAccount { nonce: 1, code: Bytes::copy_from_slice(bytes), ..Default::default() };
    check(somewhere, GenesisAccount::default(), AccountProblem::Empty);
    check(somewhere, code(&[0; 24_577]), AccountProblem::CodeSize(24_577));
    check(somewhere, code(&[0xef, 0x00]), AccountProblem::CodePrefix);
    check(Address::with_last_byte(9), code(&[0x00]), AccountProblem::Reserved);
    check(Predeploy::Multicall3.address(), code(&[0x00]), AccountProblem::Predeployed(Predeploy::Multicall3));
    check(assay_abi::token_address(9), code(&[0x00]), AccountProblem::Reserved);
    let mut zero = code(&[0x00]);
    zero.storage.insert(B256::ZERO, B256::ZERO);
    check(somewhere, zero, AccountProblem::ZeroSlot(B256::ZERO));
}
