//! CPU and gas of the registries over a host of maps: what the native code costs, without a virtual machine or a disk.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::print_stdout, reason = "a benchmark")]

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use assay_abi::identity::{IIdentityRegistry as identity, IReputationRegistry as reputation, Registries};
use assay_identity::Genesis;
use assay_kernel::{Entry, MemoryHost};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const OWNER: Address = Address::repeat_byte(1);
const CLIENT: Address = Address::repeat_byte(2);

fn call<C: SolCall>(host: &mut MemoryHost, registry: Address, caller: Address, call: &C) -> (Bytes, u64) {
    let entries: &[Entry] = if registry == Registries::TEST.identity {
        assay_identity::identity::ENTRIES
    } else {
        assay_identity::reputation::ENTRIES
    };
    host.transact(caller, registry, entries, &call.abi_encode()).unwrap()
}

fn register() -> identity::register_1Call {
    identity::register_1Call { agentURI: "ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".into() }
}

fn feedback() -> reputation::giveFeedbackCall {
    reputation::giveFeedbackCall {
        agentId: U256::from(1),
        value: 87,
        valueDecimals: 0,
        tag1: "quality".into(),
        tag2: "fast".into(),
        endpoint: "https://agent.example".into(),
        feedbackURI: "ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG".into(),
        feedbackHash: B256::repeat_byte(3),
    }
}

fn summary() -> reputation::getSummaryCall {
    let clients = vec![CLIENT];
    reputation::getSummaryCall {
        agentId: U256::from(1),
        clientAddresses: clients,
        tag1: String::new(),
        tag2: String::new(),
    }
}

/// A world in which agent 1 has some feedback of one client.
fn world(entries: u32) -> MemoryHost {
    let mut host = MemoryHost::new(Registries::TEST.identity);
    host.run(|ctx| Genesis::default().apply(ctx)).unwrap();
    call(&mut host, Registries::TEST.identity, OWNER, &register());
    for _ in 0..entries {
        call(&mut host, Registries::TEST.reputation, CLIENT, &feedback());
    }
    host
}

fn registries(criterion: &mut Criterion) {
    let Registries { identity, reputation, .. } = Registries::TEST;
    let fresh = || world(0);
    let gas = call(&mut fresh(), identity, OWNER, &register()).1;
    println!("identity/register/uri=53: {gas} gas in the frame");
    criterion.bench_function("identity/register/uri=53", |bencher| {
        bencher.iter_batched_ref(
            fresh,
            |host| black_box(call(host, identity, OWNER, &register())),
            BatchSize::SmallInput,
        );
    });
    for entries in [0, 1] {
        let gas = call(&mut world(entries), reputation, CLIENT, &feedback()).1;
        println!("identity/giveFeedback/before={entries}: {gas} gas in the frame");
        criterion.bench_function(&format!("identity/giveFeedback/before={entries}"), |bencher| {
            let work = |host: &mut MemoryHost| black_box(call(host, reputation, CLIENT, &feedback()));
            bencher.iter_batched_ref(|| world(entries), work, BatchSize::SmallInput);
        });
    }
    for entries in [1, 100, 500] {
        let mut host = world(entries);
        let gas = call(&mut host, reputation, OWNER, &summary()).1;
        println!("identity/getSummary/entries={entries}: {gas} gas in the frame");
        criterion.bench_function(&format!("identity/getSummary/entries={entries}"), |bencher| {
            bencher.iter(|| black_box(call(&mut host, reputation, OWNER, &summary())));
        });
    }
}

criterion_group!(benches, registries);
criterion_main!(benches);
