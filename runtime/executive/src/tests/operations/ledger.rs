//! What must hold after every block: each module's own invariants, and sums across modules against a ledger of events.

use super::agents::HERE;
use super::world::{ACTORS, HOOKS, World, who};
use crate::Executed;
use crate::tests::chain::Chain;
use alloy_primitives::{Address, Log, U256};
use alloy_sol_types::SolEvent;
use assay_abi::escrow::{COURT, ESCROW, ESCROW_BASE, IEscrow as E, IPaymentToken};
use assay_abi::staking::{IStaking as S, STAKING};
use assay_abi::token_id;
use assay_escrow::{Facade, api as escrow};
use assay_identity::api as identity;
use assay_token::api as token;
use std::collections::BTreeMap;

/// What events say there is.
pub(super) struct Ledger {
    /// Wei that there were at first.
    total: U256,
    /// Wei burned since.
    burned: U256,
    /// Facade, token, payee -> what waits.
    pub(super) credits: BTreeMap<(Address, Address, Address), U256>,
    /// Agent, role, job -> what is locked.
    pub(super) locks: BTreeMap<(U256, u8, U256), U256>,
    /// Fees burned for reputation.
    fees: U256,
}

fn event<E: SolEvent>(log: &Log) -> Option<E> {
    (log.topics().first() == Some(&E::SIGNATURE_HASH)).then(|| E::decode_log_data(&log.data).unwrap())
}

impl Ledger {
    pub(super) fn new(chain: &Chain) -> Self {
        let (credits, locks) = Default::default();
        Self { total: chain.supply(), burned: U256::ZERO, credits, locks, fees: U256::ZERO }
    }

    pub(super) fn note(&mut self, executed: &Executed) {
        self.burned += executed.burned;
        for log in executed.receipts.iter().flat_map(|receipt| &receipt.receipt.logs) {
            if Facade::ALL.iter().any(|facade| facade.address() == log.address) {
                self.note_escrow(log);
            } else if log.address == STAKING {
                self.note_staking(log);
            }
        }
    }

    fn note_escrow(&mut self, log: &Log) {
        if let Some(E::Credited { token, payee, amount }) = event(log) {
            *self.credits.entry((log.address, token, payee)).or_default() += amount;
        } else if let Some(E::Withdrawn { token, payee, amount }) = event(log) {
            assert_eq!(self.credits.remove(&(log.address, token, payee)), Some(amount));
        } else if let Some(E::FeeBurned { amount, .. }) = event(log) {
            self.fees += amount;
        }
    }

    fn note_staking(&mut self, log: &Log) {
        if let Some(S::AgentBondLocked { agentId, role, module, jobId, amount }) = event(log) {
            assert_eq!((module, self.locks.insert((agentId, role, jobId), amount)), (ESCROW, None));
        } else if let Some(S::AgentBondReleased { agentId, role, jobId, amount, .. }) = event(log) {
            assert_eq!(self.locks.remove(&(agentId, role, jobId)), Some(amount));
        } else if let Some(S::AgentBondSlashed { agentId, role, jobId, amount, .. }) = event(log) {
            assert_eq!(self.locks.remove(&(agentId, role, jobId)), Some(amount));
        }
    }
}

impl World {
    /// Everything, after a block.
    pub(super) fn check(&self) {
        let (state, actors) = (&self.chain.state, (0..ACTORS).map(who).collect::<Vec<_>>());
        let height = self.chain.parent.height().get();
        assay_staking::invariants::check_with(state, height, &actors).unwrap();
        assay_escrow::invariants::check(state).unwrap();
        assay_identity::invariants::check(state, HERE).unwrap();
        assay_token::invariants::check(state).unwrap();
        assert_eq!(self.chain.supply() + self.ledger.burned, self.ledger.total, "wei were made or lost");
        let facades = Facade::ALL.map(Facade::address);
        let holders: Vec<Address> = [&actors[..], &facades, &HOOKS, &[COURT, STAKING, Address::ZERO]].concat();
        for token in &self.tokens {
            assay_token::invariants::check_supply(state, *token, &holders).unwrap();
        }
        self.check_escrow();
        self.check_bonds();
        self.check_reputation();
    }

    /// What each address of escrow holds of each token is what is in escrow and credited there, to the unit.
    fn check_escrow(&self) {
        let mut owed: BTreeMap<(Address, Address), U256> = BTreeMap::new();
        for facade in Facade::ALL.map(Facade::address) {
            for token in self.tokens.iter().chain([&self.evm_token]) {
                owed.insert((facade, *token), U256::ZERO);
            }
        }
        assay_kernel::read(&self.chain.state, ESCROW, |ctx| {
            for id in 1..=escrow::job_count(ctx)? {
                let job = escrow::job(ctx, id)?.unwrap();
                if job.funded > 0 {
                    *owed.get_mut(&(job.facade.address(), job.payment_token())).unwrap() += U256::from(job.funded);
                }
            }
            Ok(())
        })
        .unwrap();
        for ((facade, token, _), amount) in &self.ledger.credits {
            *owed.get_mut(&(*facade, *token)).unwrap() += *amount;
        }
        for ((facade, asset), sum) in owed {
            let held = if token_id(asset).is_some() {
                assay_kernel::read(&self.chain.state, asset, |ctx| token::balance_of(ctx, asset, facade)).unwrap()
            } else if facade == ESCROW_BASE && self.chain.parent.height().get() > 1 {
                self.view(asset, &IPaymentToken::balanceOfCall { account: facade })
            } else {
                U256::ZERO
            };
            assert_eq!(held, sum, "{facade} owes {sum} of {asset}");
        }
    }

    /// Bonds cover their locks, locks are what events say, and each belongs to a job that needs it.
    fn check_bonds(&self) {
        let mut locked: BTreeMap<U256, U256> = BTreeMap::new();
        for ((agent, role, job), amount) in &self.ledger.locks {
            assert_eq!(*role, 0);
            *locked.entry(*agent).or_default() += *amount;
            let job = self.job(job.to()).unwrap();
            let needed = job.bidding || job.bonded && U256::from(job.agent) == *agent;
            assert!(needed, "agent {agent} has {amount} locked for a job that does not need it: {job:?}");
        }
        for agent in &self.bonded {
            let bond = self.view(STAKING, &S::agentBondCall { agentId: *agent, role: 0 });
            assert_eq!(bond.locked, locked.remove(agent).unwrap_or_default(), "locks of agent {agent}");
            assert!(bond.amount >= bond.locked + bond.unbonding, "agent {agent}: {bond:?}");
        }
        assert!(locked.is_empty(), "locks of agents without a bond: {locked:?}");
    }

    /// The weight of all reputation from jobs is what was burned for it.
    fn check_reputation(&self) {
        let weight = assay_kernel::read(&self.chain.state, ESCROW, |ctx| {
            let mut weight = U256::ZERO;
            for agent in 0..identity::agent_count(ctx)? {
                weight += identity::verified(ctx, U256::from(agent), "")?.weight;
            }
            Ok(weight)
        });
        assert_eq!(weight.unwrap(), self.ledger.fees);
    }
}
