//! A chain of this module alone: blocks, calls and balances over a map-backed host.

use crate::api::{BlockFacts, FirstValidator, genesis, validators};
use crate::blocks::{begin, end};
use crate::invariants::check_in;
use crate::keys::{consensus_address, possession_message};
use crate::params::{Issuance, StakingParams};
use crate::types::Member;
use crate::{Staking, sets};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use assay_abi::staking::{IStaking, STAKING};
use assay_kernel::{
    AccountRecord, CallError, CallKind, CallReturn, CallStatus, Ctx, Host as _, MemoryHost, OutCall, Pallet as _,
    StateView, dispatch,
};
use assay_primitives::vrf::RandomnessSecret;
use assay_primitives::{Bps, ConsensusAddress, Fault};
use ed25519_consensus::SigningKey;

pub const CHAIN_ID: u64 = 31_337;
pub const EPOCH: u64 = 20;
/// Gas of one module's work around a block.
pub const WORK_GAS: u64 = 30_000_000;
pub const COIN: u128 = 1_000_000_000_000_000_000;

pub fn params() -> StakingParams {
    StakingParams {
        epoch_length: EPOCH,
        unbonding_epochs: 6,
        validators_max: 4,
        self_bond_min: U256::from(10 * COIN),
        delegation_min: U256::from(COIN / 1_000),
        commission_step_max: Bps(100),
        double_sign_slash: Bps(500),
        downtime_window: 40,
        downtime_signed_min: Bps(500),
        jail_heights: 30,
        issuance: Issuance { reserve: U256::from(1_000 * COIN), per_epoch: U256::ZERO, halving_epochs: 0 },
        ..StakingParams::dev()
    }
}

pub fn account(n: u8) -> Address {
    Address::repeat_byte(n)
}

/// The consensus key of a number.
pub fn key(n: u8) -> SigningKey {
    SigningKey::from([n; 32])
}

pub fn public(n: u8) -> B256 {
    B256::from(key(n).verification_key().to_bytes())
}

pub fn consensus(n: u8) -> ConsensusAddress {
    consensus_address(public(n))
}

pub fn randomness(n: u8) -> RandomnessSecret {
    RandomnessSecret::from_seed([n; 32]).unwrap()
}

/// Proof that an operator may register a key.
pub fn proof(n: u8, operator: Address) -> Bytes {
    Bytes::copy_from_slice(&key(n).sign(&possession_message(CHAIN_ID, operator)).to_bytes())
}

/// Proof for a randomness key beside a consensus key.
pub fn randomness_proof(n: u8, beside: u8) -> Bytes {
    Bytes::copy_from_slice(randomness(n).prove_possession(consensus(beside).0.as_slice()).as_slice())
}

/// The module as a callee: what it refuses is the caller's answer, anything else is a bug.
fn module(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    match dispatch(host, Staking::entries(), &call.input) {
        Ok(output) => CallReturn { status: CallStatus::Success, output },
        Err(CallError::Reverted(reverted)) => CallReturn { status: CallStatus::Reverted, output: reverted.data },
        Err(other) => panic!("{other}"),
    }
}

/// The module's storage as committed state.
struct View<'a>(&'a MemoryHost);

impl StateView for View<'_> {
    fn account(&self, _address: Address) -> Result<Option<AccountRecord>, Fault> {
        Ok(None)
    }
    fn storage(&self, address: Address, slot: U256) -> Result<U256, Fault> {
        Ok(self.0.slot(address, slot))
    }
    fn code(&self, _hash: B256) -> Result<Bytes, Fault> {
        Ok(Bytes::new())
    }
    fn block_hash(&self, _number: u64) -> Result<B256, Fault> {
        Ok(B256::ZERO)
    }
}

pub struct World {
    pub host: MemoryHost,
    height: u64,
    /// Everybody who ever called, for the invariants.
    pub people: Vec<Address>,
}

/// A call's end as a test compares it.
pub type Outcome<C> = Result<<C as SolCall>::Return, Bytes>;

/// The revert data of an error.
pub fn refused<E: SolError>(error: E) -> Bytes {
    error.abi_encode().into()
}

impl World {
    /// Genesis with validators 1 to `count`, each with ten coins of its own, at height 1.
    pub fn new(count: u8, params: &StakingParams) -> Self {
        let mut host = MemoryHost::new(STAKING);
        let reserve = params.issuance.reserve;
        let bond = U256::from(10 * COIN);
        host.set_balance(STAKING, reserve + bond * U256::from(count));
        let first: Vec<_> = (1..=count)
            .map(|n| FirstValidator {
                operator: account(n),
                bond,
                address: consensus(n),
                public_key: public(n),
                randomness_key: randomness(n).public(),
                fee_address: account(n),
            })
            .collect();
        host.environment_mut().chain_id = CHAIN_ID;
        host.environment_mut().number = 0;
        host.set_gas(u64::MAX);
        host.set_callee(STAKING, module);
        host.run(|ctx| genesis(ctx, params, &first)).unwrap();
        for n in 0..=255u8 {
            host.set_balance(account(n), U256::from(1_000_000 * COIN));
        }
        let mut world = Self { host, height: 0, people: (1..=count).map(account).collect() };
        world.open(&BlockFacts::default());
        world
    }

    pub fn height(&self) -> u64 {
        self.height
    }

    pub fn epoch(&self) -> u64 {
        (self.height - 1) / EPOCH
    }

    fn work<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>) -> T {
        *self.host.frame_mut() =
            assay_kernel::Frame { address: STAKING, caller: account(0xff), value: U256::ZERO, is_static: false };
        self.host.run(work).unwrap()
    }

    /// Reads and writes the module's state without paying.
    pub fn raw<T>(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>) -> T {
        self.host.set_gas(u64::MAX);
        self.work(work)
    }

    /// Work around a block, under the bound that the chain gives it.
    fn paid(&mut self, work: impl FnOnce(&mut Ctx<'_>) -> Result<(), CallError>) -> u64 {
        self.host.set_gas(WORK_GAS);
        self.work(work);
        WORK_GAS - self.host.gas_left()
    }

    fn open(&mut self, facts: &BlockFacts) {
        self.height += 1;
        self.host.environment_mut().number = self.height;
        self.paid(|ctx| begin(ctx, facts));
    }

    /// Ends the block and opens the next one with these facts.
    pub fn next_with(&mut self, facts: &BlockFacts) {
        self.paid(end);
        self.open(facts);
        self.check();
    }

    pub fn next(&mut self) {
        self.next_with(&BlockFacts::default());
    }

    /// Goes on to the first block of an epoch.
    pub fn reach_epoch(&mut self, epoch: u64) {
        while self.epoch() < epoch {
            self.next();
        }
    }

    /// Goes on to a height.
    pub fn reach(&mut self, height: u64) {
        while self.height < height {
            self.next();
        }
    }

    /// All invariants.
    pub fn check(&mut self) {
        let (height, people) = (self.height, self.people.clone());
        self.raw(|ctx| check_in(ctx, height, &people));
    }

    /// A call with value; its revert data where it was refused.
    pub fn pay<C: SolCall>(&mut self, from: Address, value: u128, call: &C) -> Outcome<C> {
        if !self.people.contains(&from) {
            self.people.push(from);
        }
        let call = OutCall {
            kind: CallKind::Call,
            from,
            to: STAKING,
            value: U256::from(value),
            input: call.abi_encode().into(),
            gas: None,
        };
        self.host.set_gas(30_000_000);
        let returned = self.host.call(call).unwrap();
        match returned.status {
            CallStatus::Success => Ok(C::abi_decode_returns(&returned.output).unwrap()),
            _ => Err(returned.output),
        }
    }

    /// A call that must succeed, of somebody whom the invariants need not know.
    pub fn pay_unchecked<C: SolCall>(&mut self, from: Address, value: u128, call: &C) {
        self.pay(from, value, call).unwrap();
        self.people.retain(|known| *known != from);
    }

    /// Opens the next block after [`World::gas_to_end_epoch`].
    pub fn forward(&mut self) {
        self.open(&BlockFacts::default());
    }

    /// Goes on to the last block of the epoch; the gas of its end.
    pub fn gas_to_end_epoch(&mut self) -> u64 {
        while !self.height.is_multiple_of(EPOCH) {
            self.paid(end);
            self.open(&BlockFacts::default());
        }
        self.paid(end)
    }

    pub fn call<C: SolCall>(&mut self, from: Address, call: &C) -> Outcome<C> {
        self.pay(from, 0, call)
    }

    pub fn balance(&mut self, of: Address) -> U256 {
        self.host.set_gas(30_000_000);
        self.host.balance(of).unwrap()
    }

    /// A gift, which is income.
    pub fn give(&mut self, amount: u128) {
        let held = self.balance(STAKING);
        self.host.set_balance(STAKING, held + U256::from(amount));
    }

    pub fn validator(&mut self, n: u8) -> IStaking::Validator {
        self.call(account(0xfe), &IStaking::validatorCall { operator: account(n) }).unwrap()
    }

    pub fn delegation(&mut self, operator: u8, delegator: Address) -> IStaking::delegationReturn {
        self.call(account(0xfe), &IStaking::delegationCall { operator: account(operator), delegator }).unwrap()
    }

    pub fn unbonding(&mut self, operator: u8, delegator: Address, epoch: u64) -> U256 {
        let call = IStaking::unbondingCall { operator: account(operator), delegator, epoch };
        self.call(account(0xfe), &call).unwrap().amount
    }

    pub fn delegate(&mut self, from: Address, operator: u8, amount: u128) -> U256 {
        self.pay(from, amount, &IStaking::delegateCall { operator: account(operator) }).unwrap()
    }

    pub fn undelegate(&mut self, from: Address, operator: u8, shares: U256) -> IStaking::undelegateReturn {
        self.call(from, &IStaking::undelegateCall { operator: account(operator), shares }).unwrap()
    }

    /// A validator with keys of its own number and some stake.
    pub fn create(&mut self, n: u8, stake: u128) -> Outcome<IStaking::createValidatorCall> {
        self.pay(account(n), stake, &creation(n))
    }

    /// Operators of the set of a height, sorted.
    pub fn set_at(&mut self, height: u64) -> Vec<Address> {
        let mut operators = self.call(account(0xfe), &IStaking::validatorSetCall { height }).unwrap().operators;
        operators.sort();
        operators
    }

    /// Position of a validator in the set of a height.
    pub fn position(&mut self, n: u8, height: u64) -> u8 {
        let members: Vec<Member> = self.raw(|ctx| sets::at_height(ctx, height)).unwrap().members;
        let position = members.iter().position(|m| self.raw(|ctx| sets::keys_of(ctx, m)).operator == account(n));
        position.unwrap() as u8
    }

    /// Evidence in the next block.
    pub fn accuse(&mut self, n: u8, offence: u64) {
        self.next_with(&BlockFacts { offences: vec![(consensus(n), offence)], ..BlockFacts::default() });
    }

    /// What the executive reads of a height.
    pub fn read_set(&self, height: u64) -> Option<assay_primitives::ValidatorSet> {
        validators(&View(&self.host), height).unwrap()
    }
}

/// The call that makes validator `n` with its own keys.
pub fn creation(n: u8) -> IStaking::createValidatorCall {
    IStaking::createValidatorCall {
        publicKey: public(n),
        publicKeyProof: proof(n, account(n)),
        randomnessKey: randomness(n).public(),
        randomnessProof: randomness_proof(n, n),
        feeAddress: account(n),
        commission: 500,
    }
}
