//! The world of the tests, and the one way that they call.

use super::doubles;
use crate::{ACP_ENTRIES, BASE_ENTRIES, EIP_ENTRIES, Facade, Genesis, invariants};
use alloy_primitives::{Address, B256, Bytes, Log, U256, address};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use assay_abi::escrow::{COURT, ESCROW, ESCROW_ACP, ESCROW_BASE, IEscrow as I};
use assay_abi::identity::{IIdentityRegistry, Registries};
use assay_abi::staking::{IStaking, STAKING};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken, TOKEN_FACTORY};
use assay_kernel::{
    AccountRecord, CallError, CallReturn, CallStatus, Entry, Host as _, Item, MemoryHost, MemoryState, OutCall,
    Pallet as _, dispatch,
};
use assay_primitives::NetworkKind;
use assay_staking::StakingParams;
use assay_token::{GenesisToken, TOKEN_ENTRIES};

pub const CLIENT: Address = address!("0x0000000000000000000000000000000000c11e17");
pub const PROVIDER: Address = address!("0x0000000000000000000000000000000000094071");
pub const EVALUATOR: Address = address!("0x00000000000000000000000000000000000e7a10");
pub const OTHER: Address = address!("0x0000000000000000000000000000000000000bad");
pub const TREASURY: Address = address!("0x0000000000000000000000000000000000007ea5");
pub const ISSUER: Address = address!("0x0000000000000000000000000000000000155e40");
pub const REGISTRIES: Registries = Registries::TEST;
pub const NOW: u64 = 1_800_000_000;
pub const LIFE: u64 = 1_000;
pub const EXPIRY: u64 = NOW + LIFE;
/// What client and others hold of the default token.
pub const HELD: u64 = 1_000_000;

pub struct World {
    pub host: MemoryHost,
}

pub fn entries(module: Address) -> &'static [Entry] {
    match module {
        ESCROW => EIP_ENTRIES,
        ESCROW_BASE => BASE_ENTRIES,
        ESCROW_ACP => ACP_ENTRIES,
        STAKING => assay_staking::Staking::entries(),
        _ if module == REGISTRIES.identity => assay_identity::identity::ENTRIES,
        _ if module == REGISTRIES.reputation => assay_identity::reputation::ENTRIES,
        _ => TOKEN_ENTRIES,
    }
}

/// A native module as a callee of contracts.
pub fn module(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    match dispatch(host, entries(call.to), &call.input) {
        Ok(output) => CallReturn { status: CallStatus::Success, output },
        Err(CallError::Reverted(reverted)) => CallReturn { status: CallStatus::Reverted, output: reverted.data },
        Err(_) => CallReturn { status: CallStatus::Failed, output: Bytes::new() },
    }
}

impl World {
    pub fn new() -> Self {
        Self::of(&Genesis::of_network(NetworkKind::Dev))
    }

    /// With fees of 2.5 % for the treasury and 1.5 % for the evaluator.
    pub fn with_fees() -> Self {
        let mut genesis = Genesis { treasury: TREASURY, ..Genesis::of_network(NetworkKind::Dev) };
        (genesis.platform_fee.0, genesis.evaluator_fee.0) = (250, 150);
        Self::of(&genesis)
    }

    pub fn of(genesis: &Genesis) -> Self {
        genesis.validate().unwrap();
        let mut host = MemoryHost::new(TOKEN_FACTORY);
        host.environment_mut().timestamp = NOW;
        let holders = [CLIENT, OTHER].map(|holder| (holder, U256::from(HELD)));
        let token = GenesisToken {
            name: "assayUSD".to_owned(),
            symbol: "assayUSD".to_owned(),
            decimals: 6,
            owner: ISSUER,
            total_supply: U256::from(2 * HELD),
            holders: holders.into_iter().collect(),
        };
        let tokens = assay_token::Genesis { tokens: vec![token] };
        host.run(|ctx| assay_token::init(ctx, &tokens)).unwrap();
        host.frame_mut().address = REGISTRIES.identity;
        host.run(|ctx| assay_identity::Genesis::default().apply(ctx)).unwrap();
        host.frame_mut().address = STAKING;
        // Validators are not needed here, and a whole genesis of staking asks for one.
        host.run(|ctx| Item::new("staking.params").set(ctx, &StakingParams::dev())).unwrap();
        host.frame_mut().address = ESCROW;
        host.run(|ctx| genesis.apply(ctx)).unwrap();
        let modules = [ESCROW, ESCROW_BASE, ESCROW_ACP, STAKING, DEFAULT_TOKEN, REGISTRIES.identity];
        for address in modules {
            host.set_callee(address, module);
        }
        doubles::install(&mut host);
        Self { host }
    }

    pub fn send<C: SolCall>(&mut self, caller: Address, to: Address, call: &C) -> Result<C::Return, CallError> {
        self.send_with(caller, to, U256::ZERO, call)
    }

    pub fn send_with<C: SolCall>(
        &mut self,
        caller: Address,
        to: Address,
        value: U256,
        call: &C,
    ) -> Result<C::Return, CallError> {
        self.host.frame_mut().value = value;
        let done = self.host.transact(caller, to, entries(to), &call.abi_encode());
        self.host.frame_mut().value = U256::ZERO;
        done.map(|(output, _)| C::abi_decode_returns(&output).unwrap())
    }

    /// A call that succeeds.
    #[track_caller]
    pub fn ok<C: SolCall>(&mut self, caller: Address, to: Address, call: &C) -> C::Return {
        match self.send(caller, to, call) {
            Ok(returned) => returned,
            Err(error) => panic!("{}: {error}", C::SIGNATURE),
        }
    }

    /// A call that is refused with an error and leaves nothing behind.
    #[track_caller]
    pub fn refused<C: SolCall, E: SolError>(&mut self, caller: Address, to: Address, call: &C, with: &E) {
        let (slots, logs) = (self.host.slots().clone(), self.host.logs().len());
        match self.send(caller, to, call) {
            Err(CallError::Reverted(reverted)) => assert_eq!(reverted.data, Bytes::from(with.abi_encode())),
            Err(error) => panic!("{}: {error}", C::SIGNATURE),
            Ok(_) => panic!("{} succeeded", C::SIGNATURE),
        }
        assert_eq!((self.host.slots(), self.host.logs().len()), (&slots, logs));
    }

    /// A job of the EIP facade with this provider and hook.
    #[track_caller]
    pub fn open(&mut self, provider: Address, hook: Address) -> U256 {
        self.ok(CLIENT, ESCROW, &create(provider, EVALUATOR, hook))
    }

    /// As [`Self::open`], with a budget and allowance.
    #[track_caller]
    pub fn priced(&mut self, budget: u64, hook: Address) -> U256 {
        let job = self.open(PROVIDER, hook);
        self.ok(CLIENT, ESCROW, &budget_of(job, budget));
        self.allow(CLIENT, ESCROW, budget);
        job
    }

    #[track_caller]
    pub fn funded(&mut self, budget: u64, hook: Address) -> U256 {
        let job = self.priced(budget, hook);
        self.ok(CLIENT, ESCROW, &fund_of(job, budget));
        job
    }

    #[track_caller]
    pub fn submitted(&mut self, budget: u64, hook: Address) -> U256 {
        let job = self.funded(budget, hook);
        self.ok(PROVIDER, ESCROW, &submit_of(job));
        job
    }

    pub fn allow(&mut self, owner: Address, spender: Address, value: u64) {
        let value = U256::from(value);
        self.ok(owner, DEFAULT_TOKEN, &INativeToken::approveCall { spender, value });
    }

    pub fn balance(&mut self, account: Address) -> u64 {
        self.ok(OTHER, DEFAULT_TOKEN, &INativeToken::balanceOfCall { account }).to()
    }

    pub fn block(&mut self, account: Address) {
        self.ok(ISSUER, DEFAULT_TOKEN, &INativeToken::blacklistCall { account });
    }

    pub fn job(&mut self, job: U256) -> I::Job {
        self.ok(OTHER, ESCROW, &I::getJobCall { jobId: job })
    }

    pub fn status(&mut self, job: U256) -> u8 {
        self.job(job).status
    }

    pub fn at(&mut self, timestamp: u64) {
        self.host.environment_mut().timestamp = timestamp;
    }

    /// Registers an agent of an owner.
    pub fn agent(&mut self, owner: Address) -> U256 {
        self.ok(owner, REGISTRIES.identity, &IIdentityRegistry::register_0Call {})
    }

    /// Bonds an agent as a worker.
    pub fn bond(&mut self, payer: Address, agent: U256, wei: u128) {
        self.host.set_balance(payer, U256::from(wei));
        let call = IStaking::bondAgentCall { agentId: agent, role: 0 };
        // Memory hosts do not move the value of a call: do it beside.
        let held = self.host.run(|ctx| ctx.balance(STAKING)).unwrap();
        self.host.set_balance(STAKING, held + U256::from(wei));
        self.send_with(payer, STAKING, U256::from(wei), &call).unwrap();
        self.host.set_balance(payer, U256::ZERO);
    }

    /// The logs that work adds.
    pub fn logs_of(&mut self, work: impl FnOnce(&mut Self)) -> Vec<Log> {
        let before = self.host.logs().len();
        work(self);
        self.host.logs()[before..].to_vec()
    }

    /// The state as committed.
    pub fn state(&self) -> MemoryState {
        let mut state = MemoryState::default();
        for facade in Facade::ALL {
            state.set_account(facade.address(), AccountRecord { nonce: 1, ..AccountRecord::default() });
        }
        for ((address, slot), value) in self.host.slots() {
            state.set_storage(*address, *slot, *value);
        }
        state
    }

    #[track_caller]
    pub fn check_invariants(&self) {
        invariants::check(&self.state()).unwrap();
    }

    /// Work of a native module's frame, as the court's.
    pub fn as_court<T>(
        &mut self,
        work: impl FnOnce(&mut assay_kernel::Ctx<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let before = self.host.frame();
        self.host.frame_mut().address = COURT;
        self.host.set_gas(30_000_000);
        let result = self.host.run(work);
        *self.host.frame_mut() = before;
        result
    }
}

pub fn create(provider: Address, evaluator: Address, hook: Address) -> I::createJobCall {
    let description = "Summarise the report".to_owned();
    I::createJobCall { provider, evaluator, expiredAt: U256::from(EXPIRY), description, hook }
}

pub fn budget_of(job: U256, amount: u64) -> I::setBudgetCall {
    I::setBudgetCall { jobId: job, amount: U256::from(amount), optParams: Bytes::from_static(b"opt") }
}

pub fn fund_of(job: U256, expected: u64) -> I::fundCall {
    I::fundCall { jobId: job, expectedBudget: U256::from(expected), optParams: Bytes::from_static(b"opt") }
}

pub fn submit_of(job: U256) -> I::submitCall {
    I::submitCall { jobId: job, deliverable: WORK, optParams: Bytes::from_static(b"opt") }
}

pub fn complete_of(job: U256) -> I::completeCall {
    I::completeCall { jobId: job, reason: REASON, optParams: Bytes::from_static(b"opt") }
}

pub fn reject_of(job: U256) -> I::rejectCall {
    I::rejectCall { jobId: job, reason: REASON, optParams: Bytes::from_static(b"opt") }
}

pub const WORK: B256 = B256::repeat_byte(0xde);
pub const REASON: B256 = B256::repeat_byte(0x4e);

/// The data of an event at an address.
pub fn event<E: SolEvent>(address: Address, event: &E) -> Log {
    Log { address, data: event.encode_log_data() }
}
