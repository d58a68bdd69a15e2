//! The dialect of Virtuals ACP v2.

use super::doubles::{HOOK, told};
use super::support::*;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use assay_abi::escrow::{ESCROW_ACP, IEscrow as I, IEscrowAcp as A};

#[test]
fn a_job_in_packed_order() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_ACP, &create(Address::ZERO, EVALUATOR, HOOK));
    let logs = world.logs_of(|world| {
        world.ok(CLIENT, ESCROW_ACP, &A::setProviderCall { jobId: job, provider: PROVIDER });
        world.ok(PROVIDER, ESCROW_ACP, &budget_of(job, 10));
    });
    let own: Vec<_> = logs.into_iter().collect();
    let amount = U256::from(10);
    let expected = [
        event(ESCROW_ACP, &I::ProviderSet { jobId: job, provider: PROVIDER }),
        event(ESCROW_ACP, &I::BudgetSet { jobId: job, amount }),
    ];
    assert_eq!(own, expected);
    world.allow(CLIENT, ESCROW_ACP, 10);
    world.ok(CLIENT, ESCROW_ACP, &fund_of(job, 10));
    assert_eq!(world.balance(ESCROW_ACP), 10);
    let shown = world.ok(OTHER, ESCROW_ACP, &A::getJobCall { jobId: job });
    assert_eq!((shown.client, shown.status, shown.provider, shown.hook), (CLIENT, 1, PROVIDER, HOOK));
    assert_eq!((shown.expiredAt.to::<u64>(), shown.budget), (EXPIRY, amount));
    let flat = world.ok(OTHER, ESCROW_ACP, &A::jobsCall { jobId: job });
    assert_eq!((flat.evaluator, flat.description), (EVALUATOR, shown.description));
    world.ok(PROVIDER, ESCROW_ACP, &submit_of(job));
    world.ok(EVALUATOR, ESCROW_ACP, &complete_of(job));
    assert_eq!((world.balance(PROVIDER), world.balance(ESCROW_ACP)), (10, 0));
    world.check_invariants();
    let opt = Bytes::from_static(b"opt");
    let heard = told(&world.host, HOOK);
    let created = (CLIENT, Address::ZERO, EVALUATOR).abi_encode_params();
    assert_eq!(heard[0], (false, I::createJobCall::SELECTOR, created.into()));
    // setProvider tells nobody in this dialect.
    let data = (PROVIDER, amount, opt).abi_encode_params();
    assert_eq!(heard[1], (true, I::setBudgetCall::SELECTOR, data.into()));
    assert_eq!(heard.len(), 1 + 2 * 4);
}

#[test]
fn the_eip_s_form_of_set_provider_is_not_its() {
    let mut world = World::new();
    let job = world.ok(CLIENT, ESCROW_ACP, &create(Address::ZERO, EVALUATOR, Address::ZERO));
    let call = I::setProviderCall { jobId: job, provider: PROVIDER, optParams: Bytes::new() };
    let selector = I::setProviderCall::SELECTOR.into();
    world.refused(CLIENT, ESCROW_ACP, &call, &assay_abi::errors::UnknownSelector { selector });
}
