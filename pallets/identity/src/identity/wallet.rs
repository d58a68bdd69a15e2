//! `setAgentWallet` and `unsetAgentWallet`: the account that an agent pays and is paid with, proven by its signature.

use super::access::check_caller;
use super::mint::{WALLET_KEY, emit_metadata};
use super::state::WALLETS;
use super::views::{DOMAIN_NAME, DOMAIN_VERSION};
use crate::error::require;
use crate::params::WALLET_DEADLINE_S_MAX;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct as _, sol};
use assay_abi::identity::IIdentityRegistry as abi;
use assay_kernel::{CallError, Ctx};
use std::borrow::Cow;

sol! {
    /// What a new wallet signs (EIP-712). There is no nonce: it can be repeated until the deadline, to the same effect.
    struct AgentWalletSet {
        /// The agent.
        uint256 agentId;
        /// The signer.
        address newWallet;
        /// The owner of the agent at that time.
        address owner;
        /// Last second in which the proof is taken.
        uint256 deadline;
    }
}

/// Words hashed for a digest: domain (5), struct (5), two type strings (5) and the digest itself (3).
const DIGEST_BYTES: usize = 18 * 32;

/// The EIP-712 digest of a wallet's proof at a registry.
pub fn digest(registry: Address, chain_id: u64, proof: &AgentWalletSet) -> B256 {
    let domain = Eip712Domain::new(
        Some(Cow::Borrowed(DOMAIN_NAME)),
        Some(Cow::Borrowed(DOMAIN_VERSION)),
        Some(U256::from(chain_id)),
        Some(registry),
        None,
    );
    proof.eip712_signing_hash(&domain)
}

/// `setAgentWallet(uint256,address,uint256,bytes)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | "Not authorized" | "bad wallet" | "expired" | "deadline too far" |
/// "invalid wallet sig")`.
pub fn set_agent_wallet(
    ctx: &mut Ctx<'_>,
    call: abi::setAgentWalletCall,
) -> Result<abi::setAgentWalletReturn, CallError> {
    let owner = check_caller(ctx, call.agentId)?;
    require(call.newWallet != Address::ZERO, "bad wallet")?;
    let environment = ctx.environment();
    require(U256::from(environment.timestamp) <= call.deadline, "expired")?;
    let latest = environment.timestamp.saturating_add(WALLET_DEADLINE_S_MAX);
    require(call.deadline <= U256::from(latest), "deadline too far")?;
    let (agent, wallet) = (call.agentId, call.newWallet);
    let proof = AgentWalletSet { agentId: agent, newWallet: wallet, owner, deadline: call.deadline };
    ctx.charge(assay_kernel::gas::hash(DIGEST_BYTES))?;
    let digest = digest(ctx.address(), environment.chain_id, &proof);
    require(ctx.is_signed_by(wallet, digest, &call.signature)?, "invalid wallet sig")?;

    WALLETS.set(ctx, &agent, &wallet)?;
    emit_metadata(ctx, agent, WALLET_KEY, Bytes::copy_from_slice(wallet.as_slice()))?;
    Ok(abi::setAgentWalletReturn {})
}

/// `unsetAgentWallet(uint256)`.
///
/// # Errors
/// `Reverted(ERC721NonexistentToken | "Not authorized")`.
pub fn unset_agent_wallet(
    ctx: &mut Ctx<'_>,
    call: abi::unsetAgentWalletCall,
) -> Result<abi::unsetAgentWalletReturn, CallError> {
    check_caller(ctx, call.agentId)?;

    clear(ctx, call.agentId)?;
    Ok(abi::unsetAgentWalletReturn {})
}

/// Removes the wallet of an agent and says so, whether or not it had one.
///
/// # Errors
/// `Halted`, `Fault`.
pub fn clear(ctx: &mut Ctx<'_>, agent: U256) -> Result<(), CallError> {
    WALLETS.remove(ctx, &agent)?;
    emit_metadata(ctx, agent, WALLET_KEY, Bytes::new())
}
