//! Hooks: what they are told, and what they can and cannot do.

use super::doubles::*;
use super::support::*;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::escrow::{ESCROW, IEscrow as I, IEscrowErrors as E};
use assay_kernel::{CallError, Halt};

const OPT: &[u8] = b"opt";

#[test]
fn a_hook_is_told_in_the_words_of_the_eip() {
    let mut world = World::new();
    let job = world.open(Address::ZERO, HOOK);
    world.ok(CLIENT, ESCROW, &I::setProviderCall { jobId: job, provider: PROVIDER, optParams: OPT.into() });
    world.ok(CLIENT, ESCROW, &budget_of(job, 10));
    world.allow(CLIENT, ESCROW, 10);
    world.ok(CLIENT, ESCROW, &fund_of(job, 10));
    world.ok(PROVIDER, ESCROW, &submit_of(job));
    world.ok(EVALUATOR, ESCROW, &complete_of(job));
    let opt = Bytes::from_static(OPT);
    let expected = [
        (I::setProviderCall::SELECTOR, (PROVIDER, opt.clone()).abi_encode_params()),
        (I::setBudgetCall::SELECTOR, (U256::from(10), opt.clone()).abi_encode_params()),
        (I::fundCall::SELECTOR, OPT.to_vec()),
        (I::submitCall::SELECTOR, (WORK, opt.clone()).abi_encode_params()),
        (I::completeCall::SELECTOR, (REASON, opt).abi_encode_params()),
    ];
    let mut all = Vec::new();
    for (selector, data) in expected {
        all.push((true, selector, Bytes::from(data.clone())));
        all.push((false, selector, Bytes::from(data)));
    }
    assert_eq!(told(&world.host, HOOK), all);
}

#[test]
fn only_what_answers_for_the_interface_is_a_hook() {
    let mut world = World::new();
    for hook in [MUTE, BOASTING, BROKEN, OTHER] {
        world.refused(CLIENT, ESCROW, &create(PROVIDER, EVALUATOR, hook), &E::InvalidHook {});
    }
    world.open(PROVIDER, HOOK);
}

#[test]
fn a_refund_asks_no_hook() {
    let mut world = World::new();
    for hook in [HOOK, GREEDY, REFUSING, REGRETTING] {
        // Funded under a hook that lets it: escrow itself does not tell them apart.
        let job = world.funded(10, HOOK);
        let slot = assay_kernel::storage::map_slot("escrow.jobs", &job.to::<u64>()) + U256::from(3);
        let word = U256::from_be_bytes(hook.into_word().0);
        world.host.run(|ctx| ctx.sstore(slot, word)).unwrap();
        let before = seen(&world.host, HOOK);
        world.at(EXPIRY);
        world.ok(OTHER, ESCROW, &I::claimRefundCall { jobId: job });
        assert_eq!((world.status(job), seen(&world.host, HOOK)), (5, before));
        world.at(NOW);
    }
    assert_eq!(world.balance(CLIENT), HELD);
}

#[test]
fn a_hook_may_refuse_before_and_after() {
    let mut world = World::new();
    for hook in [REFUSING, REGRETTING] {
        let job = world.open(PROVIDER, hook);
        let slots = world.host.slots().clone();
        match world.send(CLIENT, ESCROW, &budget_of(job, 10)) {
            Err(CallError::Reverted(reverted)) => assert_eq!(reverted.data, b"refused by the double"[..]),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.host.slots(), &slots);
    }
}

#[test]
fn a_hook_that_burns_all_gas_costs_a_million_and_refuses() {
    let mut world = World::new();
    let job = world.open(PROVIDER, GREEDY);
    world.refused(CLIENT, ESCROW, &budget_of(job, 10), &E::HookCallFailed {});
    // What is left after it is the caller's: of 30 million a million and a little is gone.
    let input = budget_of(job, 10).abi_encode();
    world.host.set_gas(30_000_000);
    assert!(world.host.send(CLIENT, ESCROW, entries(ESCROW), &input).is_err());
    let left = assay_kernel::Host::gas_left(&world.host);
    assert!((28_900_000..29_000_000).contains(&left), "{left}");
    // With little gas the call ends, and nothing is half done.
    world.host.set_gas(30_000);
    match world.host.send(CLIENT, ESCROW, entries(ESCROW), &input) {
        Err(CallError::Halted(Halt::OutOfGas) | CallError::Reverted(_)) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(world.job(job).budget, U256::ZERO);
}

#[test]
fn a_hook_reads_the_job_while_it_runs() {
    // Views are served while escrow is locked: the double's calls back were refused, a view is not.
    let mut world = World::new();
    let job = world.priced(10, CALLING_BACK);
    assert_eq!(world.job(job).budget, U256::from(10));
    world.check_invariants();
}
