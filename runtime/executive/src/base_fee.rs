//! The base fee of the next block (EIP-1559), with a floor.

use crate::Executive;
use assay_genesis::Params;
use assay_primitives::ExecutionHeader;

impl Executive {
    /// Base fee per gas of the block after `parent`, in wei.
    pub fn next_base_fee(&self, parent: &ExecutionHeader) -> u64 {
        let current = parent.base_fee_per_gas.unwrap_or(self.params().base_fee.initial);
        base_fee_after(current, parent.gas_used, parent.gas_limit, self.params())
    }
}

/// EIP-1559's update: up or down by at most one part in `denominator`, in proportion to the distance of `gas_used` from
/// the target; at least 1 up, never below the floor. The arithmetic saturates at the largest number, a fee nobody can
/// pay.
pub(crate) fn base_fee_after(current: u64, gas_used: u64, gas_limit: u64, params: &Params) -> u64 {
    let rule = &params.base_fee;
    let target = gas_limit.checked_div(rule.elasticity).unwrap_or(gas_limit).max(1);
    let step = |distance: u64| {
        let product = u128::from(current).saturating_mul(u128::from(distance));
        let divisor = u128::from(target).saturating_mul(u128::from(rule.denominator));
        u64::try_from(product.checked_div(divisor).unwrap_or(0)).unwrap_or(u64::MAX)
    };
    let next = if gas_used > target {
        current.saturating_add(step(gas_used.saturating_sub(target)).max(1))
    } else {
        current.saturating_sub(step(target.saturating_sub(gas_used)))
    };
    next.max(rule.min)
}
