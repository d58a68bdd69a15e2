//! Jobs on the chain: transactions of all three dialects, a token and a hook of EVM code, invariants after every block.

use super::chain::{Chain, Key};
use super::token::token_spec;
use crate::Executed;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::{SolCall, SolEvent as _, SolValue as _};
use assay_abi::escrow::{ESCROW, ESCROW_ACP, ESCROW_BASE, IEscrow, IEscrowBase, IPaymentToken};
use assay_abi::token::{DEFAULT_TOKEN, INativeToken};
use assay_kernel::Ctx;
use assay_primitives::CheckedTx;

/// ERC-165 for the hook interface; every other call claims the refund of job 1, and fails where that succeeds.
const HOOK: [u8; 94] = hex!(
    "5f3560e01c6301ffc9a714604257" // asked by ERC-165: to 0x42
    "635b7baf6460e01b5f526001600452" // claimRefund(1)
    "5f5f60245f5f73a55a4000000000000000000000000000000000005af1" // called at escrow
    "603e5700" // stop where that fails
    "5b5f5ffd" // 0x3e: revert
    "5b60043560e01c806301ffc9a714" // 0x42: ERC-165 itself,
    "90637ff6bc9e14175f5260205ff3" // or the hook interface
);
const REFERENCE_TOKEN: &str = include_str!("../../data/reference-token.hex");

fn tx<C: SolCall>(key: &Key, nonce: u64, to: Address, call: &C) -> CheckedTx {
    key.dynamic(|tx| {
        tx.nonce = nonce;
        tx.to = to.into();
        tx.input = call.abi_encode().into();
        tx.gas_limit = 4_000_000;
    })
}

fn succeed(executed: &Executed) {
    for (index, receipt) in executed.receipts.iter().enumerate() {
        assert!(receipt.receipt.success, "{index}: {}", hex::encode(&receipt.revert_data));
    }
}

/// Job 1 is the first that anybody makes.
fn order(chain: &Chain, provider: Address, evaluator: Address, life: u64, hook: Address) -> IEscrow::createJobCall {
    let now = chain.parent.timestamp_ms().seconds();
    let description = "Translate the report".to_owned();
    IEscrow::createJobCall { provider, evaluator, expiredAt: U256::from(now + life), description, hook }
}

fn budget(job: u64, amount: u64) -> IEscrow::setBudgetCall {
    IEscrow::setBudgetCall { jobId: U256::from(job), amount: U256::from(amount), optParams: Bytes::new() }
}

fn fund(job: u64, amount: u64) -> IEscrow::fundCall {
    IEscrow::fundCall { jobId: U256::from(job), expectedBudget: U256::from(amount), optParams: Bytes::new() }
}

fn submit(job: u64) -> IEscrow::submitCall {
    IEscrow::submitCall { jobId: U256::from(job), deliverable: B256::repeat_byte(7), optParams: Bytes::new() }
}

fn complete(job: u64) -> IEscrow::completeCall {
    IEscrow::completeCall { jobId: U256::from(job), reason: B256::ZERO, optParams: Bytes::new() }
}

fn approve(spender: Address, value: u64) -> INativeToken::approveCall {
    INativeToken::approveCall { spender, value: U256::from(value) }
}

fn job(chain: &Chain, id: u64) -> assay_escrow::types::Job {
    let read = |ctx: &mut Ctx<'_>| assay_escrow::api::job(ctx, id);
    assay_kernel::read(&chain.state, ESCROW, read).unwrap().unwrap()
}

fn balance(chain: &Chain, account: Address) -> u64 {
    let read = |ctx: &mut Ctx<'_>| assay_token::api::balance_of(ctx, DEFAULT_TOKEN, account);
    assay_kernel::read(&chain.state, DEFAULT_TOKEN, read).unwrap().to()
}

/// Clients' keys hold 1,000 of the default token, and a job lives two seconds at least.
fn chain() -> Chain {
    let mut spec = token_spec();
    spec.escrow.job_time_s_min = 1;
    Chain::of(spec)
}

#[test]
fn a_job_from_order_to_payment_in_one_block() {
    for facade in [ESCROW, ESCROW_ACP] {
        let mut chain = chain();
        let (client, provider, evaluator) = (Key::new(1), Key::new(2), Key::new(3));
        let create = order(&chain, provider.address(), evaluator.address(), 60, Address::ZERO);
        let (executed, _) = chain.commit(&[
            tx(&client, 0, facade, &create),
            tx(&client, 1, DEFAULT_TOKEN, &approve(facade, 400)),
            tx(&client, 2, facade, &budget(1, 400)),
            tx(&client, 3, facade, &fund(1, 400)),
            tx(&provider, 0, facade, &submit(1)),
            tx(&evaluator, 0, facade, &complete(1)),
        ]);
        succeed(&executed);
        assert_eq!((balance(&chain, client.address()), balance(&chain, provider.address())), (600, 1_400));
        let last = executed.receipts.last().unwrap();
        let own: Vec<_> = last.receipt.logs.iter().filter(|log| log.address == facade).collect();
        assert_eq!(own[0].data.topics()[0], IEscrow::JobCompleted::SIGNATURE_HASH);
        assert_eq!(own[1].data.topics()[0], IEscrow::PaymentReleased::SIGNATURE_HASH);
        assert_eq!(job(&chain, 1).status.number(), 3);
    }
}

#[test]
fn a_token_of_evm_code_pays_in_the_base_dialect() {
    let mut chain = chain();
    let (client, provider, evaluator) = (Key::new(1), Key::new(2), Key::new(3));
    let arguments = (client.address(), vec![client.address()], U256::from(1_000)).abi_encode_params();
    let code = [hex::decode(REFERENCE_TOKEN.trim()).unwrap(), arguments].concat();
    let creation = client.dynamic(|tx| {
        tx.to = alloy_primitives::TxKind::Create;
        tx.input = code.into();
        tx.gas_limit = 10_000_000;
    });
    succeed(&chain.commit(&[creation]).0);
    let token = client.address().create(0);
    let IEscrow::createJobCall { provider: to, evaluator: judge, expiredAt, description, hook } =
        order(&chain, provider.address(), evaluator.address(), 60, Address::ZERO);
    let create = IEscrowBase::createJobCall {
        provider: to,
        evaluator: judge,
        expiredAt,
        description,
        hook,
        providerAgentId: U256::ZERO,
    };
    let price =
        IEscrowBase::setBudgetCall { jobId: U256::ONE, token, amount: U256::from(300), optParams: Bytes::new() };
    let (executed, _) = chain.commit(&[
        tx(&client, 1, ESCROW_BASE, &create),
        tx(&provider, 0, ESCROW_BASE, &price),
        tx(&client, 2, token, &approve(ESCROW_BASE, 300)),
        tx(&client, 3, ESCROW_BASE, &fund(1, 300)),
        tx(&provider, 1, ESCROW_BASE, &submit(1)),
        tx(&evaluator, 0, ESCROW_BASE, &complete(1)),
    ]);
    succeed(&executed);
    let mover: Vec<_> = executed.receipts[5].receipt.logs.iter().map(|log| log.address).collect();
    assert_eq!(mover, [token, ESCROW_BASE, ESCROW_BASE]);
    // The provider has it now, and can move it.
    let back = IPaymentToken::transferCall { to: client.address(), value: U256::from(300) };
    succeed(&chain.commit(&[tx(&provider, 2, token, &back)]).0);
}

#[test]
fn a_hook_of_evm_code_cannot_call_back() {
    let mut chain = chain();
    let (client, provider, evaluator) = (Key::new(1), Key::new(2), Key::new(3));
    // Creation code: copy the runtime code behind it, and return it.
    let init = [&hex!("605e8060095f395ff3")[..], &HOOK[..]].concat();
    let creation = client.dynamic(|tx| {
        tx.to = alloy_primitives::TxKind::Create;
        tx.input = init.into();
        tx.gas_limit = 1_000_000;
    });
    succeed(&chain.commit(&[creation]).0);
    let hook = client.address().create(0);
    // Job 1 is funded and expires: its refund is anybody's to claim.
    let short = order(&chain, provider.address(), evaluator.address(), 3, Address::ZERO);
    let (executed, _) = chain.commit(&[
        tx(&client, 1, ESCROW, &short),
        tx(&client, 2, DEFAULT_TOKEN, &approve(ESCROW, 400)),
        tx(&client, 3, ESCROW, &budget(1, 400)),
        tx(&client, 4, ESCROW, &fund(1, 400)),
    ]);
    succeed(&executed);
    for _ in 0..8 {
        chain.commit(&[]);
    }
    let hooked = order(&chain, provider.address(), evaluator.address(), 60, hook);
    let (executed, _) = chain.commit(&[tx(&client, 5, ESCROW, &hooked), tx(&client, 6, ESCROW, &budget(2, 10))]);
    // The hook fails where its call succeeds: it did not.
    succeed(&executed);
    assert_eq!((job(&chain, 1).status.number(), balance(&chain, client.address())), (1, 600));
    // Outside of escrow's own call the same code gets through, and then fails as it is written.
    let called = chain.commit(&[client.call(7, hook, &hex!("00000000"))]).0;
    assert!(!called.receipts[0].receipt.success);
    let claim = IEscrow::claimRefundCall { jobId: U256::ONE };
    succeed(&chain.commit(&[tx(&provider, 0, ESCROW, &claim)]).0);
    assert_eq!(balance(&chain, client.address()), 1_000);
}
