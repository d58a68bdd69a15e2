//! One test of a file: its pre-state, and each variant of its transaction under each fork.

use super::{Options, Verdict};
use crate::memory_root;
use crate::natives::NativeModules;
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use assay_kernel::{AccountRecord, MemoryState, NativeCalls, NoNatives};
use assay_primitives::NetworkKind;
use assay_vm::{BlockEnvironment, ChainRules, Executor, Fork, TransactError, TxRequest};
use revm_statetest_types::{AccountInfo, Test, TestUnit, recover_address};
use std::collections::BTreeMap;
use std::str::FromStr as _;

/// How far back BLOCKHASH sees.
const BLOCK_HASHES: u64 = 256;

/// Runs all cases of a test: fork, variant, verdict.
pub(super) fn run_unit(unit: &TestUnit, options: &Options) -> Vec<(String, usize, Verdict)> {
    let state = pre_state(unit);
    let mut cases = Vec::new();
    for (spec, variants) in &unit.post {
        let name = format!("{spec:?}");
        let fork = Fork::from_str(&name);
        for (variant, test) in variants.iter().enumerate() {
            let verdict = match &fork {
                Ok(fork) if options.fork.is_some_and(|only| only != *fork) => {
                    Verdict::Skip("another fork than asked for".to_owned())
                }
                Ok(fork) => run_case(unit, test, *fork, &state, options.native),
                Err(_) => Verdict::Skip(format!("fork {name}")),
            };
            cases.push((name.clone(), variant, verdict));
        }
    }
    cases
}

fn pre_state(unit: &TestUnit) -> MemoryState {
    let accounts: BTreeMap<&Address, &AccountInfo> = unit.pre.iter().collect();
    let mut state = MemoryState::default();
    for (address, info) in accounts {
        let code_hash = state.set_code(info.code.clone());
        state.set_account(*address, AccountRecord { nonce: info.nonce, balance: info.balance, code_hash });
        let slots: BTreeMap<&U256, &U256> = info.storage.iter().collect();
        for (slot, value) in slots {
            state.set_storage(*address, *slot, *value);
        }
    }
    // By the format's convention the hash of a block is that of its number in decimal.
    let number = u64::try_from(unit.env.current_number).unwrap_or_default();
    for earlier in number.saturating_sub(BLOCK_HASHES)..number {
        state.set_block_hash(earlier, keccak256(earlier.to_string()));
    }
    state
}

fn run_case(unit: &TestUnit, test: &Test, fork: Fork, state: &MemoryState, native: bool) -> Verdict {
    let environment = match environment(unit) {
        Ok(environment) => environment,
        Err(reason) => return Verdict::Skip(reason.to_owned()),
    };
    let request = match request(unit, test) {
        Ok(request) => request,
        Err(_) if test.expect_exception.is_some() => return Verdict::Pass,
        Err(reason) => return Verdict::Fail(reason.to_owned()),
    };
    let chain_id = unit.env.current_chain_id.and_then(|id| u64::try_from(id).ok()).unwrap_or(1);
    let mut rules = ChainRules::ethereum(fork, chain_id);
    // The 0xEF rule widens EIP-3541, which London brought.
    rules.native_code_rule = native && fork >= Fork::London;
    let modules = NativeModules::of_network(NetworkKind::Main);
    let natives: &dyn NativeCalls = if native { &modules } else { &NoNatives };

    let mut executor = Executor::new(state, rules, environment, natives);
    let outcome = match (executor.transact(&request), &test.expect_exception) {
        (Ok(outcome), None) => outcome,
        (Ok(_), Some(expected)) => return Verdict::Fail(format!("executed, but {expected} was expected")),
        (Err(TransactError::Invalid(_)), Some(_)) => return Verdict::Pass,
        (Err(error), _) => return Verdict::Fail(format!("not executed: {error}")),
    };
    let logs_hash = keccak256(alloy_rlp::encode(&outcome.logs));
    if logs_hash != test.logs {
        return Verdict::Fail(format!("logs hash {logs_hash}, expected {}", test.logs));
    }
    let root = root_after(state, executor);
    if root != test.hash {
        return Verdict::Fail(format!("state root {root}, expected {}", test.hash));
    }
    Verdict::Pass
}

fn root_after(state: &MemoryState, executor: Executor<'_>) -> B256 {
    let mut after = state.clone();
    after.apply(&executor.finish());
    memory_root(&after)
}

fn environment(unit: &TestUnit) -> Result<BlockEnvironment, &'static str> {
    let env = &unit.env;
    let small = |value: U256| u64::try_from(value).map_err(|_| "a block number or time over 64 bits");
    Ok(BlockEnvironment {
        number: small(env.current_number)?,
        timestamp: small(env.current_timestamp)?,
        beneficiary: env.current_coinbase,
        gas_limit: u64::try_from(env.current_gas_limit).unwrap_or(u64::MAX),
        base_fee: u64::try_from(env.current_base_fee.unwrap_or_default()).unwrap_or(u64::MAX),
        prevrandao: env.current_random.unwrap_or_default(),
        difficulty: env.current_difficulty,
        excess_blob_gas: u64::try_from(env.current_excess_blob_gas.unwrap_or_default()).unwrap_or(u64::MAX),
    })
}

/// The transaction of a variant.
fn request(unit: &TestUnit, test: &Test) -> Result<TxRequest, &'static str> {
    let parts = &unit.transaction;
    let indexes = &test.indexes;
    let secret = parts.secret_key.ok_or("no key: the signature is meant to be invalid")?;
    let recovered = || recover_address(secret.as_slice());
    let caller = parts.sender.or_else(recovered).ok_or("the secret key is no key")?;
    let tx_type = parts.tx_type(indexes.data).ok_or("no transaction type allows these fields")?;
    let fee = parts.gas_price.or(parts.max_fee_per_gas).unwrap_or_default();
    let data = parts.data.get(indexes.data).ok_or("no data at the variant's index")?;
    let gas = parts.gas_limit.get(indexes.gas).ok_or("no gas limit at the variant's index")?;
    let value = parts.value.get(indexes.value).ok_or("no value at the variant's index")?;
    let access_list = parts.access_lists.get(indexes.data).cloned().flatten().unwrap_or_default();
    let fee_per_blob_gas = parts.max_fee_per_blob_gas.unwrap_or_default();
    let authorizations = parts.authorization_list.clone().unwrap_or_default();
    Ok(TxRequest {
        tx_type: tx_type as u8,
        caller,
        kind: parts.to.map_or(TxKind::Create, TxKind::Call),
        value: *value,
        data: data.clone(),
        gas_limit: u64::try_from(*gas).unwrap_or(u64::MAX),
        max_fee_per_gas: u128::try_from(fee).unwrap_or(u128::MAX),
        max_priority_fee_per_gas: parts.max_priority_fee_per_gas.map(|fee| u128::try_from(fee).unwrap_or(u128::MAX)),
        nonce: Some(u64::try_from(parts.nonce).map_err(|_| "a nonce over 64 bits")?),
        chain_id: Some(parts.chain_id.map_or(1, |id| u64::try_from(id).unwrap_or(u64::MAX))),
        access_list,
        authorization_list: authorizations.into_iter().map(Into::into).collect(),
        blob_hashes: parts.blob_versioned_hashes.clone(),
        max_fee_per_blob_gas: u128::try_from(fee_per_blob_gas).unwrap_or(u128::MAX),
    })
}
