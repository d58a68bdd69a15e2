//! Staking inside of blocks: the set of each height, evidence, absence, fees and issuance.

use super::chain::{COIN, Chain, Key, spec, validator};
use crate::{Executed, SYSTEM_ADDRESS, Simulation};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolEvent as _};
use assay_abi::staking::{IStaking, POSSESSION_PREFIX, STAKING};
use assay_genesis::{ChainSpec, consensus_address};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{
    Bps, CommitSignature, ConsensusAddress, Evidence, Height, LateVote, Round, SystemPayload, ValidatorSet,
};
use ed25519_consensus::SigningKey;

const EPOCH: u64 = 8;

/// Short epochs; account 0 owns the validator.
fn staking_spec() -> ChainSpec {
    let mut spec = spec();
    spec.staking.epoch_length = EPOCH;
    spec.staking.unbonding_epochs = 13;
    spec.staking.downtime_window = 20;
    spec.staking.jail_heights = 10;
    spec.validators[0].operator = Some(Key::new(0).address());
    spec
}

/// Keys of another validator than the chain's own.
pub(super) struct Other {
    signing: SigningKey,
    pub(super) randomness: RandomnessSecret,
}

impl Other {
    pub(super) fn new(byte: u8) -> Self {
        Self { signing: SigningKey::from([byte; 32]), randomness: RandomnessSecret::from_seed([byte; 32]).unwrap() }
    }

    pub(super) fn public_key(&self) -> B256 {
        B256::from(self.signing.verification_key().to_bytes())
    }

    fn address(&self) -> ConsensusAddress {
        consensus_address(self.public_key())
    }

    pub(super) fn proof(&self, operator: Address) -> Bytes {
        let message = [POSSESSION_PREFIX, &31_337u64.to_be_bytes(), STAKING.as_slice(), operator.as_slice()].concat();
        Bytes::copy_from_slice(&self.signing.sign(&message).to_bytes())
    }

    pub(super) fn creation(&self, operator: Address) -> IStaking::createValidatorCall {
        IStaking::createValidatorCall {
            publicKey: self.public_key(),
            publicKeyProof: self.proof(operator),
            randomnessKey: self.randomness.public(),
            randomnessProof: Bytes::copy_from_slice(
                self.randomness.prove_possession(self.address().0.as_slice()).as_slice(),
            ),
            feeAddress: operator,
            commission: 0,
        }
    }
}

/// A chain whose blocks take their payload from an edit.
struct Stake(Chain);

impl Stake {
    fn height(&self) -> u64 {
        self.0.parent.height().get()
    }

    fn set(&self, height: u64) -> ValidatorSet {
        self.0.executive.validators(&self.0.state, Height(height)).unwrap()
    }

    fn call<C: SolCall>(&mut self, key: &Key, value: U256, call: &C) -> Executed {
        let account = assay_kernel::StateView::account(&self.0.state, key.address()).unwrap().unwrap_or_default();
        let tx = key.dynamic(|tx| {
            tx.nonce = account.nonce;
            tx.to = STAKING.into();
            tx.value = value;
            tx.gas_limit = 3_000_000;
            tx.input = call.abi_encode().into();
        });
        let executed = self.0.commit(&[tx]).0;
        assert!(executed.receipts[0].receipt.success, "{}", executed.receipts[0].revert_data);
        executed
    }

    fn commit_with(&mut self, edit: impl FnOnce(&mut SystemPayload)) -> Executed {
        let mut payload = self.0.payload();
        edit(&mut payload);
        let block = self.0.block(&payload, &[]);
        let executed =
            self.0.executive.execute_block::<assay_primitives::CheckedTx>(&self.0.state, &self.0.parent, &block, &[]);
        let executed = executed.unwrap();
        self.0.install(&executed);
        executed
    }

    /// Goes on with everybody signing.
    fn reach(&mut self, height: u64) {
        while self.height() < height {
            let set = if self.height() > 0 { Some(self.set(self.height())) } else { None };
            self.commit_with(|payload| {
                if let (Some(commit), Some(set)) = (&mut payload.last_commit, set) {
                    commit.signatures = set
                        .iter()
                        .map(|v| CommitSignature { address: v.address, signature: Default::default() })
                        .collect();
                }
            });
        }
    }

    /// A chain that a second validator has joined, at the first height of its set.
    fn joined(other: &Other) -> Self {
        let mut chain = Self(Chain::of(staking_spec()));
        let operator = Key::new(1);
        chain.call(&operator, U256::from(5 * COIN), &other.creation(operator.address()));
        chain.reach(2 * EPOCH + 2);
        chain
    }
}

pub(super) fn offence(address: ConsensusAddress, height: u64) -> Evidence {
    let side = |byte: u8| (vec![byte; 40], Default::default());
    Evidence { address, height: Height(height), first: side(1), second: side(2) }
}

#[test]
fn a_quiet_chain_writes_and_logs_nothing_over_many_epochs() {
    let mut chain = Stake(Chain::of(staking_spec()));
    assert_eq!(chain.set(1).len(), 1);
    let slots = |chain: &Stake| chain.0.state.slots(&STAKING).count();
    let before = slots(&chain);
    for _ in 0..5 * EPOCH {
        let executed = chain.commit_with(|_| ());
        assert!(executed.transactions.is_empty());
        assert!(!executed.changes.accounts.contains_key(&STAKING), "height {}", executed.number);
    }
    assert_eq!(slots(&chain), before);
    assert_eq!(chain.set(5 * EPOCH + 2), chain.set(5 * EPOCH));
}

#[test]
fn a_newcomer_is_in_the_set_two_heights_after_the_epoch_that_chose_it() {
    let other = Other::new(9);
    let mut chain = Stake(Chain::of(staking_spec()));
    let operator = Key::new(1);
    chain.call(&operator, U256::from(5 * COIN), &other.creation(operator.address()));
    chain.reach(2 * EPOCH - 1);
    let executed = chain.commit_with(|_| ());
    // The block that chooses it says so in a transaction of the system.
    let last = executed.receipts.last().unwrap();
    assert_eq!((last.sender, executed.transactions.len()), (SYSTEM_ADDRESS, 1));
    let logs = &last.receipt.logs;
    assert_eq!(logs[0].topics()[0], IStaking::ValidatorSetChanged::SIGNATURE_HASH);
    assert_eq!(chain.set(2 * EPOCH + 1).len(), 1);
    let set = chain.set(2 * EPOCH + 2);
    assert_eq!((set.len(), set.total_power()), (2, 15));
    assert_eq!(set.by_address(&other.address()).unwrap().fee_address, operator.address());
    // Known ahead by two heights and no further; an edit of the state cannot be asked for later ones.
    assert_eq!(chain.set(1).len(), 1);
}

#[test]
fn evidence_slashes_and_the_set_follows_two_heights_later() {
    let other = Other::new(9);
    let mut chain = Stake::joined(&other);
    let at = chain.height();
    let executed = chain.commit_with(|payload| payload.evidence = vec![offence(other.address(), at)]);
    let logs = &executed.receipts.last().unwrap().receipt.logs;
    let slashed = IStaking::ValidatorSlashed::decode_log_data(&logs[0].data).unwrap();
    assert_eq!((slashed.operator, slashed.offenceHeight), (Key::new(1).address(), at));
    assert_eq!(slashed.amount, U256::from(5 * COIN / 20));
    let height = chain.height();
    assert_eq!(chain.set(height + 1).len(), 2);
    assert_eq!(chain.set(height + 2).len(), 1);
    // Again: nothing is left to do.
    let executed = chain.commit_with(|payload| payload.evidence = vec![offence(other.address(), at)]);
    assert!(executed.transactions.is_empty());
    // The chain's own validator cannot be taken out: nobody else is there.
    let height = chain.height();
    chain.commit_with(|payload| payload.evidence = vec![offence(validator(7).0.address, height)]);
    chain.reach(height + 2 * EPOCH);
    assert_eq!(chain.set(chain.height() + 1).len(), 1);
}

#[test]
fn absence_is_read_from_certificates_and_late_votes() {
    let other = Other::new(9);
    let mut chain = Stake::joined(&other);
    let shown = |chain: &Stake| {
        let view = IStaking::validatorCall { operator: Key::new(1).address() };
        let environment = chain.0.executive.environment_after(chain.0.parent.header());
        let simulation =
            Simulation { view: &chain.0.state, environment, overrides: Default::default(), gas_cap: 10_000_000 };
        let request = TransactionRequest {
            to: Some(STAKING.into()),
            input: Bytes::from(view.abi_encode()).into(),
            ..TransactionRequest::default()
        };
        let outcome = chain.0.executive.call(&simulation, &request).unwrap();
        IStaking::validatorCall::abi_decode_returns(&outcome.output).unwrap()
    };
    // The certificates of the test chain show only its own validator; one height has a late vote.
    let first = chain.height();
    for _ in 0..12 {
        let height = chain.height();
        chain.commit_with(|payload| {
            if height == first + 3 {
                payload.late_votes = vec![LateVote {
                    height: Height(first + 1),
                    round: Round::ZERO,
                    block_id: Default::default(),
                    vote: CommitSignature { address: other.address(), signature: Default::default() },
                }];
            }
        });
    }
    // Two heights are final; the vote saved one of them.
    assert_eq!(shown(&chain).missed, 1);
    // 19 of 20 may be missed.
    while shown(&chain).status == 0 {
        chain.commit_with(|_| ());
    }
    assert_eq!(shown(&chain).status, 2);
    assert!(chain.height() >= first + 20 + 11, "{} {first}", chain.height());
    let height = chain.height();
    assert_eq!((chain.set(height + 1).len(), chain.set(height + 2).len()), (2, 1));
}

#[test]
fn keys_rotate_two_heights_later_and_their_old_ones_still_answer() {
    let (old, new) = (Other::new(9), Other::new(10));
    let mut chain = Stake::joined(&old);
    let operator = Key::new(1);
    let call = IStaking::rotateConsensusKeyCall { publicKey: new.public_key(), proof: new.proof(operator.address()) };
    chain.call(&operator, U256::ZERO, &call);
    let height = chain.height();
    assert!(chain.set(height + 1).by_address(&old.address()).is_some());
    let set = chain.set(height + 2);
    assert!(set.by_address(&old.address()).is_none() && set.by_address(&new.address()).is_some());
    chain.reach(height + 3);
    let executed = chain.commit_with(|payload| payload.evidence = vec![offence(old.address(), height)]);
    assert_eq!(executed.receipts.len(), 1);
    assert_eq!(chain.set(chain.height() + 2).len(), 1);
}

#[test]
fn fees_and_issuance_are_rewards_and_no_wei_is_made() {
    let mut spec = staking_spec();
    spec.params.fee_split.burned = Bps(4_000);
    spec.params.fee_split.stakers = Bps(6_000);
    spec.staking.issuance.reserve = U256::from(COIN);
    spec.staking.issuance.per_epoch = U256::from(1_000_000);
    spec.total_supply = spec.supply();
    let total = spec.total_supply;
    let mut chain = Stake(Chain::of(spec));
    let held = chain.0.balance(STAKING);
    let call = IStaking::delegateCall { operator: Key::new(0).address() };
    let executed = chain.call(&Key::new(2), U256::from(COIN), &call);
    let collected = chain.0.balance(STAKING) - held - U256::from(COIN);
    assert!(collected > U256::ZERO && executed.burned > U256::ZERO);
    assert_eq!(executed.burned * U256::from(6), collected * U256::from(4));
    chain.reach(EPOCH);
    let operator = Key::new(0);
    let before = chain.0.balance(STAKING);
    chain.call(&operator, U256::ZERO, &IStaking::withdrawRewardsCall { operator: operator.address() });
    assert!(chain.0.balance(STAKING) < before);
    assert_eq!(chain.0.executive.spec().total_supply, total);
}
