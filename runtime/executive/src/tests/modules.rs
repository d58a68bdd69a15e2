//! The mechanism of native modules around a block, proven with a test-only module.

use super::chain::{Chain, Key, spec};
use crate::natives::{NativeModule, NativeModules};
use crate::{BlockError, SYSTEM_ADDRESS, memory_root};
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::{SolCall as _, SolEvent as _, sol};
use assay_kernel::{CallError, Ctx, Halt, Host, Item, Pallet, StateView as _, calls};
use assay_primitives::TxKind2718;
use assay_primitives::transaction::{raw_hash, system_transaction};

const COUNTER: Address = address!("0x000000000000000000000000000000000000A55a");
const LATER: Address = address!("0x000000000000000000000000000000000000a55B");

sol! {
    function count() external returns (uint64 calls);
    event Counted(uint64 indexed calls);
    event Later();
}

/// Calls of the running block -> one number, deleted at its end.
const CALLS: Item<u64> = Item::new("counter/calls");
/// Blocks begun -> one number.
const BLOCKS: U256 = U256::from_limbs([77, 0, 0, 0]);

/// Counts calls; at the end of a block with calls it logs their number and starts again.
struct Counter;

impl Pallet for Counter {
    const ADDRESS: Address = COUNTER;

    fn entries() -> &'static [assay_kernel::Entry] {
        calls! { write(100) countCall => count }
    }

    fn end_block(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        assert_eq!(ctx.caller(), SYSTEM_ADDRESS);
        let calls = CALLS.get_or_default(ctx)?;
        if calls > 0 {
            CALLS.remove(ctx)?;
            ctx.emit(&Counted { calls })?;
        }
        Ok(())
    }
}

fn count(ctx: &mut Ctx<'_>, _call: countCall) -> Result<u64, CallError> {
    let calls = CALLS.get_or_default(ctx)? + 1;
    CALLS.set(ctx, &calls)?;
    Ok(calls)
}

fn begin(host: &mut dyn Host) -> Result<Bytes, CallError> {
    let mut ctx = Ctx::new(host);
    let blocks = ctx.sload(BLOCKS)? + U256::from(1);
    ctx.sstore(BLOCKS, blocks)?;
    Ok(Bytes::new())
}

/// Logs at the end of block 2.
struct AfterIt;

impl Pallet for AfterIt {
    const ADDRESS: Address = LATER;

    fn entries() -> &'static [assay_kernel::Entry] {
        &[]
    }

    fn end_block(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        if ctx.environment().number == 2 { ctx.emit(&Later {}) } else { Ok(()) }
    }
}

fn fail(_host: &mut dyn Host) -> Result<Bytes, CallError> {
    Err(Halt::OutOfGas.into())
}

fn counter() -> NativeModule {
    NativeModule { begin_block: Some(begin), ..NativeModule::of::<Counter>("counter") }
}

fn modules() -> NativeModules {
    NativeModules::new(vec![counter(), NativeModule::of::<AfterIt>("after it")])
}

#[test]
fn module_accounts_survive_and_their_logs_make_a_system_transaction() {
    let mut chain = Chain::with(spec(), modules());
    let account = chain.state.account(COUNTER).unwrap().unwrap();
    assert_eq!(account.nonce, 1);
    assert_eq!(chain.state.code(account.code_hash).unwrap().as_ref(), [0xfe]);

    // Nothing called: no system transaction, but the block is counted.
    let (executed, _) = chain.commit(&[]);
    assert!(executed.transactions.is_empty());
    assert_eq!(chain.state.storage(COUNTER, BLOCKS).unwrap(), U256::from(1));

    let (key, count) = (Key::new(0), countCall {}.abi_encode());
    let (executed, header) = chain.commit(&[key.call(0, COUNTER, &count), key.call(1, COUNTER, &count)]);
    let left: Vec<_> = chain.state.slots(&COUNTER).collect();
    assert_eq!(left, [(&BLOCKS, &U256::from(2))]);
    assert_eq!(executed.transactions.len(), 3);
    let raw = system_transaction(2);
    assert_eq!(executed.transactions[2], raw);
    let last = &executed.receipts[2];
    assert_eq!((last.tx_hash, last.sender, last.gas_used), (raw_hash(&raw), SYSTEM_ADDRESS, 0));
    assert_eq!(last.receipt.tx_type, TxKind2718::System as u8);
    assert!(last.receipt.success);
    assert_eq!(last.receipt.cumulative_gas_used, executed.gas_used);
    // In the order of the list: the counter's log first.
    let addresses: Vec<_> = last.receipt.logs.iter().map(|log| log.address).collect();
    assert_eq!(addresses, [COUNTER, LATER]);
    assert_eq!(last.receipt.logs[0].topics(), [Counted::SIGNATURE_HASH, B256::with_last_byte(2)]);
    assert!(header.logs_bloom.contains_raw_log(COUNTER, last.receipt.logs[0].topics()));
    assert_eq!(header.state_root, memory_root(&chain.state));
    assert_eq!(header.transactions_root, executed.transactions_root());
}

#[test]
fn builder_and_execution_agree_with_modules_too() {
    let chain = Chain::with(spec(), modules());
    let count = countCall {}.abi_encode();
    let txs = [Key::new(0).call(0, COUNTER, &count), Key::new(1).call(0, COUNTER, &count)];
    let mut builder = chain.executive.build(&chain.state, &chain.parent, chain.payload()).unwrap();
    for tx in &txs {
        builder.push(tx).unwrap();
    }
    let (block, built) = builder.finish().unwrap();
    // The system transaction is no item of the ordering block: everybody derives it.
    assert_eq!(block.transactions().len(), 2);
    let executed = chain.executive.execute_block(&chain.state, &chain.parent, &block, &txs).unwrap();
    assert_eq!(built, executed);
    assert_eq!(executed.transactions.len(), 3);
}

#[test]
fn block_work_that_fails_stops_the_node() {
    let broken = NativeModule { end_block: Some(fail), ..counter() };
    let chain = Chain::with(spec(), NativeModules::new(vec![broken]));
    assert!(matches!(chain.execute(&[]), Err(BlockError::Fault(_))));
}

/// Reads the counter's number, as a module does through another's api.
fn read_counter(host: &mut dyn Host) -> Result<Bytes, CallError> {
    let mut ctx = Ctx::new(host);
    let calls = ctx.view_of(COUNTER, |ctx| CALLS.get_or_default(ctx))?;
    ctx.emit(&Counted { calls }).map(|()| Bytes::new())
}

#[test]
fn a_module_reads_another_modules_state_at_the_end_of_a_block() {
    let reader = NativeModule { end_block: Some(read_counter), ..NativeModule::of::<AfterIt>("reader") };
    let silent = NativeModule { end_block: None, ..counter() };
    let mut chain = Chain::with(spec(), NativeModules::new(vec![silent, reader]));
    let count = countCall {}.abi_encode();
    let (executed, _) = chain.commit(&[Key::new(0).call(0, COUNTER, &count)]);
    assert_eq!(executed.receipts[1].receipt.logs[0].topics()[1], B256::with_last_byte(1));
    // With nobody calling, the counter's account is read by nobody but the reader.
    let (executed, _) = chain.commit(&[]);
    assert_eq!(executed.receipts[0].receipt.logs[0].topics()[1], B256::with_last_byte(1));
}
