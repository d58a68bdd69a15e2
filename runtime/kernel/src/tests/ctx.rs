//! Static frames, the lock, and acting for other modules.

use crate::memory_host::MemoryHost;
use crate::storage::Item;
use crate::{CallError, CallReturn, CallStatus, Ctx, Halt, Reverted};
use alloy_primitives::{Address, Bytes, U256, address, uint};
use alloy_sol_types::sol;
use assay_abi::errors::{InsufficientBalance, Reentrant};

const PALLET: Address = address!("0x00000000000000000000000000000000000a5501");
const OTHER: Address = address!("0x00000000000000000000000000000000000a5502");
const STRANGER: Address = address!("0x0000000000000000000000000000000000000bad");
const COUNT: Item<u64> = Item::new("test.count");

sol! {
    event Counted(uint64 count);
}

fn reverted<E: alloy_sol_types::SolError>(error: CallError, with: &E) {
    assert!(matches!(error, CallError::Reverted(reverted) if reverted == Reverted::with(with)));
}

#[test]
fn static_frames_refuse_write_log_and_value() {
    let mut host = MemoryHost::new(PALLET);
    host.set_balance(PALLET, uint!(5_U256));
    host.frame_mut().is_static = true;
    type Work = fn(&mut Ctx<'_>) -> Result<(), CallError>;
    let writes: [Work; 6] = [
        |ctx| COUNT.set(ctx, &1),
        |ctx| ctx.emit(&Counted { count: 1 }),
        |ctx| ctx.transfer(STRANGER, U256::ONE),
        |ctx| ctx.call(STRANGER, U256::ONE, Bytes::new()).map(|_| ()),
        |ctx| ctx.act_for(OTHER, |ctx| COUNT.set(ctx, &1)),
        |ctx| ctx.create_native(STRANGER).map(|_| ()),
    ];
    for write in writes {
        assert!(matches!(host.run(write), Err(CallError::Halted(Halt::StaticWrite))));
    }
    assert_eq!(host.run(|ctx| COUNT.get(ctx)).unwrap(), None);
    host.run(|ctx| ctx.call(STRANGER, U256::ZERO, Bytes::new())).unwrap();
}

#[test]
fn acting_for_another_module_uses_its_state_and_name() {
    let mut host = MemoryHost::new(PALLET);
    host.run(|ctx| {
        ctx.act_for(OTHER, |ctx| {
            assert_eq!(ctx.address(), OTHER);
            COUNT.set(ctx, &7)?;
            ctx.emit(&Counted { count: 7 })
        })?;
        assert_eq!(COUNT.get(ctx)?, None);
        assert_eq!(ctx.view_of(OTHER, |ctx| COUNT.get(ctx))?, Some(7));
        assert!(matches!(ctx.view_of(OTHER, |ctx| COUNT.set(ctx, &8)), Err(CallError::Halted(Halt::StaticWrite))));
        Ok(())
    })
    .unwrap();
    assert_eq!(host.logs()[0].address, OTHER);
}

#[test]
fn modules_are_locked_while_they_call_out_and_only_then() {
    let mut host = MemoryHost::new(PALLET);
    host.set_callee(STRANGER, |host, _| {
        host.frame_mut().address = OTHER;
        let mine = host.run(|ctx| ctx.check_unlocked(PALLET));
        let through_api = host.run(|ctx| ctx.act_for(PALLET, |ctx| COUNT.set(ctx, &1)));
        let free = host.run(|ctx| ctx.act_for(OTHER, |_| Ok(())));
        reverted(mine.unwrap_err(), &Reentrant {});
        reverted(through_api.unwrap_err(), &Reentrant {});
        free.unwrap();
        CallReturn { status: CallStatus::Success, output: Bytes::new() }
    });
    host.run(|ctx| {
        ctx.call(STRANGER, U256::ZERO, Bytes::new())?;
        ctx.check_unlocked(PALLET)
    })
    .unwrap();
}

#[test]
fn a_call_out_inside_an_api_locks_both_modules() {
    let mut host = MemoryHost::new(PALLET);
    host.set_callee(STRANGER, |host, _| {
        for module in [PALLET, OTHER] {
            reverted(host.run(|ctx| ctx.check_unlocked(module)).unwrap_err(), &Reentrant {});
        }
        CallReturn { status: CallStatus::Success, output: Bytes::new() }
    });
    host.run(|ctx| ctx.act_for(OTHER, |ctx| ctx.call(STRANGER, U256::ZERO, Bytes::new()))).unwrap();
}

#[test]
fn failures_of_a_callee_bubble_only_where_asked() {
    let mut host = MemoryHost::new(PALLET);
    host.set_callee(STRANGER, |_, _| CallReturn {
        status: CallStatus::Reverted,
        output: Bytes::from_static(b"\x01\x02\x03\x04why"),
    });
    let kept = host.run(|ctx| ctx.call(STRANGER, U256::ZERO, Bytes::new())).unwrap();
    assert_eq!(kept.status, CallStatus::Reverted);
    let error = host.run(|ctx| ctx.call_or_bubble(STRANGER, U256::ZERO, Bytes::new())).unwrap_err();
    let CallError::Reverted(reverted) = error else { panic!("{error}") };
    assert_eq!(reverted.selector, [1, 2, 3, 4]);
    assert_eq!(reverted.data.as_ref(), b"\x01\x02\x03\x04why");
}

#[test]
fn a_transfer_beyond_the_balance_reverts() {
    let mut host = MemoryHost::new(PALLET);
    host.set_balance(PALLET, uint!(5_U256));
    host.run(|ctx| ctx.transfer(STRANGER, uint!(3_U256))).unwrap();
    let error = host.run(|ctx| ctx.transfer(STRANGER, uint!(3_U256))).unwrap_err();
    reverted(error, &InsufficientBalance {});
}
