//! Calls, estimates, access lists.

use super::chain::{COIN, Chain, FEE_ADDRESS, Key, init_code};
use crate::{HaltReason, Reject, Simulation, SimulationError, TxStatus};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256};
use alloy_rpc_types_eth::state::{EvmOverrides, StateOverridesBuilder};
use alloy_rpc_types_eth::{AccessList, BlockOverrides, TransactionRequest};
use assay_genesis::Predeploy;
use assay_kernel::StateView as _;

const GAS_CAP: u64 = 50_000_000;
const SOMEBODY: Address = Address::repeat_byte(0x5b);

fn simulation<'a>(chain: &'a Chain, overrides: EvmOverrides) -> Simulation<'a> {
    let environment = chain.executive.environment_after(chain.parent.header());
    Simulation { view: &chain.state, environment, overrides, gas_cap: GAS_CAP }
}

fn to(address: Address) -> TransactionRequest {
    TransactionRequest { to: Some(address.into()), ..TransactionRequest::default() }
}

/// A chain on which account 0 has deployed these contracts, at its first addresses.
fn with_contracts(contracts: &[&[u8]]) -> (Chain, Vec<Address>) {
    let mut chain = Chain::new();
    let key = Key::new(0);
    let txs: Vec<_> = contracts.iter().enumerate().map(|(i, code)| key.create(i as u64, &init_code(code))).collect();
    let (executed, _) = chain.commit(&txs);
    assert!(executed.receipts.iter().all(|r| r.receipt.success));
    let addresses = (0..contracts.len()).map(|i| key.address().create(i as u64)).collect();
    (chain, addresses)
}

/// Returns one word: the value that `code` leaves on the stack.
fn word(chain: &Chain, code: &[u8], overrides: EvmOverrides) -> U256 {
    let mut full = code.to_vec();
    full.extend_from_slice(&[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]);
    let state = overrides.state.unwrap_or_default();
    let state = StateOverridesBuilder::new(state).with_code(SOMEBODY, full).build();
    let overrides = EvmOverrides { state: Some(state), block: overrides.block };
    let outcome = chain.executive.call(&simulation(chain, overrides), &to(SOMEBODY)).unwrap();
    assert_eq!(outcome.status, TxStatus::Success);
    U256::from_be_slice(&outcome.output)
}

#[test]
fn calls_see_the_block_they_are_made_in() {
    let mut chain = Chain::new();
    let (_, header) = chain.commit(&[]);
    let word = |opcode: u8, overrides| word(&chain, &[opcode], overrides);
    let none = EvmOverrides::default;
    assert_eq!(word(0x43, none()), U256::from(2));
    assert_eq!(word(0x42, none()), U256::from(header.timestamp));
    assert_eq!(word(0x46, none()), U256::from(31_337));
    assert_eq!(word(0x44, none()), U256::from_be_bytes(header.mix_hash.0));
    assert_eq!(word(0x41, none()), U256::from_be_slice(FEE_ADDRESS.as_slice()));
    let block = BlockOverrides {
        number: Some(U256::from(77)),
        time: Some(99),
        random: Some(B256::repeat_byte(3)),
        block_hash: Some([(76, B256::repeat_byte(4))].into()),
        ..BlockOverrides::default()
    };
    let overridden = || EvmOverrides::block(Some(Box::new(block.clone())));
    assert_eq!(word(0x43, overridden()), U256::from(77));
    assert_eq!(word(0x42, overridden()), U256::from(99));
    assert_eq!(word(0x44, overridden()), U256::from_be_bytes([3; 32]));
    let at = chain.executive.environment_at(&header);
    assert_eq!((at.number, at.base_fee), (1, header.base_fee_per_gas.unwrap()));
}

#[test]
fn block_hashes_come_from_the_chain_and_from_overrides() {
    let mut chain = Chain::new();
    let genesis = chain.parent.hash();
    chain.commit(&[]);
    // BLOCKHASH(0)
    let code = [0x5f, 0x40];
    assert_eq!(word(&chain, &code, EvmOverrides::default()), U256::from_be_bytes(genesis.0));
    let block = BlockOverrides { block_hash: Some([(0, B256::repeat_byte(4))].into()), ..BlockOverrides::default() };
    let overrides = EvmOverrides::block(Some(Box::new(block)));
    assert_eq!(word(&chain, &code, overrides), U256::from_be_bytes([4; 32]));
}

#[test]
fn calls_have_no_consequence_and_need_no_money() {
    let chain = Chain::new();
    let outcome = chain.executive.call(&simulation(&chain, EvmOverrides::default()), &to(SOMEBODY)).unwrap();
    assert!(outcome.is_success());
    let mut with_value = to(SOMEBODY);
    with_value.value = Some(U256::from(1));
    with_value.from = Some(Address::repeat_byte(0xaa));
    let poor = chain.executive.call(&simulation(&chain, EvmOverrides::default()), &with_value).unwrap();
    assert_eq!(poor.status, TxStatus::Halted(HaltReason::OutOfFunds));
    // Where a price is named, the sender must have that too.
    let priced = TransactionRequest { gas_price: Some(2_000_000_000), ..with_value.clone() };
    let poor = chain.executive.call(&simulation(&chain, EvmOverrides::default()), &priced);
    assert!(matches!(poor, Err(SimulationError::Rejected(Reject::InsufficientFunds { .. }))), "{poor:?}");
    let state = StateOverridesBuilder::default().with_balance(Address::repeat_byte(0xaa), U256::from(1)).build();
    assert!(chain.executive.call(&simulation(&chain, EvmOverrides::state(Some(state))), &with_value).is_ok());
}

#[test]
fn requests_that_contradict_themselves_are_refused() {
    let chain = Chain::new();
    let check = |edit: &dyn Fn(&mut TransactionRequest)| {
        let mut request = to(SOMEBODY);
        edit(&mut request);
        chain.executive.call(&simulation(&chain, EvmOverrides::default()), &request).unwrap_err().to_string()
    };
    assert!(check(&|r| r.chain_id = Some(1)).contains("chain id"));
    assert!(check(&|r| r.max_fee_per_blob_gas = Some(1)).contains("blob"));
    assert!(check(&|r| (r.gas_price, r.max_fee_per_gas) = (Some(1), Some(1))).contains("both gasPrice"));
    assert!(check(&|r| (r.max_priority_fee_per_gas, r.max_fee_per_gas) = (Some(2), Some(1))).contains("priority"));
    let mut twice = to(SOMEBODY);
    twice.input.input = Some(Bytes::from_static(&[1]));
    twice.input.data = Some(Bytes::from_static(&[2]));
    assert!(chain.executive.call(&simulation(&chain, EvmOverrides::default()), &twice).is_err());
}

#[test]
fn estimates_are_enough_and_hardly_more() {
    // SSTORE(0, CALLDATALOAD(0)); SSTORE(0, 0)
    let store = [0x5f, 0x35, 0x5f, 0x55];
    let clear = [0x5f, 0x5f, 0x55];
    // CALL(CALLDATALOAD(0)) with all gas; REVERT where it fails.
    let pass_on = [0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x35, 0x5a, 0xf1, 0x60, 0x0f, 0x57, 0x5f, 0x5f, 0xfd, 0x5b];
    // SSTORE(1, 1), SSTORE(2, 1), SSTORE(3, 1)
    let thrice = [0x60, 1, 0x60, 1, 0x55, 0x60, 1, 0x60, 2, 0x55, 0x60, 1, 0x60, 3, 0x55];
    let (mut chain, contracts) = with_contracts(&[&store, &clear, &pass_on, &thrice]);
    let key = Key::new(1);
    let mut nonce = 0;
    let mut check = |request: TransactionRequest| {
        let gas = chain.executive.estimate_gas(&simulation(&chain, EvmOverrides::default()), &request).unwrap();
        let tx = |gas_limit: u64, nonce: u64| {
            key.dynamic(|tx| {
                tx.nonce = nonce;
                tx.gas_limit = gas_limit;
                tx.to = request.to.unwrap_or(TxKind::Create);
                tx.input = request.input.input().cloned().unwrap_or_default();
            })
        };
        let (executed, _) = chain.commit(&[tx(gas, nonce)]);
        nonce += 1;
        assert!(executed.receipts[0].receipt.success, "{gas}");
        gas
    };
    assert_eq!(check(to(SOMEBODY)), 21_000);
    let mut request = to(contracts[0]);
    request.input = Bytes::from(B256::repeat_byte(1)).into();
    let stored = check(request);
    assert!((43_000..45_000).contains(&stored), "{stored}");
    let created = check(TransactionRequest {
        input: Bytes::from(init_code(&[0x00; 20])).into(),
        ..TransactionRequest::default()
    });
    assert!((57_000..60_000).contains(&created), "{created}");
    check(to(contracts[1]));
    let mut nested = to(contracts[2]);
    nested.input = Bytes::from(contracts[3].into_word()).into();
    let nested = check(nested);
    assert!((90_000..95_000).contains(&nested), "{nested}");
}

#[test]
fn estimates_that_cannot_succeed_say_why() {
    // REVERT(0, 4) with "oops" in memory; INVALID; an endless loop
    let revert = [0x63, b'o', b'o', b'p', b's', 0x60, 0xe0, 0x1b, 0x5f, 0x52, 0x60, 0x04, 0x5f, 0xfd];
    let (chain, contracts) = with_contracts(&[&revert, &[0xfe], &[0x5b, 0x5f, 0x56]]);
    let estimate = |request: &TransactionRequest| {
        chain.executive.estimate_gas(&simulation(&chain, EvmOverrides::default()), request).unwrap_err()
    };
    match estimate(&to(contracts[0])) {
        SimulationError::Reverted(data) => assert_eq!(data.as_ref(), b"oops"),
        other => panic!("{other}"),
    }
    assert!(matches!(estimate(&to(contracts[1])), SimulationError::Halted(_)));
    assert!(matches!(estimate(&to(contracts[2])), SimulationError::GasAllowance(cap) if cap == 1 << 24));
    let mut limited = to(SOMEBODY);
    limited.gas = Some(20_000);
    assert!(matches!(estimate(&limited), SimulationError::GasAllowance(20_000)));
    // Whoever names a price can only use the gas that the balance buys.
    let mut priced = to(contracts[2]);
    priced.from = Some(Key::new(1).address());
    priced.gas_price = Some(u128::from(COIN) / 100);
    assert!(matches!(estimate(&priced), SimulationError::GasAllowance(100_000)));
}

/// What tools do with the predeployed contracts, each through its published interface.
#[test]
fn the_predeployed_contracts_work() {
    let mut chain = Chain::new();
    let (genesis, key) = (chain.parent.hash(), Key::new(0));
    chain.commit(&[]);
    let call = |chain: &Chain, at: Predeploy, input: Vec<u8>| {
        let mut request = to(at.address());
        request.input = Bytes::from(input).into();
        let outcome = chain.executive.call(&simulation(chain, EvmOverrides::default()), &request).unwrap();
        assert!(outcome.is_success());
        outcome.output
    };
    // getChainId() of Multicall3
    let chain_id = call(&chain, Predeploy::Multicall3, vec![0x34, 0x08, 0xe4, 0x70]);
    assert_eq!(U256::from_be_slice(&chain_id), U256::from(31_337));
    let hash = call(&chain, Predeploy::HistoryStorage, B256::ZERO.to_vec());
    assert_eq!(hash.as_ref(), genesis.as_slice());
    // The proxy takes salt and init code.
    let (salt, init) = (B256::repeat_byte(7), init_code(&[0x60, 0x2a]));
    let input = [salt.as_slice(), &init].concat();
    let expected = Predeploy::Create2Proxy.address().create2_from_code(salt, &init);
    assert_eq!(call(&chain, Predeploy::Create2Proxy, input.clone()).as_ref(), expected.as_slice());
    let (executed, _) = chain.commit(&[key.call(0, Predeploy::Create2Proxy.address(), &input)]);
    assert!(executed.receipts[0].receipt.success);
    let code_hash = chain.state.account(expected).unwrap().unwrap().code_hash;
    assert_eq!(chain.state.code(code_hash).unwrap().as_ref(), [0x60, 0x2a]);
}

#[test]
fn access_lists_name_what_is_read_and_are_stable() {
    // SLOAD(5), then BALANCE of an address
    let mut code = vec![0x60, 0x05, 0x54, 0x50, 0x73];
    code.extend_from_slice(Address::repeat_byte(0xbb).as_slice());
    code.extend_from_slice(&[0x31, 0x50]);
    let (chain, contracts) = with_contracts(&[&code]);
    let found =
        chain.executive.create_access_list(&simulation(&chain, EvmOverrides::default()), &to(contracts[0])).unwrap();
    assert_eq!(found.error, None);
    let list: &AccessList = &found.access_list;
    let slots: Vec<_> = list.iter().filter(|i| i.address == contracts[0]).flat_map(|i| &i.storage_keys).collect();
    assert_eq!(slots, [&b256!("0x0000000000000000000000000000000000000000000000000000000000000005")]);
    assert!(list.iter().any(|item| item.address == Address::repeat_byte(0xbb)));
    assert!(found.gas_used > U256::from(21_000));
}
