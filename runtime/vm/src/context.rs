//! revm's context for our rules, blocks and requests.

use crate::database::{BlockState, DatabaseFault};
use crate::options::CallOptions;
use crate::{BlockEnvironment, ChainRules, Fork, TxRequest};
use alloy_eips::eip7702::{RecoveredAuthority, RecoveredAuthorization, SignedAuthorization};
use alloy_primitives::{U256, uint};
use assay_primitives::transaction::recover_sender;
use revm::context::either::Either;
use revm::context::result::EVMError;
use revm::context::{BlockEnv, CfgEnv, Context, Journal, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;

/// revm's context over the state of a block.
pub(crate) type VmContext<'a> = Context<BlockEnv, TxEnv, CfgEnv, BlockState<'a>, Journal<BlockState<'a>>, ()>;

/// Why revm gave up on a transaction.
pub(crate) type VmError = EVMError<DatabaseFault>;

/// Most blobs of a transaction where the rules do not say it.
const fn blobs_per_tx_max(fork: Fork) -> u64 {
    match fork {
        Fork::Prague => 9,
        _ => 6,
    }
}

pub(crate) fn cfg_env(rules: &ChainRules, options: CallOptions) -> CfgEnv {
    let mut cfg = CfgEnv::new().with_spec_and_mainnet_gas_params(rules.fork.spec()).with_chain_id(rules.chain_id);
    cfg.tx_chain_id_check = true;
    cfg.max_blobs_per_tx = Some(rules.blobs_per_tx_max.unwrap_or(blobs_per_tx_max(rules.fork)));
    cfg.blob_base_fee_update_fraction = rules.blob_base_fee_update_fraction;
    cfg.tx_gas_limit_cap = if options.check_gas_limit { rules.tx_gas_limit_cap } else { Some(u64::MAX) };
    cfg.disable_block_gas_limit = !options.check_gas_limit;
    cfg.disable_eip3541 = rules.native_code_rule;
    cfg.disable_eip3607 = !options.check_sender;
    cfg.disable_nonce_check = !options.check_nonce;
    cfg.disable_base_fee = !options.check_base_fee;
    cfg.disable_fee_charge = !options.charge_fees;
    cfg.disable_balance_check = !options.charge_fees;
    cfg
}

pub(crate) fn block_env(rules: &ChainRules, block: &BlockEnvironment) -> BlockEnv {
    let blob = (rules.fork >= Fork::Cancun).then(|| match rules.blob_base_fee_update_fraction {
        Some(fraction) => BlobExcessGasAndPrice::new(block.excess_blob_gas, fraction),
        None => BlobExcessGasAndPrice::new_with_spec(block.excess_blob_gas, rules.fork.spec()),
    });
    BlockEnv {
        number: U256::from(block.number),
        beneficiary: block.beneficiary,
        timestamp: U256::from(block.timestamp),
        gas_limit: block.gas_limit,
        basefee: block.base_fee,
        difficulty: block.difficulty,
        prevrandao: (rules.fork >= Fork::Paris).then_some(block.prevrandao),
        blob_excess_gas_and_price: blob,
        slot_num: 0,
    }
}

/// Recovers who signed an authorisation, with the same library as transactions; an invalid one is skipped by EIP-7702.
fn recover_authority(signed: &SignedAuthorization) -> RecoveredAuthorization {
    let authority = signed
        .signature()
        .ok()
        .and_then(|signature| recover_sender(&signature, signed.signature_hash()).ok())
        .map_or(RecoveredAuthority::Invalid, RecoveredAuthority::Valid);
    RecoveredAuthorization::new_unchecked(signed.inner().clone(), authority)
}

pub(crate) fn tx_env(request: &TxRequest, nonce: u64) -> TxEnv {
    TxEnv {
        tx_type: request.tx_type,
        caller: request.caller,
        gas_limit: request.gas_limit,
        gas_price: request.max_fee_per_gas,
        kind: request.kind,
        value: request.value,
        data: request.data.clone(),
        nonce,
        chain_id: request.chain_id,
        access_list: request.access_list.clone(),
        gas_priority_fee: request.max_priority_fee_per_gas,
        blob_hashes: request.blob_hashes.clone(),
        max_fee_per_blob_gas: request.max_fee_per_blob_gas,
        authorization_list: request.authorization_list.iter().map(|a| Either::Right(recover_authority(a))).collect(),
    }
}

/// Blob gas of one blob (EIP-4844).
pub(crate) const GAS_PER_BLOB: U256 = uint!(131_072_U256);
