//! A native module for tests: counts, fails, calls out in every way.

use alloy_primitives::{Address, Bytes, U256, address};
use alloy_sol_types::sol;
use assay_kernel::{CallError, CallStatus, Ctx, Entry, Host, Item, List, NativeCalls, calls, dispatch, revert};

pub const FIRST: Address = address!("0x00000000000000000000000000000000000a5501");
pub const SECOND: Address = address!("0x00000000000000000000000000000000000a5502");

const COUNT: Item<u64> = Item::new("test.count");
const CELLS: List<u64> = List::new("test.cells");

sol! {
    #[derive(Debug)]
    interface ITest {
        event Bumped(uint64 count);
        #[derive(PartialEq)]
        error Failed(string reason);

        function count() external view returns (uint64);
        function sneak() external view returns (uint64);
        function bump(uint64 by) external returns (uint64);
        function fail(string reason) external;
        function burn() external;
        function fill(uint64 cells) external;
        function deposit() external payable;
        function pay(address to, uint256 amount) external;
        function relay(address to, uint256 value, bytes data, bool bubble) external returns (bool success, bytes output);
        function peek(address to, bytes data) external view returns (bool success, bytes output);
        function bumpOther(address module) external;
        function gasLeft() external view returns (uint64);
        function broken() external;
    }
}

use ITest::{Bumped, Failed, bumpCall, bumpOtherCall, burnCall, countCall, depositCall, failCall, fillCall};

fn add(ctx: &mut Ctx<'_>, by: u64) -> Result<u64, CallError> {
    let count = COUNT.get_or_default(ctx)?.saturating_add(by);
    COUNT.set(ctx, &count)?;
    ctx.emit(&Bumped { count })?;
    Ok(count)
}

fn count(ctx: &mut Ctx<'_>, _: countCall) -> Result<u64, CallError> {
    COUNT.get_or_default(ctx)
}

fn sneak(ctx: &mut Ctx<'_>, _: ITest::sneakCall) -> Result<u64, CallError> {
    add(ctx, 1)
}

fn bump(ctx: &mut Ctx<'_>, call: bumpCall) -> Result<u64, CallError> {
    add(ctx, call.by)
}

fn fail(ctx: &mut Ctx<'_>, call: failCall) -> Result<ITest::failReturn, CallError> {
    add(ctx, 1)?;
    revert(Failed { reason: call.reason })
}

fn burn(ctx: &mut Ctx<'_>, _: burnCall) -> Result<ITest::burnReturn, CallError> {
    loop {
        add(ctx, 1)?;
    }
}

fn fill(ctx: &mut Ctx<'_>, call: fillCall) -> Result<ITest::fillReturn, CallError> {
    for cell in 0..call.cells {
        CELLS.push(ctx, &(cell + 1))?;
    }
    Ok(ITest::fillReturn {})
}

fn deposit(ctx: &mut Ctx<'_>, _: depositCall) -> Result<ITest::depositReturn, CallError> {
    add(ctx, 1)?;
    Ok(ITest::depositReturn {})
}

fn pay(ctx: &mut Ctx<'_>, call: ITest::payCall) -> Result<ITest::payReturn, CallError> {
    ctx.transfer(call.to, call.amount)?;
    Ok(ITest::payReturn {})
}

fn relay(ctx: &mut Ctx<'_>, call: ITest::relayCall) -> Result<ITest::relayReturn, CallError> {
    add(ctx, 1)?;
    if call.bubble {
        let output = ctx.call_or_bubble(call.to, call.value, call.data)?;
        return Ok(ITest::relayReturn { success: true, output });
    }
    let returned = ctx.call(call.to, call.value, call.data)?;
    Ok(ITest::relayReturn { success: returned.status == CallStatus::Success, output: returned.output })
}

fn peek(ctx: &mut Ctx<'_>, call: ITest::peekCall) -> Result<ITest::peekReturn, CallError> {
    let returned = ctx.static_call(call.to, call.data)?;
    Ok(ITest::peekReturn { success: returned.status == CallStatus::Success, output: returned.output })
}

fn bump_other(ctx: &mut Ctx<'_>, call: bumpOtherCall) -> Result<ITest::bumpOtherReturn, CallError> {
    ctx.act_for(call.module, |ctx| add(ctx, 1))?;
    Ok(ITest::bumpOtherReturn {})
}

fn gas_left(ctx: &mut Ctx<'_>, _: ITest::gasLeftCall) -> Result<u64, CallError> {
    Ok(ctx.gas_left())
}

fn broken(_: &mut Ctx<'_>, _: ITest::brokenCall) -> Result<ITest::brokenReturn, CallError> {
    Err(CallError::Fault(assay_primitives::Fault::storage("the disk is gone")))
}

pub const ENTRIES: &[Entry] = calls! {
    view(0) ITest::countCall => count,
    view(0) ITest::sneakCall => sneak,
    write(0) ITest::bumpCall => bump,
    write(0) ITest::failCall => fail,
    write(0) ITest::burnCall => burn,
    write(0) ITest::fillCall => fill,
    payable(0) ITest::depositCall => deposit,
    write(0) ITest::payCall => pay,
    payable(0) ITest::relayCall => relay,
    view(0) ITest::peekCall => peek,
    write(0) ITest::bumpOtherCall => bump_other,
    view(0) ITest::gasLeftCall => gas_left,
    write(0) ITest::brokenCall => broken,
};

/// Two modules with the same functions and separate state.
#[derive(Clone, Copy, Debug)]
pub struct TestModules;

impl NativeCalls for TestModules {
    fn addresses(&self) -> &[Address] {
        &[FIRST, SECOND]
    }

    fn call(&self, host: &mut dyn Host, input: &[u8]) -> Result<Bytes, CallError> {
        dispatch(host, ENTRIES, input)
    }
}

/// Slot of the counter.
pub fn count_slot() -> U256 {
    assay_kernel::storage::item_slot("test.count")
}
