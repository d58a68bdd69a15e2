//! The life of jobs in the EIP's dialect against `tests/clients/contracts/Jobs.sol` on one machine, each with its own token:
//! random calls give equal outputs, equal refusals, equal events and equal balances.

use super::chain::{Chain, Key, spec};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, hex};
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::escrow::{ESCROW, IEscrow as I};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken as T};
use assay_kernel::MemoryState;
use assay_primitives::Bps;
use assay_vm::{BlockEnvironment, Executor, TxOutcome, TxRequest, TxStatus};
use proptest::prelude::*;

/// Init code, as the client tests' compiler makes it of the sources; a client test compares.
const JOBS: &str = include_str!("../../data/reference-jobs.hex");
const TOKEN: &str = include_str!("../../data/reference-token.hex");
const NOW: u64 = 1_800_000_000;
const HELD: u64 = 100_000;
const TREASURY: usize = 4;
/// Clients, providers and evaluators, and who gets the platform's fee.
const ACTORS: usize = 5;
/// Stands for escrow itself as a party.
const ITSELF: usize = ACTORS;
/// Stands for nobody.
const NOBODY: usize = ACTORS + 1;

/// One side: where its jobs and its tokens are.
#[derive(Clone, Copy)]
struct Side {
    jobs: Address,
    token: Address,
}

const NATIVE: Side = Side { jobs: ESCROW, token: DEFAULT_TOKEN };

struct Machine {
    chain: Chain,
    state: MemoryState,
    solidity: Side,
    now: u64,
}

fn actor(index: usize) -> Address {
    Key::new(index as u8).address()
}

impl Side {
    fn who(&self, index: usize) -> Address {
        match index {
            ITSELF => self.jobs,
            NOBODY => Address::ZERO,
            actor => self::actor(actor),
        }
    }

    /// A word with this side's addresses replaced by the native ones.
    fn translated(&self, word: B256) -> B256 {
        match Address::from_word(word) {
            address if address.into_word() != word => word,
            address if address == self.jobs => ESCROW.into_word(),
            address if address == self.token => DEFAULT_TOKEN.into_word(),
            _ => word,
        }
    }
}

impl Machine {
    fn new() -> Self {
        let mut spec = spec();
        let holders: Vec<Address> = (0..ACTORS).map(actor).collect();
        let token = &mut spec.token.tokens[0];
        token.owner = actor(0);
        token.holders = holders.iter().map(|holder| (*holder, U256::from(HELD))).collect();
        token.total_supply = U256::from(HELD) * U256::from(ACTORS);
        spec.escrow.treasury = actor(TREASURY);
        (spec.escrow.platform_fee, spec.escrow.evaluator_fee) = (Bps(250), Bps(150));
        let (min, max) = (spec.escrow.job_time_s_min, spec.escrow.job_time_s_max);
        let chain = Chain::of(spec);
        let state = chain.state.clone();
        let mut machine = Self { chain, state, solidity: NATIVE, now: NOW };
        let token = machine.deploy(TOKEN, &(actor(0), holders, U256::from(HELD)).abi_encode_params());
        let numbers = [250, 150, min, max].map(U256::from);
        let arguments = (token, actor(TREASURY), numbers[0], numbers[1], numbers[2], numbers[3]).abi_encode_params();
        machine.solidity = Side { jobs: machine.deploy(JOBS, &arguments), token };
        for by in 0..ACTORS {
            for side in [NATIVE, machine.solidity] {
                let call = T::approveCall { spender: side.jobs, value: U256::MAX };
                assert!(machine.run(actor(by), side.token.into(), call.abi_encode()).is_success());
            }
        }
        machine
    }

    fn run(&mut self, caller: Address, kind: TxKind, data: Vec<u8>) -> TxOutcome {
        let block = BlockEnvironment { timestamp: self.now, gas_limit: 120_000_000, ..BlockEnvironment::default() };
        let executive = &self.chain.executive;
        let mut executor = Executor::new(&self.state, executive.rules(), block, executive.natives());
        let request = TxRequest { caller, kind, data: data.into(), gas_limit: 16_000_000, ..TxRequest::default() };
        let outcome = executor.transact(&request).unwrap();
        let changes = executor.finish();
        self.state.apply(&changes);
        outcome
    }

    fn deploy(&mut self, code: &str, arguments: &[u8]) -> Address {
        let code = [&hex::decode(code.trim()).unwrap()[..], arguments].concat();
        let outcome = self.run(actor(0), TxKind::Create, code);
        assert!(outcome.is_success(), "{outcome:?}");
        outcome.created.unwrap()
    }

    /// The same call to both sides; whether both succeeded.
    fn both(&mut self, by: usize, to_token: bool, input: impl Fn(&Side) -> Vec<u8>) -> bool {
        let solidity = self.solidity;
        let [native, reference] = [NATIVE, solidity].map(|side| {
            let to = if to_token { side.token } else { side.jobs };
            let outcome = self.run(actor(by), to.into(), input(&side));
            assert!(!matches!(outcome.status, TxStatus::Halted(_)), "{outcome:?}");
            said(&side, outcome)
        });
        assert_eq!(native, reference);
        native.0 == TxStatus::Success
    }

    fn balances(&mut self, side: Side) -> Vec<Bytes> {
        let mut of = |account: Address| {
            let call = T::balanceOfCall { account };
            self.run(actor(0), side.token.into(), call.abi_encode()).output
        };
        let held = (0..=ACTORS).map(|index| of(side.who(index))).collect::<Vec<_>>();
        let credits =
            (0..ACTORS).map(|index| I::creditOfCall { token: side.token, account: actor(index) }.abi_encode());
        let credits: Vec<_> = credits.map(|call| self.run(actor(0), side.jobs.into(), call).output).collect();
        [held, credits].concat()
    }
}

fn said(side: &Side, outcome: TxOutcome) -> (TxStatus, Bytes, Vec<Log>) {
    let words = |bytes: &[u8]| -> Vec<u8> {
        let (head, tail) = bytes.split_at(bytes.len() % 32);
        let tail = tail.chunks(32).flat_map(|word| side.translated(B256::from_slice(word)).0);
        head.iter().copied().chain(tail).collect()
    };
    let log = |log: Log| {
        let topics = log.topics().iter().map(|topic| side.translated(*topic)).collect();
        let address = Address::from_word(side.translated(log.address.into_word()));
        Log::new_unchecked(address, topics, words(&log.data.data).into())
    };
    (outcome.status, words(&outcome.output).into(), outcome.logs.into_iter().map(log).collect())
}

#[derive(Clone, Debug)]
enum Op {
    Create { by: usize, provider: usize, evaluator: usize, hook: usize, life: u64, text: usize },
    SetProvider { by: usize, job: u64, provider: usize },
    SetBudget { by: usize, job: u64, amount: u128 },
    Fund { by: usize, job: u64, expected: u128 },
    Submit { by: usize, job: u64, empty: bool },
    Complete { by: usize, job: u64 },
    Reject { by: usize, job: u64 },
    Claim { by: usize, job: u64 },
    Withdraw { by: usize },
    Block { account: usize, blocked: bool },
    Pause { paused: bool },
    Wait { seconds: u64 },
}

/// Mostly the actor who has this part in most jobs.
fn by(usual: usize) -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(usual), 1 => 0..ACTORS]
}

fn op() -> impl Strategy<Value = Op> {
    let (job, party) = (0u64..5, 0..NOBODY + 1);
    let amount = prop_oneof![8 => Just(1_000u128), 2 => 0u128..60_000, 1 => any::<u128>()];
    let life = prop_oneof![6 => 6u64..40, 1 => 0u64..7, 1 => any::<u64>()];
    prop_oneof![
        4 => (by(0), prop_oneof![4 => Just(1), 1 => party.clone()], prop_oneof![4 => Just(2), 1 => party.clone()],
              prop_oneof![8 => Just(NOBODY), 1 => party.clone()], life, 0usize..70).prop_map(
            |(by, provider, evaluator, hook, life, text)| Op::Create { by, provider, evaluator, hook, life, text }
        ),
        1 => (by(0), job.clone(), party).prop_map(|(by, job, provider)| Op::SetProvider { by, job, provider }),
        4 => (by(0), job.clone(), amount.clone()).prop_map(|(by, job, amount)| Op::SetBudget { by, job, amount }),
        6 => (by(0), job.clone(), amount).prop_map(|(by, job, expected)| Op::Fund { by, job, expected }),
        5 => (by(1), job.clone(), any::<bool>()).prop_map(|(by, job, empty)| Op::Submit { by, job, empty }),
        3 => (by(2), job.clone()).prop_map(|(by, job)| Op::Complete { by, job }),
        1 => (prop_oneof![by(2), by(0)], job.clone()).prop_map(|(by, job)| Op::Reject { by, job }),
        2 => (0..ACTORS, job).prop_map(|(by, job)| Op::Claim { by, job }),
        2 => (0..ACTORS).prop_map(|by| Op::Withdraw { by }),
        1 => (0..ACTORS, any::<bool>()).prop_map(|(account, blocked)| Op::Block { account, blocked }),
        1 => prop_oneof![3 => Just(false), 1 => Just(true)].prop_map(|paused| Op::Pause { paused }),
        2 => (0u64..8).prop_map(|seconds| Op::Wait { seconds }),
    ]
}

/// Whether a call was made and succeeded on both sides.
fn perform(machine: &mut Machine, op: &Op) -> bool {
    let (number, none, now) = (|job: u64| U256::from(job), Bytes::new, machine.now);
    match *op {
        Op::Create { by, provider, evaluator, hook, life, text } => machine.both(by, false, |side| {
            let expires = U256::from(now) + U256::from(life);
            let description = "x".repeat(text);
            let [provider, evaluator, hook] = [provider, evaluator, hook].map(|index| side.who(index));
            I::createJobCall { provider, evaluator, expiredAt: expires, description, hook }.abi_encode()
        }),
        Op::SetProvider { by, job, provider } => machine.both(by, false, |side| {
            I::setProviderCall { jobId: number(job), provider: side.who(provider), optParams: none() }.abi_encode()
        }),
        Op::SetBudget { by, job, amount } => {
            // More than fits, at times.
            let amount = U256::from(amount) << usize::from(amount % 97 == 96);
            let call = I::setBudgetCall { jobId: number(job), amount, optParams: none() };
            machine.both(by, false, |_| call.abi_encode())
        }
        Op::Fund { by, job, expected } => {
            let call = I::fundCall { jobId: number(job), expectedBudget: U256::from(expected), optParams: none() };
            machine.both(by, false, |_| call.abi_encode())
        }
        Op::Submit { by, job, empty } => {
            let deliverable = if empty { B256::ZERO } else { B256::repeat_byte(7) };
            let call = I::submitCall { jobId: number(job), deliverable, optParams: none() };
            machine.both(by, false, |_| call.abi_encode())
        }
        Op::Complete { by, job } => {
            let call = I::completeCall { jobId: number(job), reason: B256::repeat_byte(9), optParams: none() };
            machine.both(by, false, |_| call.abi_encode())
        }
        Op::Reject { by, job } => {
            let call = I::rejectCall { jobId: number(job), reason: B256::repeat_byte(8), optParams: none() };
            machine.both(by, false, |_| call.abi_encode())
        }
        Op::Claim { by, job } => machine.both(by, false, |_| I::claimRefundCall { jobId: number(job) }.abi_encode()),
        Op::Withdraw { by } => machine.both(by, false, |side| I::withdrawCall { token: side.token }.abi_encode()),
        Op::Block { account, blocked } => {
            let account = actor(account);
            let call = if blocked {
                T::blacklistCall { account }.abi_encode()
            } else {
                T::unBlacklistCall { account }.abi_encode()
            };
            machine.both(0, true, |_| call.clone())
        }
        Op::Pause { paused: true } => machine.both(0, true, |_| T::pauseCall {}.abi_encode()),
        Op::Pause { paused: false } => machine.both(0, true, |_| T::unpauseCall {}.abi_encode()),
        Op::Wait { seconds } => {
            machine.now += seconds;
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn jobs_are_what_they_are_in_solidity(ops in prop::collection::vec(op(), 1..80)) {
        let mut machine = Machine::new();
        for op in &ops {
            perform(&mut machine, op);
            let solidity = machine.solidity;
            prop_assert_eq!(machine.balances(NATIVE), machine.balances(solidity), "{:?}", op);
        }
    }
}

#[test]
fn every_end_of_a_job_is_reached_on_both() {
    let mut machine = Machine::new();
    let mut does = |op: Op| assert!(perform(&mut machine, &op), "{op:?}");
    let ends: [&[Op]; 4] = [
        &[Op::Complete { by: 2, job: 1 }],
        &[Op::Reject { by: 2, job: 2 }],
        &[Op::Wait { seconds: 60 }, Op::Claim { by: 3, job: 3 }],
        &[
            Op::Block { account: 1, blocked: true },
            Op::Complete { by: 2, job: 4 },
            Op::Block { account: 1, blocked: false },
            Op::Withdraw { by: 1 },
        ],
    ];
    for (job, end) in (1..).zip(ends) {
        does(Op::Create { by: 0, provider: NOBODY, evaluator: 2, hook: NOBODY, life: 50, text: 40 });
        does(Op::SetProvider { by: 0, job, provider: 1 });
        does(Op::SetBudget { by: 1, job, amount: 1_000 });
        does(Op::Fund { by: 0, job, expected: 1_000 });
        does(Op::Submit { by: 1, job, empty: false });
        end.iter().cloned().for_each(&mut does);
    }
    let solidity = machine.solidity;
    assert_eq!(machine.balances(NATIVE), machine.balances(solidity));
    let paid = 2 * (1_000 - 25 - 15);
    assert_eq!(machine.balances(NATIVE)[1], Bytes::from(U256::from(HELD + paid).abi_encode()));
}
