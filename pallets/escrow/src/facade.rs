//! The facades: addresses, and in what the dialects differ: events, and what hooks are told.

use crate::types::{Job, JobId};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE, IEscrow, IEscrowAcp, IEscrowBase};
use assay_kernel::{CallError, Ctx};

/// An address with a dialect. A job belongs to the facade that made it, which also holds its payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Facade {
    /// The EIP's text.
    #[default]
    Eip = 0,
    /// erc-8183/base-contracts.
    Base = 1,
    /// Virtuals ACP v2.
    Acp = 2,
}

/// What is done to a job, as its hook is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<'a> {
    Create { provider: Address, evaluator: Address },
    SetProvider { provider: Address, opt: &'a [u8] },
    SetBudget { token: Address, amount: U256, opt: &'a [u8] },
    Fund { named_token: bool, opt: &'a [u8] },
    Submit { deliverable: B256, opt: &'a [u8] },
    Complete { reason: B256, opt: &'a [u8] },
    Reject { reason: B256, opt: &'a [u8] },
}

impl Facade {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Eip, Self::Base, Self::Acp];

    /// Its number in a job and in keys.
    pub const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Where it lives.
    pub const fn address(self) -> Address {
        match self {
            Self::Eip => ESCROW,
            Self::Base => ESCROW_BASE,
            Self::Acp => ESCROW_ACP,
        }
    }

    /// Whether an address is a facade.
    pub(crate) fn is_one(address: Address) -> bool {
        Self::ALL.iter().any(|facade| facade.address() == address)
    }

    /// Runs state-changing work on the store of jobs.
    pub(crate) fn on_store<T>(
        ctx: &mut Ctx<'_>,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if ctx.address() == ESCROW { work(ctx) } else { ctx.act_for(ESCROW, work) }
    }

    /// Runs reading work on the store of jobs.
    pub(crate) fn on_view<T>(
        ctx: &mut Ctx<'_>,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if ctx.address() == ESCROW { work(ctx) } else { ctx.view_of(ESCROW, work) }
    }

    /// Runs work in the name of the facade: its events, its tokens, its calls of hooks.
    pub(crate) fn in_name<T>(
        self,
        ctx: &mut Ctx<'_>,
        work: impl FnOnce(&mut Ctx<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        if ctx.address() == self.address() { work(ctx) } else { ctx.act_for(self.address(), work) }
    }

    /// Emits an event of the facade.
    pub(crate) fn emit<E: alloy_sol_types::SolEvent>(self, ctx: &mut Ctx<'_>, event: &E) -> Result<(), CallError> {
        self.in_name(ctx, |ctx| ctx.emit(event))
    }

    pub(crate) fn emit_provider(self, ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<(), CallError> {
        let (job_id, provider) = (U256::from(id), job.provider);
        match self {
            Self::Base => {
                self.emit(ctx, &IEscrowBase::ProviderSet { jobId: job_id, provider, agentId: U256::from(job.agent) })
            }
            Self::Eip | Self::Acp => self.emit(ctx, &IEscrow::ProviderSet { jobId: job_id, provider }),
        }
    }

    pub(crate) fn emit_budget(self, ctx: &mut Ctx<'_>, id: JobId, job: &Job) -> Result<(), CallError> {
        let (job_id, amount) = (U256::from(id), U256::from(job.budget));
        match self {
            Self::Base => self.emit(ctx, &IEscrowBase::BudgetSet { jobId: job_id, token: job.token, amount }),
            Self::Eip | Self::Acp => self.emit(ctx, &IEscrow::BudgetSet { jobId: job_id, amount }),
        }
    }

    /// The selector that the hook is told.
    pub(crate) const fn selector(self, action: Action<'_>) -> FixedBytes<4> {
        FixedBytes(match (action, self) {
            (Action::Create { .. }, Self::Base) => IEscrowBase::createJobCall::SELECTOR,
            (Action::Create { .. }, _) => IEscrow::createJobCall::SELECTOR,
            (Action::SetProvider { .. }, Self::Base) => IEscrowBase::setProviderCall::SELECTOR,
            (Action::SetProvider { .. }, Self::Acp) => IEscrowAcp::setProviderCall::SELECTOR,
            (Action::SetProvider { .. }, Self::Eip) => IEscrow::setProviderCall::SELECTOR,
            (Action::SetBudget { .. }, Self::Base) => IEscrowBase::setBudgetCall::SELECTOR,
            (Action::SetBudget { .. }, _) => IEscrow::setBudgetCall::SELECTOR,
            (Action::Fund { named_token: true, .. }, _) => IEscrowBase::fund_1Call::SELECTOR,
            (Action::Fund { .. }, _) => IEscrow::fundCall::SELECTOR,
            (Action::Submit { .. }, _) => IEscrow::submitCall::SELECTOR,
            (Action::Complete { .. }, _) => IEscrow::completeCall::SELECTOR,
            (Action::Reject { .. }, _) => IEscrow::rejectCall::SELECTOR,
        })
    }

    /// What the hook is told: the EIP's encoding, or in the other dialects the caller first.
    pub(crate) fn data(self, caller: Address, action: Action<'_>) -> Bytes {
        let bytes = match (action, self) {
            (Action::Create { provider, evaluator }, _) => (caller, provider, evaluator).abi_encode_params(),
            (Action::SetProvider { provider, opt }, Self::Eip) => (provider, opt_bytes(opt)).abi_encode_params(),
            (Action::SetProvider { provider, opt }, _) => (caller, provider, opt_bytes(opt)).abi_encode_params(),
            (Action::SetBudget { amount, opt, .. }, Self::Eip) => (amount, opt_bytes(opt)).abi_encode_params(),
            (Action::SetBudget { token, amount, opt }, Self::Base) => {
                (caller, token, amount, opt_bytes(opt)).abi_encode_params()
            }
            (Action::SetBudget { amount, opt, .. }, Self::Acp) => (caller, amount, opt_bytes(opt)).abi_encode_params(),
            (Action::Fund { opt, .. }, Self::Eip) => opt.to_vec(),
            (Action::Fund { opt, .. }, _) => (caller, opt_bytes(opt)).abi_encode_params(),
            (
                Action::Submit { deliverable: word, opt }
                | Action::Complete { reason: word, opt }
                | Action::Reject { reason: word, opt },
                Self::Eip,
            ) => (word, opt_bytes(opt)).abi_encode_params(),
            (
                Action::Submit { deliverable: word, opt }
                | Action::Complete { reason: word, opt }
                | Action::Reject { reason: word, opt },
                _,
            ) => (caller, word, opt_bytes(opt)).abi_encode_params(),
        };
        bytes.into()
    }
}

fn opt_bytes(opt: &[u8]) -> Bytes {
    Bytes::copy_from_slice(opt)
}
