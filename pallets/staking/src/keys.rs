//! Proofs of possession: nobody registers a key that is not its own.

use crate::state::{KEY_OWNERS, RANDOMNESS_OWNERS};
use alloy_primitives::{Address, B256, FixedBytes};
use assay_abi::staking::{IStaking, POSSESSION_PREFIX, STAKING};
use assay_kernel::{CallError, Ctx, revert};
use assay_primitives::{ConsensusAddress, vrf};
use ed25519_consensus::{Signature, VerificationKey};
use sha2::{Digest as _, Sha256};

/// Gas of verifying an Ed25519 signature.
const ED25519_GAS: u64 = 3_000;
/// Gas of verifying a schnorrkel signature.
const SCHNORRKEL_GAS: u64 = 4_000;

/// Address of a consensus key: the first 20 bytes of its SHA-256, as in Tendermint.
pub fn consensus_address(public_key: B256) -> ConsensusAddress {
    let digest = Sha256::digest(public_key);
    ConsensusAddress(Address::from_slice(digest.get(..20).unwrap_or(&[0; 20])))
}

/// What a consensus key signs to prove that an operator may register it on a chain.
pub fn possession_message(chain_id: u64, operator: Address) -> Vec<u8> {
    [POSSESSION_PREFIX, &chain_id.to_be_bytes(), STAKING.as_slice(), operator.as_slice()].concat()
}

/// Takes a consensus key for an operator, for ever; its address.
///
/// # Errors
/// `Reverted(InvalidProof)`, `Reverted(KeyUsed)`.
pub(crate) fn register_consensus(
    ctx: &mut Ctx<'_>,
    operator: Address,
    public_key: B256,
    proof: &[u8],
) -> Result<ConsensusAddress, CallError> {
    ctx.charge(ED25519_GAS)?;
    let message = possession_message(ctx.environment().chain_id, operator);
    let key = VerificationKey::try_from(public_key.0);
    let is_own = match (key, Signature::try_from(proof)) {
        (Ok(key), Ok(signature)) => key.verify(&signature, &message).is_ok(),
        _ => false,
    };
    if !is_own {
        return revert(IStaking::InvalidProof {});
    }
    let address = consensus_address(public_key);
    if KEY_OWNERS.get(ctx, &address.0)?.is_some() {
        return revert(IStaking::KeyUsed {});
    }
    KEY_OWNERS.set(ctx, &address.0, &operator)?;
    Ok(address)
}

/// Takes a randomness key for an operator, for ever. The proof is over the address of its consensus key.
///
/// # Errors
/// `Reverted(InvalidProof)`, `Reverted(KeyUsed)`.
pub(crate) fn register_randomness(
    ctx: &mut Ctx<'_>,
    operator: Address,
    key: B256,
    consensus: ConsensusAddress,
    proof: &[u8],
) -> Result<(), CallError> {
    ctx.charge(SCHNORRKEL_GAS)?;
    let proof = FixedBytes::<64>::try_from(proof).unwrap_or_default();
    if vrf::verify_possession(key, consensus.0.as_slice(), &proof).is_err() {
        return revert(IStaking::InvalidProof {});
    }
    take_randomness(ctx, operator, key)
}

/// As [`register_randomness`], for a proof that was verified before.
///
/// # Errors
/// `Reverted(KeyUsed)`.
pub(crate) fn take_randomness(ctx: &mut Ctx<'_>, operator: Address, key: B256) -> Result<(), CallError> {
    if RANDOMNESS_OWNERS.get(ctx, &key)?.is_some() {
        return revert(IStaking::KeyUsed {});
    }
    RANDOMNESS_OWNERS.set(ctx, &key, &operator)
}
