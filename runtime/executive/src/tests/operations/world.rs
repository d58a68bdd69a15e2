//! A chain under random operations: who acts, what was seen so far, and blocks of random calls.

use super::ledger::Ledger;
use super::{agents, court, jobs, money};
use crate::natives::NativeModules;
use crate::tests::chain::{COIN, Chain, Key, spec, validator};
use crate::tests::staking::{Other, offence};
use crate::{Executed, Parent, Simulation};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::escrow::{ESCROW, IEscrowBids};
use assay_abi::staking::{IStaking, STAKING};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_abi::token_address;
use assay_escrow::types::Job;
use assay_escrow::{Facade, api as escrow};
use assay_genesis::{ChainSpec, GenesisAccount};
use assay_identity::api as identity;
use assay_kernel::Ctx;
use assay_primitives::{Bps, CheckedTx, CommitSignature, ConsensusAddress, Height, SystemPayload, TimestampMs};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const ACTORS: usize = 8;
pub(super) const SECOND_TOKEN: Address = address!("0xa55a200000000000000000000000000000000002");
pub(super) const HOOKS: [Address; 4] =
    [Address::repeat_byte(0xb0), Address::repeat_byte(0xb1), Address::repeat_byte(0xb2), Address::repeat_byte(0xb3)];
const TREASURY: usize = 7;
const EPOCH: u64 = 4;
const UNBONDING_EPOCHS: u64 = 26;
const HELD: u64 = 1_000_000_000_000;
const EVM_TOKEN: &str = include_str!("../../../data/reference-token.hex");

/// What hooks do when they are called: nothing, refuse in odd seconds, burn all gas, try to claim the refund of job 1.
const HOOK_BODIES: [&[u8]; 4] = [
    &hex!("00"),
    &hex!("4260011660165700" "5b5f5ffd"),
    &hex!("5b600e56"),
    &hex!("635b7baf6460e01b5f526001600452" "5f5f60245f5f73a55a4000000000000000000000000000000000005af100"),
];

pub(super) fn who(actor: usize) -> Address {
    Key::new(actor as u8).address()
}

/// Keys of another validator.
pub(super) fn other_key(number: u64) -> Other {
    Other::new(10 + (number % 240) as u8)
}

/// Numbers from a seed (splitmix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound; 0 where that is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// What is remembered of a call that succeeded.
pub(super) enum Note {
    Nothing,
    Sealed(IEscrowBids::revealBidCall),
    Operator(usize),
    Undelegated(usize, usize, u64),
    Bonded(U256),
    Feedback(U256, usize),
    Request(B256, usize),
}

/// One call.
pub(super) struct Op {
    pub(super) name: &'static str,
    pub(super) by: usize,
    pub(super) to: Address,
    pub(super) value: u64,
    pub(super) input: Vec<u8>,
    pub(super) note: Note,
}

impl Op {
    pub(super) fn new(name: &'static str, by: usize, to: Address, call: &impl SolCall) -> Self {
        Self { name, by, to, value: 0, input: call.abi_encode(), note: Note::Nothing }
    }
}

/// How often a call succeeded, reverted, and ran out of gas.
#[derive(Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) done: u64,
    pub(super) refused: u64,
    pub(super) halted: u64,
}

pub(super) type Counts = BTreeMap<&'static str, Count>;

pub(super) struct World {
    pub(super) chain: Chain,
    pub(super) rng: Rng,
    /// Seconds of the block that is being filled.
    pub(super) now: u64,
    /// Jobs that can still change, as they were before the block.
    pub(super) live: Vec<(u64, Job)>,
    pub(super) job_count: u64,
    pub(super) agents: Vec<(U256, Address)>,
    pub(super) tokens: Vec<Address>,
    pub(super) evm_token: Address,
    pub(super) sealed: Vec<IEscrowBids::revealBidCall>,
    pub(super) operators: Vec<usize>,
    pub(super) keys: u64,
    pub(super) undelegated: Vec<(usize, usize, u64)>,
    pub(super) bonded: BTreeSet<U256>,
    pub(super) feedback: Vec<(U256, usize)>,
    pub(super) requests: Vec<(B256, usize)>,
    pub(super) ledger: Ledger,
    pub(super) counts: Counts,
    nonces: [u64; ACTORS],
}

fn hook(body: &[u8]) -> Bytes {
    let answer = 14 + body.len() as u8;
    let head = [&hex!("5f3560e01c6301ffc9a71460")[..], &[answer], &hex!("57")].concat();
    let tail = hex!("5b60043560e01c806301ffc9a71490637ff6bc9e14175f5260205ff3");
    [&head[..], body, &tail].concat().into()
}

fn specification() -> ChainSpec {
    let mut spec = spec();
    let coins = U256::from(1_000) * U256::from(COIN);
    spec.alloc.0 =
        (0..ACTORS).map(|i| (who(i), GenesisAccount { balance: coins, ..GenesisAccount::default() })).collect();
    for (address, body) in HOOKS.iter().zip(HOOK_BODIES) {
        spec.alloc.0.insert(*address, GenesisAccount { nonce: 1, code: hook(body), ..GenesisAccount::default() });
    }
    for agent in &mut spec.identity.agents {
        agent.owner = who(2);
    }
    let token = &mut spec.token.tokens[0];
    token.owner = who(0);
    token.holders = (0..ACTORS).map(|actor| (who(actor), U256::from(HELD))).collect();
    token.total_supply = U256::from(HELD) * U256::from(ACTORS);
    let second = assay_token::GenesisToken { name: "Second".to_owned(), owner: who(1), ..token.clone() };
    spec.token.tokens.push(second);
    spec.staking.epoch_length = EPOCH;
    spec.staking.unbonding_epochs = UNBONDING_EPOCHS;
    spec.staking.downtime_window = 20;
    spec.staking.downtime_signed_min = Bps(8_500);
    spec.staking.jail_heights = 10;
    spec.staking.issuance.reserve = U256::from(COIN);
    spec.staking.issuance.per_epoch = U256::from(COIN / 64);
    spec.staking.issuance.halving_epochs = 16;
    spec.validators[0].operator = Some(who(0));
    spec.params.fee_split.burned = Bps(4_000);
    spec.params.fee_split.stakers = Bps(6_000);
    spec.escrow.job_time_s_min = 1;
    spec.escrow.treasury = who(TREASURY);
    spec.escrow.platform_fee = Bps(250);
    spec.escrow.evaluator_fee = Bps(150);
    spec.escrow.epoch_heights = 16;
    spec.escrow.bid_bond_min = 1_000;
    spec.total_supply = spec.supply();
    spec
}

type Pick = fn(&mut World) -> Option<Op>;

/// How often each kind of call is tried.
const PICKS: &[(u64, Pick)] = &[
    (14, jobs::create),
    (3, jobs::set_provider),
    (10, jobs::set_budget),
    (14, jobs::fund),
    (14, jobs::submit),
    (8, jobs::complete),
    (2, jobs::reject),
    (5, jobs::claim),
    (8, jobs::agent),
    (5, jobs::withdraw),
    (7, jobs::open_bids),
    (14, jobs::bid),
    (8, jobs::reveal),
    (6, jobs::award),
    (4, jobs::release_bonds),
    (2, jobs::hold),
    (4, jobs::decide),
    (6, money::transfer),
    (4, money::approve),
    (4, money::transfer_from),
    (6, money::issue),
    (4, money::control),
    (2, money::ownership),
    (1, money::create_token),
    (4, money::authorized),
    (1, money::cancel),
    (2, money::permit),
    (2, money::create_validator),
    (6, money::activity),
    (4, money::settings),
    (5, money::delegate),
    (5, money::undelegate),
    (5, money::withdraw),
    (3, money::rewards),
    (4, money::bond_agent),
    (5, money::bonds),
    (4, agents::register),
    (5, agents::describe),
    (4, agents::hand_over),
    (6, agents::feedback),
    (4, agents::answer_feedback),
    (3, agents::request),
    (3, agents::respond),
];

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let spec = specification();
        let natives = NativeModules::of_network(spec.kind).and(court::module());
        let chain = Chain::with(spec, natives);
        let ledger = Ledger::new(&chain);
        let mut world = Self {
            chain,
            rng: Rng(seed),
            now: 0,
            live: Vec::new(),
            job_count: 0,
            agents: Vec::new(),
            tokens: vec![DEFAULT_TOKEN, SECOND_TOKEN],
            evm_token: who(0).create(0),
            sealed: Vec::new(),
            operators: vec![0],
            keys: 0,
            undelegated: Vec::new(),
            bonded: BTreeSet::new(),
            feedback: Vec::new(),
            requests: Vec::new(),
            ledger,
            counts: Counts::new(),
            nonces: [0; ACTORS],
        };
        world.set_up();
        world
    }

    /// The token of EVM code, allowances for escrow, a minter of each token.
    fn set_up(&mut self) {
        let holders: Vec<Address> = (0..ACTORS).map(who).collect();
        let arguments = (who(0), holders, U256::from(HELD)).abi_encode_params();
        let code = [hex::decode(EVM_TOKEN.trim()).unwrap(), arguments].concat();
        let creation = Key::new(0).dynamic(|tx| {
            tx.to = TxKind::Create;
            tx.input = code.into();
            tx.gas_limit = 10_000_000;
        });
        self.nonces[0] = 1;
        let executed = self.commit(500, &[creation]);
        assert!(executed.receipts[0].receipt.success);
        for token in [DEFAULT_TOKEN, SECOND_TOKEN, self.evm_token] {
            let mut ops = Vec::new();
            for (by, facade) in (0..ACTORS).flat_map(|by| Facade::ALL.map(|facade| (by, facade))) {
                let call = INativeToken::approveCall { spender: facade.address(), value: U256::MAX };
                ops.push(Op::new("set up", by, token, &call));
            }
            let owner = if token == SECOND_TOKEN { 1 } else { 0 };
            let call = INativeToken::configureMinterCall { minter: who(0), minterAllowedAmount: U256::from(HELD) };
            ops.push(Op::new("set up", owner, token, &call));
            self.run(500, ops);
        }
        assert_eq!(self.counts.remove("set up").map_or(0, |count| count.refused + count.halted), 0);
    }

    pub(super) fn actor(&mut self) -> usize {
        self.rng.below(ACTORS as u64) as usize
    }

    /// The actor that may, rarely another.
    pub(super) fn party(&mut self, right: Address) -> usize {
        let other = self.actor();
        if self.rng.chance(6) { other } else { (0..ACTORS).find(|actor| who(*actor) == right).unwrap_or(other) }
    }

    pub(super) fn amount(&mut self) -> U256 {
        let digits = self.rng.below(6) as u32;
        U256::from(self.rng.below(10u64.pow(digits)))
    }

    pub(super) fn epoch(&self) -> u64 {
        self.chain.parent.height().get() / EPOCH
    }

    pub(super) fn unbonding_due(&self, epoch: u64) -> u64 {
        epoch + UNBONDING_EPOCHS + 1
    }

    pub(super) fn agent(&mut self) -> Option<(U256, Address)> {
        Some(self.rng.of(&self.agents))
    }

    pub(super) fn agent_of(&mut self, owner: Address) -> Option<(U256, Address)> {
        self.agents.iter().find(|(_, of)| *of == owner).copied()
    }

    pub(super) fn bonded_agent(&mut self) -> Option<(U256, Address)> {
        let agent = *self.bonded.iter().nth(self.rng.below(self.bonded.len() as u64) as usize)?;
        Some((agent, self.view_owner(agent)))
    }

    pub(super) fn view_owner(&self, agent: U256) -> Address {
        self.agents.iter().find(|(id, _)| *id == agent).map_or(Address::ZERO, |(_, owner)| *owner)
    }

    pub(super) fn owner_of_token(&self, token: Address) -> Address {
        self.view(token, &INativeToken::ownerCall {})
    }

    /// A view of the last state.
    pub(super) fn view<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let environment = self.chain.executive.environment_after(self.chain.parent.header());
        let simulation =
            Simulation { view: &self.chain.state, environment, overrides: Default::default(), gas_cap: 10_000_000 };
        let input = Bytes::from(call.abi_encode()).into();
        let request = TransactionRequest { to: Some(to.into()), input, ..TransactionRequest::default() };
        let outcome = self.chain.executive.call(&simulation, &request).unwrap();
        C::abi_decode_returns(&outcome.output).unwrap()
    }

    pub(super) fn job(&self, id: u64) -> Option<Job> {
        assay_kernel::read(&self.chain.state, ESCROW, |ctx| escrow::job(ctx, id)).unwrap()
    }

    /// Looks at what there is: jobs that can change, agents and their owners.
    pub(super) fn look(&mut self) {
        let known = self.job_count;
        let live: Vec<u64> = self.live.iter().map(|(id, _)| *id).collect();
        let read = |ctx: &mut Ctx<'_>| {
            let count = escrow::job_count(ctx)?;
            let mut live_now = Vec::new();
            for id in live.iter().copied().chain(known + 1..=count) {
                let job = escrow::job(ctx, id)?.unwrap();
                if job.status <= assay_escrow::types::Status::Submitted {
                    live_now.push((id, job));
                }
            }
            let mut agents = Vec::new();
            for agent in (0..identity::agent_count(ctx)?).map(U256::from) {
                agents.push((agent, identity::owner_of(ctx, agent)?.unwrap()));
            }
            Ok((count, live_now, agents))
        };
        (self.job_count, self.live, self.agents) = assay_kernel::read(&self.chain.state, ESCROW, read).unwrap();
    }

    fn pick(&mut self) -> Op {
        let sum: u64 = PICKS.iter().map(|(weight, _)| weight).sum();
        loop {
            let mut at = self.rng.below(sum);
            let pick = PICKS.iter().find(|(weight, _)| match at.checked_sub(*weight) {
                Some(rest) => {
                    at = rest;
                    false
                }
                None => true,
            });
            if let Some(op) = pick.and_then(|(_, pick)| pick(self)) {
                return op;
            }
        }
    }

    /// A block of random calls at a random distance from the last.
    pub(super) fn block(&mut self) -> u64 {
        let step_ms = match self.rng.below(20) {
            0 => 20_000,
            1..=6 => 1_000 + self.rng.below(4_000),
            _ => 500,
        };
        self.now = self.chain.parent.timestamp_ms().saturating_add(step_ms).seconds();
        self.look();
        let count = 1 + self.rng.below(24);
        let ops = (0..count).map(|_| self.pick()).collect();
        self.run(step_ms, ops);
        count
    }

    /// A block of these calls; what comes of them is counted and remembered.
    pub(super) fn run(&mut self, step_ms: u64, ops: Vec<Op>) -> Executed {
        let mut txs = Vec::new();
        for op in &ops {
            let nonce = &mut self.nonces[op.by];
            txs.push(Key::new(op.by as u8).dynamic(|tx| {
                tx.nonce = *nonce;
                tx.to = op.to.into();
                tx.value = U256::from(op.value);
                tx.input = op.input.clone().into();
                tx.gas_limit = 5_000_000;
            }));
            *nonce += 1;
        }
        let executed = self.commit(step_ms, &txs);
        for (op, receipt) in ops.into_iter().zip(&executed.receipts) {
            let count = self.counts.entry(op.name).or_default();
            match (receipt.receipt.success, receipt.revert_data.is_empty()) {
                (true, _) => count.done += 1,
                (false, false) => count.refused += 1,
                (false, true) => count.halted += 1,
            }
            if receipt.receipt.success {
                self.remember(op);
            }
        }
        executed
    }

    fn remember(&mut self, op: Op) {
        match op.note {
            Note::Nothing if op.name == "token.createToken" => {
                self.tokens.push(token_address(self.tokens.len() as u64 + 1));
            }
            Note::Nothing => (),
            Note::Sealed(call) => self.sealed.push(call),
            Note::Operator(operator) => self.operators.push(operator),
            Note::Undelegated(operator, who, epoch) => self.undelegated.push((operator, who, epoch)),
            Note::Bonded(agent) => drop(self.bonded.insert(agent)),
            Note::Feedback(agent, client) => self.feedback.push((agent, client)),
            Note::Request(hash, validator) => self.requests.push((hash, validator)),
        }
    }

    /// Rarely an offence, and a signature that is missing; never of the validator that makes the blocks.
    fn misbehave(&mut self, payload: &mut SystemPayload) {
        let height = self.chain.parent.height();
        if let Some(commit) = payload.last_commit.as_mut() {
            let set = self.chain.executive.validators(&self.chain.state, height).unwrap();
            let own = validator(7).0.address;
            let present = set.iter().filter(|one| one.address == own || !self.rng.chance(8));
            commit.signatures =
                present.map(|one| CommitSignature { address: one.address, signature: Default::default() }).collect();
        }
        if self.rng.chance(2) && height > Height(2) {
            let operator = self.rng.of(&self.operators);
            let known = self.view(STAKING, &IStaking::validatorCall { operator: who(operator) });
            let at = height.get().saturating_sub(self.rng.below(60)).max(1);
            if operator != 0 {
                payload.evidence = vec![offence(ConsensusAddress(known.consensusAddress.0.into()), at)];
            }
        }
    }

    /// Executes and keeps a block, and checks everything. No root is computed: nothing here depends on it.
    fn commit(&mut self, step_ms: u64, txs: &[CheckedTx]) -> Executed {
        let mut payload = self.chain.payload();
        payload.timestamp_ms = self.chain.parent.timestamp_ms().saturating_add(step_ms);
        self.misbehave(&mut payload);
        let block = self.chain.block(&payload, txs);
        let chain = &mut self.chain;
        let executed = chain.executive.execute_block(&chain.state, &chain.parent, &block, txs).unwrap();
        chain.state.apply(&executed.changes);
        let header = chain.executive.seal(&executed, B256::with_last_byte(1));
        let timestamp_ms: TimestampMs = executed.timestamp_ms;
        chain.parent = Parent::new(header, timestamp_ms);
        chain.state.set_block_hash(executed.number, chain.parent.hash());
        self.ledger.note(&executed);
        self.check();
        executed
    }
}
