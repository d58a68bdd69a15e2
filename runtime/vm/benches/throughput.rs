//! Transactions per second of one thread: transfers, and calls of a native module.
//!
//! `vm/<workload>/txs=1000` executes one block of 1,000 transactions over a state in memory and takes its changes.

use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use alloy_sol_types::{SolCall, sol};
use assay_kernel::{AccountRecord, CallError, Ctx, Entry, Host, Map, MemoryState, NativeCalls, calls, dispatch};
use assay_primitives::{Bps, NetworkKind};
use assay_vm::{BlockEnvironment, ChainRules, Executor, FeeSplit, TxRequest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const TXS: u64 = 1_000;
const LEDGER: Address = address!("0x00000000000000000000000000000000000a5501");
const BALANCES: Map<Address, U256> = Map::new("bench.balances");

sol! {
    interface ILedger {
        event Moved(address indexed from, address indexed to, uint256 amount);
        function move(address to, uint256 amount) external;
    }
}

fn move_amount(ctx: &mut Ctx<'_>, call: ILedger::moveCall) -> Result<ILedger::moveReturn, CallError> {
    let from = ctx.caller();
    let left = BALANCES.get_or_default(ctx, &from)?.saturating_sub(call.amount);
    let held = BALANCES.get_or_default(ctx, &call.to)?.saturating_add(call.amount);
    BALANCES.set(ctx, &from, &left)?;
    BALANCES.set(ctx, &call.to, &held)?;
    ctx.emit(&ILedger::Moved { from, to: call.to, amount: call.amount })?;
    Ok(ILedger::moveReturn {})
}

const ENTRIES: &[Entry] = calls! { write(0) ILedger::moveCall => move_amount };

struct Ledger;

impl NativeCalls for Ledger {
    fn addresses(&self) -> &[Address] {
        &[LEDGER]
    }

    fn call(&self, host: &mut dyn Host, input: &[u8]) -> Result<Bytes, CallError> {
        dispatch(host, ENTRIES, input)
    }
}

fn sender(index: u64) -> Address {
    Address::from_word(U256::from(0x5e0d_0000u64.saturating_add(index)).into())
}

fn state() -> MemoryState {
    let mut state = MemoryState::default();
    for index in 0..TXS {
        let balance = U256::from(u64::MAX);
        state.set_account(sender(index), AccountRecord { balance, ..AccountRecord::default() });
        let slot = assay_kernel::storage::map_slot("bench.balances", &sender(index));
        state.set_storage(LEDGER, slot, U256::from(1_000_000));
    }
    let code_hash = state.set_code(Bytes::from_static(&[0xfe]));
    state.set_account(LEDGER, AccountRecord { nonce: 1, code_hash, balance: U256::ZERO });
    state
}

fn request(index: u64, to: Address, value: u64, data: Vec<u8>) -> TxRequest {
    TxRequest {
        tx_type: 2,
        caller: sender(index),
        kind: TxKind::Call(to),
        value: U256::from(value),
        data: data.into(),
        gas_limit: 200_000,
        max_fee_per_gas: 100,
        max_priority_fee_per_gas: Some(1),
        nonce: Some(0),
        chain_id: Some(31_337),
        ..TxRequest::default()
    }
}

fn run(state: &MemoryState, requests: &[TxRequest]) -> usize {
    let rules = ChainRules::assay(31_337, NetworkKind::Dev, FeeSplit { burned: Bps(10_000), collector: None });
    let block = BlockEnvironment { base_fee: 7, ..BlockEnvironment::default() };
    let mut executor = Executor::new(state, rules, block, &Ledger);
    let succeeded =
        requests.iter().filter(|request| executor.transact(request).is_ok_and(|outcome| outcome.is_success())).count();
    assert_eq!(succeeded, requests.len(), "every transaction of the bench succeeds");
    executor.finish().accounts.len()
}

fn throughput(criterion: &mut Criterion) {
    let state = state();
    let receiver = |index: u64| sender(index.saturating_add(1).checked_rem(TXS).unwrap_or_default());
    let transfers: Vec<TxRequest> = (0..TXS).map(|index| request(index, receiver(index), 1, Vec::new())).collect();
    let moves: Vec<TxRequest> = (0..TXS)
        .map(|index| {
            let call = ILedger::moveCall { to: receiver(index), amount: U256::from(5) };
            request(index, LEDGER, 0, call.abi_encode())
        })
        .collect();
    let mut group = criterion.benchmark_group("vm");
    group.throughput(Throughput::Elements(TXS)).sample_size(20);
    group.bench_function("transfer/txs=1000", |bencher| bencher.iter(|| run(&state, &transfers)));
    group.bench_function("native_move/txs=1000", |bencher| bencher.iter(|| run(&state, &moves)));
    group.finish();
}

criterion_group!(benches, throughput);
criterion_main!(benches);
