//! One settlement per authorization, whoever asks however often. The work runs in a task of its own: an asker that goes
//! away stops nothing.

use super::Facilitator;
use super::ledger::{Progress, Turn};
use super::payment::Payment;
use super::reason::{self, Refusal, Trouble};
use super::terms::{check_window, now};
use crate::node::{NodeError, Receipt};
use crate::outbox::{Outbox, OutgoingCall, Stage};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent as _;
use assay_abi::token::INativeToken::{AuthorizationUsed, Transfer};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Gas of the simulation and half as much again is what a transaction may use: state may change in between.
const GAS_MARGIN_DIVISOR: u64 = 2;
/// Heights of one question for logs.
const LOOK_BACK_STEP: u64 = 1000;

impl Facilitator {
    /// Settles, or says how it was settled; waits no longer than the configured time for the block.
    ///
    /// # Errors
    /// Why there is no settlement (yet).
    pub(super) async fn settle(self: &Arc<Self>, payment: &Payment) -> Result<B256, Trouble> {
        self.check_terms(payment)?;
        let mut progress = match self.ledger.turn(payment) {
            Turn::Join(progress) => progress,
            Turn::Do(tell, progress) => {
                let (this, payment) = (self.clone(), payment.clone());
                tokio::spawn(async move { this.carry_out(&payment, &tell).await });
                progress
            }
        };
        let ended = |progress: &Progress| !matches!(progress, Progress::Working | Progress::Sent(_));
        let waited = tokio::time::timeout(self.config.answer_timeout, progress.wait_for(ended)).await;
        let waited = waited.map(|end| end.map(|end| end.clone()));
        let progress = match waited {
            Ok(Ok(end)) => end,
            Ok(Err(_)) => Progress::Unavailable("the settlement broke off".to_owned()),
            Err(_) => progress.borrow().clone(),
        };
        match progress {
            Progress::Settled(hash) if self.ledger.tell(payment) => Ok(hash),
            Progress::Settled(hash) => {
                let of = &payment.authorization;
                Err(Refusal::used(of.from, of.nonce).with(Some(hash)).into())
            }
            Progress::Sent(hash) => {
                let message = "sent, but not in a block yet; settle again to hear more";
                Err(Refusal::new(reason::PENDING, message).with(Some(hash)).into())
            }
            Progress::Working => {
                let message = "it waits for its turn; settle again to hear more";
                Err(Refusal::new(reason::PENDING, message).into())
            }
            Progress::Refused(refusal) => Err(refusal.into()),
            Progress::Unavailable(message) => Err(Trouble::Unavailable(message)),
        }
    }

    async fn carry_out(&self, payment: &Payment, tell: &watch::Sender<Progress>) {
        let started = Instant::now();
        let end = match self.try_settle(payment, tell).await {
            Ok(hash) => {
                let of = &payment.authorization;
                let took_ms = started.elapsed().as_millis();
                self.metrics.settled(started.elapsed());
                tracing::info!(payer = %of.from, payee = %of.to, value = %of.value, token = %payment.terms.asset,
                    transaction = %hash, took_ms, "settled");
                Progress::Settled(hash)
            }
            Err(Trouble::Refused(refusal)) => Progress::Refused(refusal),
            Err(Trouble::Unavailable(message)) => Progress::Unavailable(message),
        };
        tell.send_replace(end);
    }

    async fn try_settle(&self, payment: &Payment, tell: &watch::Sender<Progress>) -> Result<B256, Trouble> {
        let of = &payment.authorization;
        let in_time = check_window(payment, now());
        if in_time.is_ok() {
            self.check_signature(payment).await?;
        }
        let gas = match in_time {
            Ok(()) => match self.estimate(payment).await {
                Err(Trouble::Refused(refusal)) if refusal.reason == reason::NONCE_USED => {
                    return self.settled_before(payment, refusal).await;
                }
                other => other?,
            },
            // It may have been settled while it was valid.
            Err(refusal) => return self.settled_before(payment, refusal).await,
        };
        self.check_price().await.and_then(|least| least.check(payment))?;
        self.budgets.take(of.from, of.to, Instant::now())?;
        let gas = gas.saturating_add(gas.checked_div(GAS_MARGIN_DIVISOR).unwrap_or_default()).min(self.config.gas_max);
        let call = OutgoingCall { to: payment.terms.asset, input: payment.call_data(), value: U256::ZERO, gas };
        let outbox = self.outboxes.iter().min_by_key(|outbox| outbox.waiting());
        let outbox = outbox.ok_or_else(|| Trouble::Unavailable("there is no key".to_owned()))?;
        let stage = outbox.send(call).map_err(|full| Trouble::Unavailable(full.to_string()))?;
        let receipt = self.follow(outbox, stage, tell).await?;
        self.metrics.paid_gas(&receipt);
        match judge(payment, &receipt) {
            // Somebody else may have settled it in the meantime.
            Err(refusal) if refusal.reason == reason::FAILED => self.settled_before(payment, refusal).await,
            judged => Ok(judged.map(|()| receipt.transaction_hash)?),
        }
    }

    /// Waits for the end of a transaction and tells its hash as soon as there is one.
    async fn follow(
        &self,
        outbox: &Outbox,
        mut stage: watch::Receiver<Stage>,
        tell: &watch::Sender<Progress>,
    ) -> Result<Receipt, Trouble> {
        loop {
            let now = stage.borrow_and_update().clone();
            match now {
                Stage::Queued => {}
                Stage::Sent(hash) => {
                    tell.send_replace(Progress::Sent(hash));
                }
                Stage::Mined(receipt) => return Ok(*receipt),
                Stage::Failed { hash: Some(hash), reason } => {
                    return Err(Refusal::new(reason::PENDING, reason).with(Some(hash)).into());
                }
                Stage::Failed { hash: None, reason } => {
                    return Err(Trouble::Unavailable(format!("{}: {reason}", outbox.address())));
                }
            }
            if stage.changed().await.is_err() {
                return Err(Trouble::Unavailable("the settlement broke off".to_owned()));
            }
        }
    }

    /// The transaction that settled an authorization before, by this facilitator's keys and not long ago: what a restart
    /// has forgotten. Otherwise the refusal stays.
    async fn settled_before(&self, payment: &Payment, refusal: Refusal) -> Result<B256, Trouble> {
        if payment.terms.delivers_once {
            return Err(refusal.into());
        }
        let Some(receipt) = self.find_settlement(payment).await? else { return Err(refusal.into()) };
        let ours = self.outboxes.iter().any(|outbox| outbox.address() == receipt.from);
        if !ours || judge(payment, &receipt).is_err() {
            return Err(refusal.with(Some(receipt.transaction_hash)).into());
        }
        tracing::info!(transaction = %receipt.transaction_hash, "found settled");
        Ok(receipt.transaction_hash)
    }

    async fn find_settlement(&self, payment: &Payment) -> Result<Option<Receipt>, NodeError> {
        let of = &payment.authorization;
        let topics = [AuthorizationUsed::SIGNATURE_HASH, of.from.into_word(), of.nonce];
        let mut to = self.node.head().await?.number.to::<u64>();
        let oldest = to.saturating_sub(self.config.look_back);
        loop {
            let from = to.saturating_sub(LOOK_BACK_STEP.saturating_sub(1)).max(oldest);
            let found = self.node.logs(payment.terms.asset, &topics, from, to).await?;
            if let Some(log) = found.first() {
                return self.node.receipt(log.transaction_hash).await;
            }
            if from == oldest {
                return Ok(None);
            }
            to = from.saturating_sub(1);
        }
    }
}

/// Whether a transaction paid what was signed.
fn judge(payment: &Payment, receipt: &Receipt) -> Result<(), Refusal> {
    let hash = Some(receipt.transaction_hash);
    if !receipt.succeeded() {
        return Err(Refusal::new(reason::FAILED, "the transaction reverted").with(hash));
    }
    let of = &payment.authorization;
    let moved = |log: &crate::node::LogEntry| {
        log.address == payment.terms.asset
            && log
                .event::<Transfer>()
                .is_some_and(|event| (event.from, event.to, event.value) == (of.from, of.to, of.value))
    };
    if receipt.logs.iter().any(moved) {
        return Ok(());
    }
    Err(Refusal::new(reason::TRANSFER_EVENT, "the transaction moved something else").with(hash))
}
