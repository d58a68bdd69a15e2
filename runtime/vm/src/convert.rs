//! From revm's results and errors to ours.

use crate::context::{GAS_PER_BLOB, VmContext, VmError};
use crate::handler::Fees;
use crate::outcome::{HaltReason, InvalidTx, TransactError, TxOutcome, TxStatus};
use crate::rules::FeeSplit;
use alloy_primitives::U256;
use assay_primitives::Fault;
use revm::context::result::{ExecutionResult, HaltReason as VmHalt, InvalidTransaction, Output};
use revm::context::{Block, Cfg, Transaction};
use revm::primitives::hardfork::SpecId;

impl From<VmHalt> for HaltReason {
    fn from(halt: VmHalt) -> Self {
        match halt {
            VmHalt::OutOfGas(_) => Self::OutOfGas,
            VmHalt::OpcodeNotFound | VmHalt::NotActivated => Self::InvalidOpcode,
            VmHalt::InvalidFEOpcode => Self::InvalidFe,
            VmHalt::InvalidJump => Self::InvalidJump,
            VmHalt::StackUnderflow => Self::StackUnderflow,
            VmHalt::StackOverflow => Self::StackOverflow,
            VmHalt::OutOfOffset => Self::ReturnDataOutOfBounds,
            VmHalt::CreateCollision => Self::CreateCollision,
            VmHalt::PrecompileError | VmHalt::PrecompileErrorWithContext(_) => Self::Precompile,
            VmHalt::NonceOverflow => Self::NonceOverflow,
            VmHalt::CreateContractSizeLimit => Self::CodeSize,
            VmHalt::CreateContractStartingWithEF => Self::CodeStartsWithEf,
            VmHalt::CreateInitCodeSizeLimit => Self::InitCodeSize,
            VmHalt::StateChangeDuringStaticCall | VmHalt::CallNotAllowedInsideStatic => Self::StaticWrite,
            VmHalt::OverflowPayment | VmHalt::OutOfFunds => Self::OutOfFunds,
            VmHalt::CallTooDeep => Self::CallTooDeep,
        }
    }
}

/// The outcome of a transaction that was executed in `context`.
pub(crate) fn outcome(context: &VmContext<'_>, split: FeeSplit, result: ExecutionResult) -> TxOutcome {
    let gas = *result.gas();
    let base_fee = if context.cfg.spec.is_enabled_in(SpecId::LONDON) { context.block.basefee() } else { 0 };
    let price = context.tx.effective_gas_price(u128::from(context.block.basefee()));
    let gas_used = gas.tx_gas_used();
    let (mut burned, mut tip) = (U256::ZERO, U256::ZERO);
    if !context.cfg.is_fee_charge_disabled() {
        let fees = Fees::divide(split, gas_used, price, base_fee);
        let blobs = U256::from(context.tx.blob_hashes.len()).saturating_mul(GAS_PER_BLOB);
        let blob_price = U256::from(context.block.blob_gasprice().unwrap_or_default());
        burned = fees.burned.saturating_add(blobs.saturating_mul(blob_price));
        tip = fees.tip;
    }
    let (status, output, created, logs) = match result {
        ExecutionResult::Success { output: Output::Call(output), logs, .. } => (TxStatus::Success, output, None, logs),
        ExecutionResult::Success { output: Output::Create(output, created), logs, .. } => {
            (TxStatus::Success, output, created, logs)
        }
        ExecutionResult::Revert { output, .. } => (TxStatus::Reverted, output, None, Vec::new()),
        ExecutionResult::Halt { reason, .. } => (TxStatus::Halted(reason.into()), Default::default(), None, Vec::new()),
    };
    TxOutcome {
        status,
        output,
        gas_used,
        gas_refunded: gas.final_refunded(),
        logs,
        created,
        effective_gas_price: price,
        burned,
        tip,
    }
}

/// The error of a transaction of type `tx_type` that was not executed.
pub(crate) fn transact_error(error: VmError, tx_type: u8) -> TransactError {
    match error {
        VmError::Transaction(invalid) => TransactError::Invalid(invalid_tx(invalid, tx_type)),
        VmError::Database(fault) => TransactError::Fault(fault.0),
        VmError::Header(header) => TransactError::Fault(Fault::invariant(header.to_string())),
        VmError::Custom(what) => TransactError::Fault(Fault::invariant(what)),
        VmError::CustomAny(what) => TransactError::Fault(Fault::invariant(what.to_string())),
    }
}

fn invalid_tx(invalid: InvalidTransaction, tx_type: u8) -> InvalidTx {
    use InvalidTransaction as I;
    match invalid {
        I::NonceTooLow { tx, state } => InvalidTx::NonceTooLow { expected: state, got: tx },
        I::NonceTooHigh { tx, state } => InvalidTx::NonceTooHigh { expected: state, got: tx },
        I::NonceOverflowInTransaction => InvalidTx::NonceMax,
        I::LackOfFundForMaxFee { fee, balance } => InvalidTx::InsufficientFunds { balance: *balance, cost: *fee },
        I::OverflowPaymentInTransaction => InvalidTx::CostOverflow,
        I::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
            InvalidTx::IntrinsicGas { required: initial_gas, limit: gas_limit }
        }
        I::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
            InvalidTx::FloorGas { required: gas_floor, limit: gas_limit }
        }
        I::TxGasLimitGreaterThanCap { gas_limit, cap } => InvalidTx::GasLimitCap { limit: gas_limit, cap },
        I::CallerGasLimitMoreThanBlock => InvalidTx::BlockGasLimit,
        I::GasPriceLessThanBasefee => InvalidTx::FeeCapBelowBaseFee,
        I::PriorityFeeGreaterThanMaxFee => InvalidTx::TipAboveFeeCap,
        I::RejectCallerWithCode => InvalidTx::SenderHasCode,
        I::CreateInitCodeSizeLimit => InvalidTx::InitCodeSize,
        I::InvalidChainId => InvalidTx::ChainId,
        I::MissingChainId => InvalidTx::MissingChainId,
        I::MaxFeePerBlobGasNotSupported => InvalidTx::Blob("a blob fee cap without blobs"),
        I::BlobVersionedHashesNotSupported => InvalidTx::Blob("blob hashes in another type"),
        I::BlobGasPriceGreaterThanMax { .. } => InvalidTx::Blob("the blob fee cap is below the blob base fee"),
        I::EmptyBlobs => InvalidTx::Blob("no blobs"),
        I::BlobCreateTransaction => InvalidTx::Blob("it creates a contract"),
        I::TooManyBlobs { .. } => InvalidTx::Blob("too many blobs"),
        I::BlobVersionNotSupported => InvalidTx::Blob("unknown version of a blob hash"),
        I::EmptyAuthorizationList => InvalidTx::SetCode("no authorisations"),
        I::AuthorizationListInvalidFields => InvalidTx::SetCode("it creates a contract or has blob fields"),
        I::AuthorizationListNotSupported
        | I::AccessListNotSupported
        | I::Eip2930NotSupported
        | I::Eip1559NotSupported
        | I::Eip4844NotSupported
        | I::Eip7702NotSupported
        | I::Eip7873NotSupported
        | I::Eip7873MissingTarget
        | I::Str(_) => InvalidTx::TypeNotSupported(tx_type),
    }
}
