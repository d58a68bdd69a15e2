//! revm's mainnet transaction, but for where the base fee goes.

use crate::context::{VmContext, VmError};
use crate::evm::AssayEvm;
use crate::rules::FeeSplit;
use alloy_primitives::U256;
use assay_primitives::Bps;
use revm::Inspector;
use revm::context::result::HaltReason;
use revm::context::{Block, Cfg, ContextTr, JournalTr, Transaction};
use revm::context_interface::journaled_state::account::JournaledAccountTr;
use revm::handler::{EvmTr, FrameResult, Handler};
use revm::inspector::InspectorHandler;
use revm::interpreter::Gas;
use revm::interpreter::interpreter::EthInterpreter;
use revm::primitives::hardfork::SpecId;
use std::marker::PhantomData;

/// How the fee of a transaction was divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fees {
    /// Base fee that ceased to exist.
    pub(crate) burned: U256,
    /// Base fee that the collector received.
    pub(crate) collected: U256,
    /// Priority fee that the beneficiary received.
    pub(crate) tip: U256,
}

impl Fees {
    /// Divides what `gas_used` cost at `price` of which `base_fee` is the base fee. Rounding favours burning, so that
    /// no wei appears.
    pub(crate) fn divide(split: FeeSplit, gas_used: u64, price: u128, base_fee: u64) -> Self {
        let gas_used = U256::from(gas_used);
        let base = U256::from(base_fee).saturating_mul(gas_used);
        let tip = U256::from(price.saturating_sub(u128::from(base_fee))).saturating_mul(gas_used);
        let kept = U256::from(Bps::WHOLE.get().saturating_sub(split.burned.get()));
        let collected = base.saturating_mul(kept).checked_div(U256::from(Bps::WHOLE.get())).unwrap_or_default();
        Self { burned: base.saturating_sub(collected), collected, tip }
    }
}

/// The handler of a transaction.
pub(crate) struct FeeHandler<'a, I> {
    split: FeeSplit,
    _evm: PhantomData<AssayEvm<'a, I>>,
}

impl<I> FeeHandler<'_, I> {
    pub(crate) const fn new(split: FeeSplit) -> Self {
        Self { split, _evm: PhantomData }
    }
}

impl<'a, I: Inspector<VmContext<'a>>> Handler for FeeHandler<'a, I> {
    type Evm = AssayEvm<'a, I>;
    type Error = VmError;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, evm: &mut Self::Evm, result: &mut FrameResult) -> Result<(), VmError> {
        let context = evm.ctx();
        if context.cfg.is_fee_charge_disabled() {
            return Ok(());
        }
        let fees = fees(context, self.split, result.gas());
        let beneficiary = context.block.beneficiary();
        // The beneficiary is touched even where it receives nothing: EIP-161 removes it then if it is empty.
        context.journal_mut().load_account_mut(beneficiary)?.incr_balance(fees.tip);
        if !fees.collected.is_zero() {
            let collector = self.split.collector.unwrap_or(beneficiary);
            context.journal_mut().load_account_mut(collector)?.incr_balance(fees.collected);
        }
        Ok(())
    }
}

fn fees(context: &VmContext<'_>, split: FeeSplit, gas: &Gas) -> Fees {
    let base_fee = if context.cfg.spec.is_enabled_in(SpecId::LONDON) { context.block.basefee() } else { 0 };
    let price = context.tx.effective_gas_price(u128::from(context.block.basefee()));
    Fees::divide(split, gas.used().saturating_sub(gas.reservoir()), price, base_fee)
}

impl<'a, I: Inspector<VmContext<'a>>> InspectorHandler for FeeHandler<'a, I> {
    type IT = EthInterpreter;
}
