//! A court for tests: whoever asks decides. Evaluator and hook of its jobs, as the real one is.

use crate::natives::NativeModule;
use alloy_primitives::{Address, B256, FixedBytes, U256};
use alloy_sol_types::sol;
use assay_abi::escrow::{COURT, HOOK_INTERFACE, IACPHook as H};
use assay_escrow::api;
use assay_kernel::{CallError, Ctx, Entry, Pallet, calls};

sol! {
    interface ICourt {
        function hold(uint64 job, bool held) external;
        function decide(uint64 job, bool good) external;
    }
}

struct Court;

pub(super) fn module() -> NativeModule {
    NativeModule::of::<Court>("court for tests").without_block_work()
}

impl Pallet for Court {
    const ADDRESS: Address = COURT;

    fn entries() -> &'static [Entry] {
        calls! {
            view(100) H::supportsInterfaceCall => supports,
            write(100) H::beforeActionCall => before,
            write(100) H::afterActionCall => after,
            write(100) ICourt::holdCall => hold,
            write(100) ICourt::decideCall => decide,
        }
    }
}

fn supports(_: &mut Ctx<'_>, call: H::supportsInterfaceCall) -> Result<bool, CallError> {
    Ok([FixedBytes([0x01, 0xff, 0xc9, 0xa7]), FixedBytes(HOOK_INTERFACE)].contains(&call.interfaceId))
}

fn before(_: &mut Ctx<'_>, _: H::beforeActionCall) -> Result<H::beforeActionReturn, CallError> {
    Ok(H::beforeActionReturn {})
}

fn after(_: &mut Ctx<'_>, _: H::afterActionCall) -> Result<H::afterActionReturn, CallError> {
    Ok(H::afterActionReturn {})
}

fn hold(ctx: &mut Ctx<'_>, call: ICourt::holdCall) -> Result<ICourt::holdReturn, CallError> {
    api::hold(ctx, call.job, call.held)?;
    Ok(ICourt::holdReturn {})
}

fn decide(ctx: &mut Ctx<'_>, call: ICourt::decideCall) -> Result<ICourt::decideReturn, CallError> {
    let reason = B256::from(U256::from(call.job));
    if call.good {
        api::complete(ctx, call.job, reason, "opml")?
    } else {
        api::reject(ctx, call.job, reason)?
    }
    Ok(ICourt::decideReturn {})
}
