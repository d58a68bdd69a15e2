//! Random calls of tokens and of staking.

use super::world::{ACTORS, Note, Op, SECOND_TOKEN, World, other_key, who};
use crate::tests::chain::{COIN, Key};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::staking::{IStaking as S, STAKING};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as T, INativeTokenFactory as F, TOKEN_FACTORY};
use assay_genesis::DEV_TOKEN;
use assay_token::{digest, domain_separator};

fn token(name: &'static str, by: usize, to: Address, call: &impl SolCall) -> Option<Op> {
    Some(Op::new(name, by, to, call))
}

fn stake(name: &'static str, by: usize, value: u64, call: &impl SolCall) -> Option<Op> {
    Some(Op { value, ..Op::new(name, by, STAKING, call) })
}

fn any_token(world: &mut World) -> Address {
    world.rng.of(&world.tokens.clone())
}

pub(super) fn transfer(world: &mut World) -> Option<Op> {
    let (by, to, value) = (world.actor(), who(world.actor()), world.amount());
    let value = if world.rng.chance(3) { U256::MAX } else { value };
    token("token.transfer", by, any_token(world), &T::transferCall { to, value })
}

/// Beyond what escrow's addresses were allowed at first, among actors.
pub(super) fn approve(world: &mut World) -> Option<Op> {
    let (by, spender, value) = (world.actor(), who(world.actor()), world.amount());
    let to = any_token(world);
    match world.rng.below(4) {
        0 => token("token.increaseAllowance", by, to, &T::increaseAllowanceCall { spender, increment: value }),
        1 => {
            let decrement = value / U256::from(64);
            token("token.decreaseAllowance", by, to, &T::decreaseAllowanceCall { spender, decrement })
        }
        _ => token("token.approve", by, to, &T::approveCall { spender, value }),
    }
}

pub(super) fn transfer_from(world: &mut World) -> Option<Op> {
    let (by, from, to, value) = (world.actor(), who(world.actor()), who(world.actor()), world.amount());
    let value = value / U256::from(64);
    token("token.transferFrom", by, any_token(world), &T::transferFromCall { from, to, value })
}

pub(super) fn issue(world: &mut World) -> Option<Op> {
    let (account, amount, at) = (who(world.actor()), world.amount(), any_token(world));
    let minter = world.rng.below(3) as usize;
    let owner = world.party(world.owner_of_token(at));
    match world.rng.below(10) {
        0 | 1 => {
            let call = T::configureMinterCall { minter: who(minter), minterAllowedAmount: amount * U256::from(10) };
            token("token.configureMinter", owner, at, &call)
        }
        2 if world.rng.chance(20) => {
            token("token.removeMinter", owner, at, &T::removeMinterCall { minter: who(minter) })
        }
        2..=4 => token("token.burn", minter, at, &T::burnCall { amount }),
        _ => token("token.mint", minter, at, &T::mintCall { to: account, amount }),
    }
}

/// Payees that a token refuses get credits; whoever is blocked is free again soon.
pub(super) fn control(world: &mut World) -> Option<Op> {
    let at = world.rng.of(&[DEFAULT_TOKEN, SECOND_TOKEN]);
    let owner = world.party(world.owner_of_token(at));
    let paused = world.view(at, &T::pausedCall {});
    if paused {
        return token("token.unpause", owner, at, &T::unpauseCall {});
    }
    let blocked = (1..ACTORS).map(who).find(|account| world.view(at, &T::isBlacklistedCall { account: *account }));
    match (blocked, world.rng.below(8)) {
        (Some(account), 1..) => token("token.unBlacklist", owner, at, &T::unBlacklistCall { account }),
        (_, 0) if at == SECOND_TOKEN => token("token.pause", owner, at, &T::pauseCall {}),
        _ => {
            let account = who(1 + world.rng.below(ACTORS as u64 - 1) as usize);
            token("token.blacklist", owner, at, &T::blacklistCall { account })
        }
    }
}

pub(super) fn ownership(world: &mut World) -> Option<Op> {
    let at = world.rng.of(&world.tokens.clone());
    let pending = world.view(at, &T::pendingOwnerCall {});
    if !pending.is_zero() {
        return token("token.acceptOwnership", world.party(pending), at, &T::acceptOwnershipCall {});
    }
    let new_owner = who(world.actor());
    let by = world.party(world.owner_of_token(at));
    token("token.transferOwnership", by, at, &T::transferOwnershipCall { newOwner: new_owner })
}

pub(super) fn create_token(world: &mut World) -> Option<Op> {
    if world.tokens.len() >= 6 {
        return None;
    }
    let decimals = world.rng.below(20) as u8;
    let call =
        F::createTokenCall { name: "Another".to_owned(), symbol: "A".to_owned(), decimals, owner: who(world.actor()) };
    token("token.createToken", world.actor(), TOKEN_FACTORY, &call)
}

/// A signature of an actor over a struct of the default token, rarely somebody else's.
fn signed(world: &mut World, signer: usize, text: &str, members: &[u8]) -> Bytes {
    let hash = keccak256([keccak256(text).as_slice(), members].concat());
    let digest = digest(domain_separator(DEV_TOKEN, 31_337, DEFAULT_TOKEN), hash);
    let signer = world.party(who(signer));
    Bytes::copy_from_slice(&Key::new(signer as u8).sign_hash(digest).as_bytes())
}

pub(super) fn authorized(world: &mut World) -> Option<Op> {
    let (from, to, by) = (world.actor(), world.actor(), world.actor());
    let (value, nonce) = (world.amount(), B256::from(U256::from(world.rng.below(100_000))));
    let ends = if world.rng.chance(4) { world.now } else { world.now + 1 };
    let (valid_after, valid_before) = (U256::from(world.now - 1), U256::from(ends));
    let receive = world.rng.chance(30);
    let name = if receive { "ReceiveWithAuthorization" } else { "TransferWithAuthorization" };
    let text =
        format!("{name}(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)");
    let members = (who(from), who(to), value, valid_after, valid_before, nonce).abi_encode();
    let signature = signed(world, from, &text, &members);
    let (from, payee) = (who(from), who(to));
    if receive {
        let by = world.party(payee);
        let call = T::receiveWithAuthorization_1Call {
            from,
            to: payee,
            value,
            validAfter: valid_after,
            validBefore: valid_before,
            nonce,
            signature,
        };
        return token("token.receiveWithAuthorization", by, DEFAULT_TOKEN, &call);
    }
    let call = T::transferWithAuthorization_1Call {
        from,
        to: payee,
        value,
        validAfter: valid_after,
        validBefore: valid_before,
        nonce,
        signature,
    };
    token("token.transferWithAuthorization", by, DEFAULT_TOKEN, &call)
}

pub(super) fn cancel(world: &mut World) -> Option<Op> {
    let (by, of) = (world.actor(), world.actor());
    let nonce = B256::from(U256::from(world.rng.below(100_000)));
    let text = "CancelAuthorization(address authorizer,bytes32 nonce)";
    let signature = signed(world, of, text, &(who(of), nonce).abi_encode());
    let call = T::cancelAuthorization_1Call { authorizer: who(of), nonce, signature };
    token("token.cancelAuthorization", by, DEFAULT_TOKEN, &call)
}

pub(super) fn permit(world: &mut World) -> Option<Op> {
    let (owner, spender, value) = (world.actor(), who(world.actor()), world.amount());
    let nonce: U256 = world.view(DEFAULT_TOKEN, &T::noncesCall { owner: who(owner) });
    let deadline = U256::from(world.now);
    let text = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
    let signature = signed(world, owner, text, &(who(owner), spender, value, nonce, deadline).abi_encode());
    let call = T::permit_1Call { owner: who(owner), spender, value, deadline, signature };
    token("token.permit", world.actor(), DEFAULT_TOKEN, &call)
}

fn operator(world: &mut World) -> usize {
    world.rng.of(&world.operators.clone())
}

/// The first validator makes the blocks: it stays.
fn other_operator(world: &mut World) -> Option<usize> {
    let operator = operator(world);
    (operator != 0).then_some(operator)
}

pub(super) fn create_validator(world: &mut World) -> Option<Op> {
    let by = 1 + world.rng.below(ACTORS as u64 - 1) as usize;
    if world.operators.contains(&by) && !world.rng.chance(5) {
        return None;
    }
    world.keys += 1;
    let keys = other_key(world.keys);
    let call = S::createValidatorCall { commission: world.rng.below(2_000) as u16, ..keys.creation(who(by)) };
    Some(Op { note: Note::Operator(by), ..stake("staking.createValidator", by, 2 * COIN, &call)? })
}

pub(super) fn activity(world: &mut World) -> Option<Op> {
    let by = other_operator(world)?;
    let known = world.view(STAKING, &S::validatorCall { operator: who(by) });
    match known.status {
        0 if world.rng.chance(10) => stake("staking.deactivate", by, 0, &S::deactivateCall {}),
        1 => stake("staking.activate", by, 0, &S::activateCall {}),
        2 => stake("staking.unjail", by, 0, &S::unjailCall {}),
        3 => stake("staking.activate", by, 0, &S::activateCall {}).filter(|_| world.rng.chance(5)),
        _ => None,
    }
}

pub(super) fn settings(world: &mut World) -> Option<Op> {
    let by = operator(world);
    let known = world.view(STAKING, &S::validatorCall { operator: who(by) });
    match world.rng.below(4) {
        0 => {
            let call = S::setFeeAddressCall { feeAddress: who(world.actor()) };
            stake("staking.setFeeAddress", by, 0, &call)
        }
        1 if by != 0 => {
            world.keys += 1;
            let keys = other_key(world.keys);
            let call = S::rotateConsensusKeyCall { publicKey: keys.public_key(), proof: keys.proof(who(by)) };
            stake("staking.rotateConsensusKey", by, 0, &call)
        }
        2 if by != 0 => {
            world.keys += 1;
            let secret = other_key(world.keys).randomness;
            let proof = secret.prove_possession(known.consensusAddress.as_slice());
            let proof = Bytes::copy_from_slice(proof.as_slice());
            let call = S::rotateRandomnessKeyCall { randomnessKey: secret.public(), proof };
            stake("staking.rotateRandomnessKey", by, 0, &call)
        }
        _ => {
            let commission = known.commission.saturating_add(world.rng.below(150) as u16);
            stake("staking.setCommission", by, 0, &S::setCommissionCall { commission })
        }
    }
}

pub(super) fn delegate(world: &mut World) -> Option<Op> {
    let operator = who(operator(world));
    let value = if world.rng.chance(4) { 0 } else { COIN / 10 + world.rng.below(COIN) };
    stake("staking.delegate", world.actor(), value, &S::delegateCall { operator })
}

pub(super) fn undelegate(world: &mut World) -> Option<Op> {
    let (by, at) = (world.actor(), operator(world));
    let held = world.view(STAKING, &S::delegationCall { operator: who(at), delegator: who(by) });
    if held.shares.is_zero() || by == 0 && at == 0 {
        return None;
    }
    let shares = held.shares * U256::from(1 + world.rng.below(105)) / U256::from(100);
    let note = Note::Undelegated(at, by, world.epoch());
    Some(Op { note, ..stake("staking.undelegate", by, 0, &S::undelegateCall { operator: who(at), shares })? })
}

pub(super) fn withdraw(world: &mut World) -> Option<Op> {
    let index = world.rng.below(world.undelegated.len() as u64) as usize;
    let (operator, by, epoch) = *world.undelegated.get(index)?;
    if world.unbonding_due(epoch) > world.epoch() && !world.rng.chance(2) {
        return None;
    }
    world.undelegated.swap_remove(index);
    if world.rng.chance(30) {
        let call = S::redelegateCall { operator: who(operator), epoch, to: who(self::operator(world)) };
        return stake("staking.redelegate", by, 0, &call);
    }
    stake("staking.withdraw", by, 0, &S::withdrawCall { operator: who(operator), epoch })
}

pub(super) fn rewards(world: &mut World) -> Option<Op> {
    let (by, at) = (world.actor(), operator(world));
    if world.rng.chance(30) {
        return stake("staking.withdrawCommission", at, 0, &S::withdrawCommissionCall {});
    }
    stake("staking.withdrawRewards", by, 0, &S::withdrawRewardsCall { operator: who(at) })
}

pub(super) fn bond_agent(world: &mut World) -> Option<Op> {
    let (agent, owner) = world.agent()?;
    let role = if world.rng.chance(15) { 1 + world.rng.below(2) as u8 } else { 0 };
    let call = S::bondAgentCall { agentId: agent, role };
    let value = COIN / 10 + world.rng.below(100_000);
    Some(Op { note: Note::Bonded(agent), ..stake("staking.bondAgent", world.party(owner), value, &call)? })
}

pub(super) fn bonds(world: &mut World) -> Option<Op> {
    let (agent, _) = world.bonded_agent()?;
    let bond = world.view(STAKING, &S::agentBondCall { agentId: agent, role: 0 });
    let by = world.party(bond.payer);
    let free = bond.amount.saturating_sub(bond.locked).saturating_sub(bond.unbonding);
    let due = bond.unbonding > U256::ZERO && bond.dueEpoch <= world.epoch();
    if due {
        return stake("staking.withdrawAgentBond", by, 0, &S::withdrawAgentBondCall { agentId: agent, role: 0 });
    }
    if world.view_owner(agent) != bond.owner || world.rng.chance(4) {
        return stake("staking.confirmAgentBond", by, 0, &S::confirmAgentBondCall { agentId: agent, role: 0 });
    }
    if bond.unbonding > U256::ZERO && !world.rng.chance(3) {
        return None;
    }
    let amount = free * U256::from(world.rng.below(103)) / U256::from(100);
    stake("staking.unbondAgent", by, 0, &S::unbondAgentCall { agentId: agent, role: 0, amount })
}
