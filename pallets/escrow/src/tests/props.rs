//! Random calls at all three addresses against a naive model: lists and numbers, and the rules of the README.

use super::support::*;
use crate::{Facade, Genesis};
use alloy_primitives::{Address, Bytes, U256};
use assay_abi::escrow::{IEscrow as I, IEscrowAcp as A, IEscrowBase as B};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_primitives::NetworkKind;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ACTORS: [Address; 4] = [CLIENT, OTHER, PROVIDER, EVALUATOR];
const BUDGETS: [u64; 4] = [0, 1, 333, 5_000];

#[derive(Clone, Debug)]
enum Op {
    Create { by: usize, facade: usize, provider: Option<usize>, evaluator: usize, life: u64 },
    SetProvider { by: usize, job: usize, provider: usize },
    SetBudget { by: usize, job: usize, budget: usize },
    Fund { by: usize, job: usize, expected: usize },
    Submit { by: usize, job: usize },
    Complete { by: usize, job: usize },
    Reject { by: usize, job: usize },
    Claim { job: usize },
    Withdraw { by: usize, facade: usize },
    Block { account: usize, blocked: bool },
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0..ACTORS.len();
    let job = 0..6usize;
    // One more than there are: whoever may.
    let of = (0..ACTORS.len() + 4, job.clone());
    prop_oneof![
        3 => (who.clone(), 0..3usize, prop::option::weighted(0.8, who.clone()), who.clone(), 6u64..60).prop_map(
            |(by, facade, provider, evaluator, life)| Op::Create { by, facade, provider, evaluator, life }
        ),
        1 => (of.clone(), who.clone()).prop_map(|((by, job), provider)| Op::SetProvider { by, job, provider }),
        4 => (of.clone(), 0..BUDGETS.len()).prop_map(|((by, job), budget)| Op::SetBudget { by, job, budget }),
        6 => (of.clone(), 0..BUDGETS.len()).prop_map(|((by, job), expected)| Op::Fund { by, job, expected }),
        5 => of.clone().prop_map(|(by, job)| Op::Submit { by, job }),
        4 => of.clone().prop_map(|(by, job)| Op::Complete { by, job }),
        2 => of.prop_map(|(by, job)| Op::Reject { by, job }),
        3 => job.prop_map(|job| Op::Claim { job }),
        2 => (who.clone(), 0..3usize).prop_map(|(by, facade)| Op::Withdraw { by, facade }),
        1 => (who, any::<bool>()).prop_map(|(account, blocked)| Op::Block { account, blocked }),
        2 => (1u64..8).prop_map(Op::Wait),
    ]
}

#[derive(Clone, Debug)]
struct Job {
    client: usize,
    facade: usize,
    provider: Option<usize>,
    evaluator: usize,
    expires: u64,
    budget: u64,
    status: u8,
}

#[derive(Clone, Debug)]
struct Model {
    jobs: Vec<Job>,
    balances: [u64; 4],
    treasury: u64,
    credits: BTreeMap<(usize, usize), u64>,
    blocked: [bool; 4],
    now: u64,
}

/// Puts the party that may do it in the place of nobody.
fn by_right(model: &Model, op: &Op) -> Op {
    let mut op = op.clone();
    let (by, job) = match &mut op {
        Op::SetProvider { by, job, .. } | Op::SetBudget { by, job, .. } | Op::Fund { by, job, .. } => (by, *job),
        Op::Submit { by, job } | Op::Complete { by, job } | Op::Reject { by, job } => (by, *job),
        _ => return op,
    };
    if *by >= ACTORS.len() {
        let job = model.job(job);
        *by = job.map_or(0, |job| match job.status {
            0 => job.client,
            1 => job.provider.unwrap_or_default(),
            _ => job.evaluator,
        });
    }
    let budget = model.job(job).and_then(|job| BUDGETS.iter().position(|budget| *budget == job.budget));
    if let Op::Fund { expected, .. } = &mut op
        && let Some(budget) = budget
        && *expected > 1
    {
        *expected = budget;
    }
    op
}

/// `None` where the call is refused.
type Done = Option<()>;

fn need(holds: bool) -> Done {
    holds.then_some(())
}

impl Model {
    fn pay(&mut self, facade: usize, to: usize, amount: u64) {
        if amount == 0 {
        } else if self.blocked[to] {
            *self.credits.entry((facade, to)).or_default() += amount;
        } else {
            self.balances[to] += amount;
        }
    }

    fn job(&self, job: usize) -> Option<Job> {
        self.jobs.get(job).cloned()
    }

    fn create(&mut self, op: &Op) -> Done {
        let Op::Create { by, facade, provider, evaluator, life } = *op else { return None };
        need(life > 5 && (facade != 1 || provider != Some(evaluator)))?;
        let expires = self.now + life;
        self.jobs.push(Job { client: by, facade, provider, evaluator, expires, budget: 0, status: 0 });
        Some(())
    }

    fn fund(&mut self, by: usize, index: usize, expected: u64) -> Done {
        let job = self.job(index)?;
        need(job.status == 0 && self.now < job.expires && by == job.client && job.provider.is_some())?;
        need(job.budget == expected && expected > 0)?;
        need(!self.blocked[by] && self.balances[by] >= expected)?;
        self.balances[by] -= expected;
        self.jobs[index].status = 1;
        Some(())
    }

    fn complete(&mut self, by: usize, index: usize) -> Done {
        let job = self.job(index)?;
        need(job.status == 2 && by == job.evaluator)?;
        self.jobs[index].status = 3;
        let (platform, evaluator) = (job.budget * 250 / 10_000, job.budget * 150 / 10_000);
        self.treasury += platform;
        self.pay(job.facade, job.evaluator, evaluator);
        self.pay(job.facade, job.provider.unwrap(), job.budget - platform - evaluator);
        Some(())
    }

    fn reject(&mut self, by: usize, index: usize) -> Done {
        let job = self.job(index)?;
        need(job.status < 3 && by == if job.status == 0 { job.client } else { job.evaluator })?;
        self.jobs[index].status = 4;
        if job.status > 0 {
            self.pay(job.facade, job.client, job.budget);
        }
        Some(())
    }

    fn claim(&mut self, index: usize) -> Done {
        let job = self.job(index)?;
        let grace = if job.facade == 1 && job.status == 2 { 5 } else { 0 };
        need((job.status == 1 || job.status == 2) && self.now >= job.expires + grace)?;
        self.jobs[index].status = 5;
        self.pay(job.facade, job.client, job.budget);
        Some(())
    }

    fn apply(&mut self, op: &Op) -> Done {
        match *op {
            Op::Create { .. } => self.create(op),
            Op::SetProvider { by, job: index, provider } => {
                let job = self.job(index)?;
                need(job.status == 0 && self.now < job.expires && by == job.client && job.provider.is_none())?;
                need(job.facade != 1 || provider != job.evaluator)?;
                self.jobs[index].provider = Some(provider);
                Some(())
            }
            Op::SetBudget { by, job: index, budget } => {
                let job = self.job(index)?;
                need(job.status == 0 && self.now < job.expires && (by == job.client || job.provider == Some(by)))?;
                self.jobs[index].budget = BUDGETS[budget];
                Some(())
            }
            Op::Fund { by, job, expected } => self.fund(by, job, BUDGETS[expected]),
            Op::Submit { by, job: index } => {
                let job = self.job(index)?;
                need(job.status == 1 && self.now < job.expires && job.provider == Some(by))?;
                self.jobs[index].status = 2;
                Some(())
            }
            Op::Complete { by, job } => self.complete(by, job),
            Op::Reject { by, job } => self.reject(by, job),
            Op::Claim { job } => self.claim(job),
            Op::Withdraw { by, facade } => {
                let waiting = self.credits.get(&(facade, by)).copied().filter(|_| !self.blocked[by])?;
                self.credits.remove(&(facade, by));
                self.balances[by] += waiting;
                Some(())
            }
            Op::Block { account, blocked } => {
                self.blocked[account] = blocked;
                Some(())
            }
            Op::Wait(seconds) => {
                self.now += seconds;
                Some(())
            }
        }
    }

    /// What an address of escrow must hold.
    fn owed(&self, facade: usize) -> u64 {
        let open = self.jobs.iter().filter(|job| job.facade == facade && (job.status == 1 || job.status == 2));
        let credits = self.credits.iter().filter(|((at, _), _)| *at == facade);
        open.map(|job| job.budget).sum::<u64>() + credits.map(|(_, amount)| amount).sum::<u64>()
    }
}

fn base_order(provider: Address, evaluator: Address) -> B::createJobCall {
    B::createJobCall { evaluator, ..super::base::create(provider, Address::ZERO, 0) }
}

fn address(model: &Model, job: usize) -> Address {
    Facade::ALL[model.jobs.get(job).map_or(0, |job| job.facade)].address()
}

/// Makes a call of the chain; whether it succeeded.
fn perform(world: &mut World, model: &Model, op: &Op) -> bool {
    let id = |job: usize| U256::from(job + 1);
    match *op {
        Op::Create { by, facade, provider, evaluator, life } => {
            let provider = provider.map_or(Address::ZERO, |provider| ACTORS[provider]);
            let call = I::createJobCall {
                expiredAt: U256::from(model.now + life),
                ..create(provider, ACTORS[evaluator], Address::ZERO)
            };
            let base = B::createJobCall { expiredAt: call.expiredAt, ..base_order(provider, ACTORS[evaluator]) };
            let to = Facade::ALL[facade].address();
            if facade == 1 {
                world.send(ACTORS[by], to, &base).is_ok()
            } else {
                world.send(ACTORS[by], to, &call).is_ok()
            }
        }
        Op::SetProvider { by, job, provider } => {
            let (by, to, provider, id) = (ACTORS[by], address(model, job), ACTORS[provider], id(job));
            match model.jobs.get(job).map_or(0, |job| job.facade) {
                0 => world.send(by, to, &I::setProviderCall { jobId: id, provider, optParams: Bytes::new() }).is_ok(),
                1 => world.send(by, to, &B::setProviderCall { jobId: id, provider, agentId: U256::ZERO }).is_ok(),
                _ => world.send(by, to, &A::setProviderCall { jobId: id, provider }).is_ok(),
            }
        }
        Op::SetBudget { by, job, budget } => {
            let (by, to) = (ACTORS[by], address(model, job));
            let base = super::base::budget(id(job), DEFAULT_TOKEN, BUDGETS[budget]);
            match model.jobs.get(job).map_or(0, |job| job.facade) {
                1 => world.send(by, to, &base).is_ok(),
                _ => world.send(by, to, &budget_of(id(job), BUDGETS[budget])).is_ok(),
            }
        }
        Op::Fund { by, job, expected } => {
            world.send(ACTORS[by], address(model, job), &fund_of(id(job), BUDGETS[expected])).is_ok()
        }
        Op::Submit { by, job } => world.send(ACTORS[by], address(model, job), &submit_of(id(job))).is_ok(),
        Op::Complete { by, job } => world.send(ACTORS[by], address(model, job), &complete_of(id(job))).is_ok(),
        Op::Reject { by, job } => world.send(ACTORS[by], address(model, job), &reject_of(id(job))).is_ok(),
        Op::Claim { job } => world.send(OTHER, address(model, job), &I::claimRefundCall { jobId: id(job) }).is_ok(),
        Op::Withdraw { by, facade } => {
            let call = I::withdrawCall { token: DEFAULT_TOKEN };
            world.send(ACTORS[by], Facade::ALL[facade].address(), &call).is_ok()
        }
        Op::Block { account, blocked: true } => {
            world.block(ACTORS[account]);
            true
        }
        Op::Block { account, blocked: false } => {
            world.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::unBlacklistCall { account: ACTORS[account] });
            true
        }
        Op::Wait(seconds) => {
            world.at(model.now + seconds);
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn escrow_does_what_the_model_does(ops in prop::collection::vec(op(), 1..120)) {
        let mut genesis = Genesis { treasury: TREASURY, ..Genesis::of_network(NetworkKind::Dev) };
        (genesis.platform_fee.0, genesis.evaluator_fee.0) = (250, 150);
        let mut world = World::of(&genesis);
        for owner in ACTORS {
            for facade in Facade::ALL {
                world.allow(owner, facade.address(), u64::MAX);
            }
        }
        let balances = [HELD, HELD, 0, 0];
        let mut model = Model {
            jobs: Vec::new(), balances, treasury: 0, credits: BTreeMap::new(), blocked: [false; 4], now: NOW,
        };
        for op in &ops {
            let op = &by_right(&model, op);
            let slots = world.host.slots().clone();
            let done = perform(&mut world, &model, op);
            let mut after = model.clone();
            let expected = after.apply(op).is_some();
            prop_assert_eq!(done, expected, "{:?}", op);
            if expected {
                model = after;
            } else {
                prop_assert_eq!(world.host.slots(), &slots);
            }
            for (index, actor) in ACTORS.iter().enumerate() {
                prop_assert_eq!(world.balance(*actor), model.balances[index], "{:?}", op);
            }
            for (index, facade) in Facade::ALL.iter().enumerate() {
                prop_assert_eq!(world.balance(facade.address()), model.owed(index), "{:?}", op);
            }
            prop_assert_eq!(world.balance(TREASURY), model.treasury);
            for (index, job) in (1u64..).zip(&model.jobs) {
                prop_assert_eq!(world.status(U256::from(index)), job.status);
            }
            world.check_invariants();
        }
    }
}
