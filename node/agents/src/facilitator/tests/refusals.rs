//! Every refusal by name.

use super::super::payment::Payment;
use super::super::reason::{self, Trouble};
use super::stub::{Stub, Table};
use super::{config, facilitator, key, payment, run, sign};
use crate::facilitator::FacilitatorConfig;
use alloy_primitives::{Address, U256};

async fn verdict(
    payment: &Payment,
    table: impl FnOnce(&mut Table),
    set: impl FnOnce(&mut FacilitatorConfig),
) -> Result<(), &'static str> {
    let stub = Stub::start().await;
    table(&mut stub.table.lock());
    let mut config = config(&stub);
    set(&mut config);
    let of = facilitator(config, 1).await;
    let verdict = of.verify(payment).await.map_err(|trouble| match trouble {
        Trouble::Refused(refusal) => refusal.reason,
        Trouble::Unavailable(message) => panic!("{message}"),
    });
    // Settling refuses the same, before anything is sent.
    let settled = of.settle(payment).await.map(drop).map_err(|trouble| match trouble {
        Trouble::Refused(refusal) => refusal.reason,
        Trouble::Unavailable(message) => panic!("{message}"),
    });
    assert_eq!(settled, verdict);
    assert_eq!(stub.table.lock().taken.len(), usize::from(verdict.is_ok()));
    verdict
}

/// A sound payment with one thing changed after signing.
async fn check(change: impl FnOnce(&mut Payment), expected: Result<(), &'static str>) {
    let mut payment = payment(1);
    change(&mut payment);
    assert_eq!(verdict(&payment, |_| {}, |_| {}).await, expected);
}

/// A sound payment on a chain, or under settings, that refuse it.
async fn check_where(
    table: impl FnOnce(&mut Table),
    set: impl FnOnce(&mut FacilitatorConfig),
    expected: Result<(), &'static str>,
) {
    assert_eq!(verdict(&payment(1), table, set).await, expected);
}

#[test]
fn what_does_not_match_is_refused() {
    run(async {
        check(|_| {}, Ok(())).await;
        check(|p| p.scheme = "upto".to_owned(), Err(reason::SCHEME)).await;
        check(|p| p.terms.scheme = "upto".to_owned(), Err(reason::SCHEME)).await;
        check(|p| p.network = "eip155:1".to_owned(), Err(reason::NETWORK)).await;
        check(|p| p.terms.network = "eip155:1".to_owned(), Err(reason::NETWORK)).await;
        check(
            |p| {
                p.network = "eip155:1".to_owned();
                p.terms.network = "eip155:1".to_owned();
            },
            Err(reason::NETWORK),
        )
        .await;
        check(|p| p.terms.name = None, Err(reason::NO_DOMAIN)).await;
        check(|p| p.terms.version = None, Err(reason::NO_DOMAIN)).await;
        check(|p| p.terms.name = Some("USDC".to_owned()), Err(reason::TOKEN_NAME)).await;
        check(|p| p.terms.version = Some("1".to_owned()), Err(reason::TOKEN_VERSION)).await;
        check(|p| p.terms.asset = Address::repeat_byte(1), Err(reason::INVALID_REQUIREMENTS)).await;
        check(|p| p.terms.asset = assay_abi::token_address(0), Err(reason::INVALID_REQUIREMENTS)).await;
        check(|p| p.terms.asset = assay_abi::token_address(2), Err(reason::SIGNATURE)).await;
        check(|p| p.terms.pay_to = Address::repeat_byte(1), Err(reason::RECIPIENT)).await;
        check(|p| p.terms.amount = U256::from(4), Err(reason::VALUE)).await;
        check(|p| p.terms.amount = U256::from(6), Err(reason::VALUE)).await;
    });
}

#[test]
fn windows_are_judged_with_a_margin() {
    run(async {
        let now = super::super::terms::now();
        let window = |after: u64, before: u64| {
            let mut payment = payment(1);
            payment.authorization.valid_after = U256::from(after);
            payment.authorization.valid_before = U256::from(before);
            sign(payment)
        };
        for (after, before, expected) in [
            (now - 1, now + 60, Ok(())),
            (now + 60, now + 120, Err(reason::VALID_AFTER)),
            (0, now + 3, Err(reason::VALID_BEFORE)),
            (0, 0, Err(reason::VALID_BEFORE)),
        ] {
            assert_eq!(verdict(&window(after, before), |_| {}, |_| {}).await, expected, "{after} {before}");
        }
    });
}

#[test]
fn signatures_of_others_are_refused() {
    run(async {
        check(|p| p.authorization.from = Address::repeat_byte(7), Err(reason::SIGNATURE)).await;
        check(|p| p.authorization.nonce.0[0] ^= 1, Err(reason::SIGNATURE)).await;
        check(|p| p.signature = p.signature.slice(..64), Err(reason::SIGNATURE)).await;
        check(|p| p.signature = Default::default(), Err(reason::SIGNATURE)).await;
        check(|p| p.signature = [0; 65].into(), Err(reason::SIGNATURE)).await;
        let counterfactual =
            |p: &mut Payment| p.signature = [[1; 32], [0x64, 0x92].repeat(16).try_into().unwrap()].concat().into();
        check(counterfactual, Err(reason::FACTORY)).await;
    });
}

#[test]
fn a_payer_with_code_is_asked_itself() {
    run(async {
        let mut wallet = payment(1);
        wallet.signature = vec![1; 130].into();
        let payer = key(9).address();
        let yes = |table: &mut Table| table.wallets = [(payer, true)].into();
        let no = |table: &mut Table| table.wallets = [(payer, false)].into();
        assert_eq!(verdict(&wallet, yes, |_| {}).await, Ok(()));
        assert_eq!(verdict(&wallet, no, |_| {}).await, Err(reason::SIGNATURE));
        assert_eq!(verdict(&payment(1), no, |_| {}).await, Err(reason::SIGNATURE), "though the key signed");
        assert_eq!(verdict(&wallet, |_| {}, |_| {}).await, Err(reason::SIGNATURE), "without code there is no wallet");
    });
}

#[test]
fn the_tokens_own_words_are_translated() {
    run(async {
        for (said, expected) in [
            ("ERC20: transfer amount exceeds balance", reason::BALANCE),
            ("FiatTokenV2: authorization is expired", reason::VALID_BEFORE),
            ("FiatTokenV2: authorization is not yet valid", reason::VALID_AFTER),
            ("FiatTokenV2: invalid signature", reason::SIGNATURE),
            ("ECDSA: invalid signature 's' value", reason::SIGNATURE),
            ("Pausable: paused", reason::SIMULATION),
        ] {
            check_where(|table| table.refuse = Some(said), |_| {}, Err(expected)).await;
        }
        let used = |table: &mut Table| table.used = [(key(9).address(), payment(1).authorization.nonce)].into();
        check_where(used, |_| {}, Err(reason::NONCE_USED)).await;
    });
}

#[test]
fn the_facilitators_own_rules_hold() {
    run(async {
        check_where(
            |_| {},
            |config| config.receivers = vec![Address::repeat_byte(1)],
            Err(reason::RECEIVER_NOT_ALLOWED),
        )
        .await;
        check_where(|_| {}, |config| config.receivers = vec![super::PAYEE], Ok(())).await;
        check_where(|_| {}, |config| config.value_min = U256::from(6), Err(reason::VALUE_TOO_LOW)).await;
        let dear = |config: &mut FacilitatorConfig| config.coin_price = Some(U256::from(1_000_000));
        check_where(|_| {}, dear, Err(reason::VALUE_TOO_LOW)).await;
        let cheap = |config: &mut FacilitatorConfig| config.coin_price = Some(U256::from(10));
        check_where(|_| {}, cheap, Ok(())).await;
    });
}
