//! Our executor against revm's own machine and its own state, on random programs over several transactions, under
//! every fork: results, gas, logs, and the state that the changes lead to.

use super::assembler::Assembler;
use super::support::SENDER;
use crate::{BlockEnvironment, ChainRules, Executor, Fork, TransactError, TxRequest};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use assay_kernel::{AccountRecord, MemoryState, NoNatives, StateView};
use proptest::prelude::*;
use revm::bytecode::{Bytecode, opcode as op};
use revm::context::Context;
use revm::database::{CacheState, EmptyDB, State};
use revm::state::AccountInfo;
use revm::{ExecuteCommitEvm, MainBuilder, MainContext};
use std::collections::BTreeMap;

const CONTRACTS: u8 = 3;

/// Stores 1 at slot 0 and deploys a contract that destroys itself in favour of its caller.
const INIT: [u8; 16] = [0x60, 1, 0x60, 0, 0x55, 0x61, 0x33, 0xff, 0x60, 0, 0x52, 0x60, 2, 0x60, 0x1e, 0xf3];

fn contract(index: u8) -> Address {
    Address::with_last_byte(0xc0 + index % CONTRACTS)
}

fn child(index: u8) -> Address {
    contract(index).create2(B256::ZERO, keccak256(INIT))
}

#[derive(Clone, Debug)]
enum Snippet {
    Store(u64, u64),
    StoreSum(u64, u64),
    Call(u8, u8, u64),
    CallChild(u8),
    Create(u64),
    Destroy(u8),
    Transient(u64),
    Log,
    Revert,
    Invalid,
}

fn snippet() -> impl Strategy<Value = Snippet> {
    prop_oneof![
        4 => (0..4u64, 0..3u64).prop_map(|(slot, value)| Snippet::Store(slot, value)),
        2 => (0..4u64, 0..4u64).prop_map(|(from, to)| Snippet::StoreSum(from, to)),
        4 => (0..4u8, 0..5u8, 0..3u64).prop_map(|(kind, to, value)| Snippet::Call(kind, to, value)),
        2 => (0..CONTRACTS).prop_map(Snippet::CallChild),
        2 => (0..2u64).prop_map(Snippet::Create),
        1 => (0..CONTRACTS).prop_map(Snippet::Destroy),
        1 => (0..2u64).prop_map(Snippet::Transient),
        1 => Just(Snippet::Log),
        1 => Just(Snippet::Revert),
        1 => Just(Snippet::Invalid),
    ]
}

fn assemble(code: Assembler, snippet: &Snippet) -> Assembler {
    match snippet {
        Snippet::Store(slot, value) => code.push(*value).push(*slot).ops(&[op::SSTORE]),
        Snippet::StoreSum(from, to) => {
            code.push(*from).ops(&[op::SLOAD]).push(1).ops(&[op::ADD]).push(*to).ops(&[op::SSTORE])
        }
        Snippet::Call(kind, to, value) => {
            let opcode = [op::CALL, op::CALLCODE, op::DELEGATECALL, op::STATICCALL][usize::from(*kind)];
            let code = code.push(0).push(0).push(0).push(0);
            let code = if *kind < 2 { code.push(*value) } else { code };
            // Beyond the contracts: a precompile and nobody.
            let to =
                if *to < CONTRACTS { contract(*to) } else { Address::with_last_byte(4 + 0xa0 * (*to - CONTRACTS)) };
            code.push_bytes(to.as_slice()).push(60_000).ops(&[opcode, op::POP])
        }
        Snippet::CallChild(of) => {
            let code = code.push(0).push(0).push(0).push(0).push(1);
            code.push_bytes(child(*of).as_slice()).push(60_000).ops(&[op::CALL, op::POP])
        }
        Snippet::Create(value) => {
            let code = code.push_bytes(&INIT).push(0).ops(&[op::MSTORE]);
            code.push(0).push(16).push(16).push(*value).ops(&[op::CREATE2, op::POP])
        }
        Snippet::Destroy(to) => code.push_bytes(contract(*to).as_slice()).ops(&[op::SELFDESTRUCT]),
        Snippet::Transient(slot) => {
            let code = code.push(*slot).ops(&[op::TLOAD]).push(1).ops(&[op::ADD]).push(*slot).ops(&[op::TSTORE]);
            code.push(*slot).ops(&[op::TLOAD]).push(3).ops(&[op::SSTORE])
        }
        Snippet::Log => code.push(7).push(0).push(0).ops(&[op::LOG1]),
        Snippet::Revert => code.push(0).push(0).ops(&[op::REVERT]),
        Snippet::Invalid => code.ops(&[op::INVALID]),
    }
}

#[derive(Clone, Debug)]
struct Case {
    fork: Fork,
    programs: Vec<Vec<Snippet>>,
    targets: Vec<(u8, u64)>,
    slots: Vec<(u8, u64, u64)>,
}

fn case() -> impl Strategy<Value = Case> {
    let fork = prop::sample::select(vec![
        Fork::Frontier,
        Fork::Homestead,
        Fork::Tangerine,
        Fork::SpuriousDragon,
        Fork::Byzantium,
        Fork::Petersburg,
        Fork::Istanbul,
        Fork::Berlin,
        Fork::London,
        Fork::Paris,
        Fork::Shanghai,
        Fork::Cancun,
        Fork::Prague,
        Fork::Osaka,
    ]);
    let programs = prop::collection::vec(prop::collection::vec(snippet(), 1..7), usize::from(CONTRACTS));
    let targets = prop::collection::vec((0..5u8, 0..3u64), 1..5);
    let slots = prop::collection::vec((0..CONTRACTS, 0..4u64, 1..3u64), 0..5);
    (fork, programs, targets, slots).prop_map(|(fork, programs, targets, slots)| Case {
        fork,
        programs,
        targets,
        slots,
    })
}

fn before(case: &Case) -> MemoryState {
    let mut state = MemoryState::default();
    state.set_account(SENDER, AccountRecord { balance: U256::from(u64::MAX), ..AccountRecord::default() });
    for (index, program) in (0u8..).zip(&case.programs) {
        let code = program.iter().fold(Assembler::default(), assemble).build();
        let code_hash = state.set_code(Bytes::from(code));
        state.set_account(contract(index), AccountRecord { nonce: 1, balance: U256::from(5), code_hash });
    }
    for (index, slot, value) in &case.slots {
        state.set_storage(contract(*index), U256::from(*slot), U256::from(*value));
    }
    state
}

fn requests(case: &Case) -> Vec<TxRequest> {
    (0u64..)
        .zip(&case.targets)
        .map(|(nonce, (to, value))| TxRequest {
            caller: SENDER,
            kind: TxKind::Call(if *to < CONTRACTS { contract(*to) } else { child(*to - CONTRACTS) }),
            value: U256::from(*value),
            gas_limit: 400_000,
            max_fee_per_gas: 3,
            nonce: Some(nonce),
            ..TxRequest::default()
        })
        .collect()
}

fn environment() -> BlockEnvironment {
    BlockEnvironment { base_fee: 0, beneficiary: Address::with_last_byte(0xfe), ..BlockEnvironment::default() }
}

/// revm's own state after its own machine ran, and what each transaction returned.
fn oracle(case: &Case, state: &MemoryState) -> (CacheState, Vec<(bool, u64, Vec<alloy_primitives::Log>)>) {
    let mut cache = CacheState::new();
    for (address, account) in state.accounts() {
        let code = state.code(account.code_hash).unwrap();
        let info = AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            code: Some(Bytecode::new_raw(code)),
            ..AccountInfo::default()
        };
        let slots = state.slots(address).map(|(slot, value)| (*slot, *value)).collect();
        cache.insert_account_with_storage(*address, info, slots);
    }
    let db = State::builder().with_database(EmptyDB::new()).with_cached_prestate(cache).with_bundle_update().build();
    let rules = ChainRules::ethereum(case.fork, 1);
    let context = Context::mainnet()
        .with_cfg(crate::context::cfg_env(&rules, crate::CallOptions::STRICT))
        .with_block(crate::context::block_env(&rules, &environment()))
        .with_db(db);
    let mut evm = context.build_mainnet();
    let mut results = Vec::new();
    for request in requests(case) {
        let result = evm.transact_commit(crate::context::tx_env(&request, request.nonce.unwrap())).unwrap();
        let logs = if result.is_success() { result.logs().to_vec() } else { Vec::new() };
        results.push((result.is_success(), result.gas().tx_gas_used(), logs));
    }
    (evm.ctx.journaled_state.database.cache, results)
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let mut state = before(case);
    let (cache, expected) = oracle(case, &state);
    let rules = ChainRules::ethereum(case.fork, 1);
    let mut executor = Executor::new(&state, rules, environment(), &NoNatives);
    for (request, expected) in requests(case).iter().zip(expected) {
        let outcome = executor.transact(request).map_err(|e: TransactError| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!((outcome.is_success(), outcome.gas_used, outcome.logs), expected);
    }
    let changes = executor.finish();
    let named = changes.accounts.iter().all(|(address, change)| {
        change.wiped
            || change.account != state.account(*address).unwrap()
            || change.slots.iter().any(|(slot, value)| state.storage(*address, *slot).unwrap() != *value)
    });
    prop_assert!(named, "a change changes nothing");
    state.apply(&changes);
    let ordered: BTreeMap<_, _> = cache.accounts.iter().collect();
    for (address, theirs) in ordered {
        let info = theirs.account_info();
        let record = info.as_ref().map(|info| AccountRecord {
            nonce: info.nonce,
            balance: info.balance,
            code_hash: info.code_hash,
        });
        prop_assert_eq!(state.account(*address).unwrap(), record, "{}", address);
        for slot in (0..4).map(U256::from) {
            let value = theirs.storage_slot(slot).unwrap_or_default();
            prop_assert_eq!(state.storage(*address, slot).unwrap(), value, "{} {}", address, slot);
        }
        if let Some(record) = record {
            state.code(record.code_hash).unwrap();
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn ours_is_revms(case in case()) {
        check(&case)?;
    }
}
