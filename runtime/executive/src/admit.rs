//! Admission: may a transaction wait in the mempool?

use crate::intrinsic::{INIT_CODE_BYTES_MAX, TX_GAS_LIMIT_MAX, intrinsic_gas};
use crate::{AdmitError, Executive, Reject};
use alloy_consensus::{Transaction as _, TxEnvelope};
use alloy_primitives::KECCAK256_EMPTY;
use assay_kernel::{AccountRecord, StateView};
use assay_primitives::{CheckedTx, ExecutionHeader};

impl Executive {
    /// Whether a transaction may ever be included after `parent`, whose state `view` is. Nonces above the sender's are
    /// admitted: the mempool queues them.
    ///
    /// # Errors
    /// `Rejected` is the answer to the sender; `Fault` is a fault of the view.
    pub fn admit(&self, view: &dyn StateView, parent: &ExecutionHeader, tx: &CheckedTx) -> Result<(), AdmitError> {
        self.admit_stateless(parent, tx)?;
        let account = view.account(tx.sender())?.unwrap_or_default();
        check_account(&account, tx)?;
        // EIP-3607; an account delegated by EIP-7702 still signs for itself.
        if account.code_hash != KECCAK256_EMPTY && !is_delegation(&view.code(account.code_hash)?) {
            return Err(Reject::SenderHasCode(tx.sender()).into());
        }
        Ok(())
    }

    /// The part of admission that needs no state.
    ///
    /// # Errors
    /// The rule that the transaction breaks.
    pub fn admit_stateless(&self, parent: &ExecutionHeader, tx: &CheckedTx) -> Result<(), Reject> {
        let envelope = tx.envelope();
        // Transactions from before EIP-155 carry no chain id; keyless deployments still use them.
        if let Some(got) = envelope.chain_id()
            && got != self.chain_id()
        {
            return Err(Reject::ChainId { expected: self.chain_id(), got });
        }
        let (max_fee, priority) = (envelope.max_fee_per_gas(), envelope.max_priority_fee_per_gas());
        if let Some(priority) = priority.filter(|priority| *priority > max_fee) {
            return Err(Reject::PriorityAboveMaxFee { priority, max_fee });
        }
        let base_fee = self.params().base_fee.min;
        if max_fee < u128::from(base_fee) {
            return Err(Reject::FeeTooLow { max_fee, base_fee });
        }
        let gas_limit = envelope.gas_limit();
        let max = parent.gas_limit.min(TX_GAS_LIMIT_MAX);
        if gas_limit > max {
            return Err(Reject::GasLimitTooHigh { gas_limit, max });
        }
        check_shape(envelope)?;
        let required = intrinsic_gas(envelope);
        if gas_limit < required {
            return Err(Reject::IntrinsicGas { gas_limit, required });
        }
        if envelope.nonce() == u64::MAX {
            return Err(Reject::NonceMax(envelope.nonce()));
        }
        Ok(())
    }
}

fn check_shape(envelope: &TxEnvelope) -> Result<(), Reject> {
    if envelope.is_eip4844() {
        return Err(Reject::Blob);
    }
    if envelope.is_eip7702() && envelope.authorization_list().is_none_or(<[_]>::is_empty) {
        return Err(Reject::EmptyAuthorizationList);
    }
    let size = envelope.input().len();
    if envelope.is_create() && size > INIT_CODE_BYTES_MAX {
        return Err(Reject::InitCodeTooLarge { size, max: INIT_CODE_BYTES_MAX });
    }
    Ok(())
}

fn check_account(account: &AccountRecord, tx: &CheckedTx) -> Result<(), Reject> {
    if tx.nonce() < account.nonce {
        return Err(Reject::NonceTooLow { expected: account.nonce, got: tx.nonce() });
    }
    let cost = tx.cost_max();
    if cost > account.balance {
        return Err(Reject::InsufficientFunds { balance: account.balance, cost });
    }
    Ok(())
}

/// EIP-7702's designator: 0xef0100 and an address.
pub(crate) fn is_delegation(code: &[u8]) -> bool {
    code.len() == 23 && code.starts_with(&[0xef, 0x01, 0x00])
}
