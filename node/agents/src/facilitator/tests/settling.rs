//! One settlement per authorization, nonces in order, time-outs, restarts.

use super::super::reason::{self, Trouble};
use super::stub::Stub;
use super::{config, facilitator, payment, run, sign};
use alloy_primitives::U256;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn refused(trouble: Trouble) -> super::super::reason::Refusal {
    match trouble {
        Trouble::Refused(refusal) => refusal,
        Trouble::Unavailable(message) => panic!("{message}"),
    }
}

#[test]
fn many_who_ask_at_once_get_one_transaction() {
    run(async {
        let stub = Stub::start().await;
        let of = facilitator(config(&stub), 2).await;
        let asks = (0..50).map(|_| {
            let of = of.clone();
            tokio::spawn(async move { of.settle(&payment(1)).await.unwrap() })
        });
        let mut hashes = BTreeSet::new();
        for ask in asks.collect::<Vec<_>>() {
            hashes.insert(ask.await.unwrap());
        }
        assert_eq!(hashes.len(), 1);
        assert_eq!(stub.table.lock().taken.len(), 1);
        assert_eq!(of.settle(&payment(1)).await.unwrap(), *hashes.first().unwrap(), "later, too");
    });
}

#[test]
fn parallel_settlements_use_consecutive_nonces_of_every_key() {
    run(async {
        let stub = Stub::start().await;
        let of = facilitator(config(&stub), 2).await;
        let asks: Vec<_> = (0..80)
            .map(|nonce| {
                let of = of.clone();
                tokio::spawn(async move { of.settle(&payment(nonce)).await.unwrap() })
            })
            .collect();
        for ask in asks {
            ask.await.unwrap();
        }
        // The stub refuses gaps.
        let table = stub.table.lock();
        assert_eq!(table.taken.len(), 80);
        assert_eq!(table.nonces.len(), 2, "both keys work");
        assert_eq!(table.nonces.values().sum::<u64>(), 80);
    });
}

#[test]
fn a_restart_finds_what_its_keys_settled() {
    run(async {
        let stub = Stub::start().await;
        let hash = facilitator(config(&stub), 1).await.settle(&payment(1)).await.unwrap();
        let again = facilitator(config(&stub), 1).await;
        assert_eq!(again.settle(&payment(1)).await, Ok(hash));
        let mut expired = payment(1);
        expired.authorization.valid_before = U256::from(1);
        let refusal = refused(again.settle(&sign(expired)).await.unwrap_err());
        assert_eq!(refusal.reason, reason::NONCE_USED, "another window is another payment");
        let stranger = Arc::new(super::Facilitator::assemble(config(&stub), vec![super::key(7)]).await.unwrap());
        let refusal = refused(stranger.settle(&payment(1)).await.unwrap_err());
        assert_eq!((refusal.reason, refusal.transaction), (reason::NONCE_USED, Some(hash)));
        assert_eq!(stub.table.lock().taken.len(), 1);
    });
}

#[test]
fn what_takes_too_long_is_pending_and_answered_later() {
    run(async {
        let stub = Stub::start().await;
        stub.table.lock().hold_receipts = true;
        let mut config = config(&stub);
        config.answer_timeout = Duration::from_millis(200);
        let of = facilitator(config, 1).await;
        let refusal = refused(of.settle(&payment(1)).await.unwrap_err());
        assert_eq!(refusal.reason, reason::PENDING);
        let hash = refusal.transaction.unwrap();
        assert_eq!(refused(of.settle(&payment(1)).await.unwrap_err()).transaction, Some(hash));
        let refusal = refused(of.verify(&payment(1)).await.unwrap_err());
        assert_eq!(refusal.reason, reason::NONCE_USED, "what is being settled is not valid any more");
        stub.table.lock().hold_receipts = false;
        while of.settle(&payment(1)).await != Ok(hash) {}
        assert_eq!(stub.table.lock().taken.len(), 1);
    });
}

#[test]
fn a_lost_answer_sends_nothing_twice() {
    run(async {
        let stub = Stub::start().await;
        stub.table.lock().lose_answers = 1;
        let of = facilitator(config(&stub), 1).await;
        of.settle(&payment(1)).await.unwrap();
        of.settle(&payment(2)).await.unwrap();
        let taken: Vec<u64> = stub.table.lock().taken.iter().map(|(_, nonce, _)| *nonce).collect();
        assert_eq!(taken, [0, 1]);
    });
}

#[test]
fn a_key_that_somebody_else_uses_too_asks_for_its_nonce_again() {
    run(async {
        let stub = Stub::start().await;
        let of = facilitator(config(&stub), 1).await;
        of.settle(&payment(1)).await.unwrap();
        *stub.table.lock().nonces.get_mut(&super::key(1).address()).unwrap() += 3;
        of.settle(&payment(2)).await.unwrap();
        assert_eq!(stub.table.lock().taken.last().unwrap().1, 4);
    });
}

#[test]
fn a_revert_is_told_with_its_transaction_and_may_be_tried_again() {
    run(async {
        let stub = Stub::start().await;
        stub.table.lock().revert = true;
        let of = facilitator(config(&stub), 1).await;
        let refusal = refused(of.settle(&payment(1)).await.unwrap_err());
        assert_eq!(refusal.reason, reason::FAILED);
        assert!(refusal.transaction.is_some());
        stub.table.lock().revert = false;
        assert_ne!(of.settle(&payment(1)).await.unwrap(), refusal.transaction.unwrap());
    });
}

#[test]
fn one_payment_sent_twice_at_once_is_delivered_once() {
    run(async {
        let stub = Stub::start().await;
        let of = facilitator(config(&stub), 1).await;
        of.verify(&payment(1)).await.unwrap();
        of.verify(&payment(1)).await.unwrap();
        let hash = of.settle(&payment(1)).await.unwrap();
        let refusal = refused(of.settle(&payment(1)).await.unwrap_err());
        assert_eq!((refusal.reason, refusal.transaction), (reason::NONCE_USED, Some(hash)));
        of.verify(&payment(2)).await.unwrap();
        let hash = of.settle(&payment(2)).await.unwrap();
        assert_eq!(of.settle(&payment(2)).await, Ok(hash), "one that was verified once is answered as before");
    });
}

#[test]
fn a_settlement_that_stands_for_delivery_is_told_once() {
    run(async {
        let stub = Stub::start().await;
        let mut upfront = payment(1);
        upfront.terms.delivers_once = true;
        let of = facilitator(config(&stub), 1).await;
        of.settle(&upfront).await.unwrap();
        assert_eq!(refused(of.settle(&upfront).await.unwrap_err()).reason, reason::NONCE_USED);
        let again = facilitator(config(&stub), 1).await;
        assert_eq!(
            refused(again.settle(&upfront).await.unwrap_err()).reason,
            reason::NONCE_USED,
            "after a restart, too"
        );
    });
}
