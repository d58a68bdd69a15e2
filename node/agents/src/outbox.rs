//! One account's way onto the chain: transactions leave in the order they were handed in, with consecutive nonces, and
//! are followed to their receipts.
//!
//! ```text
//! send() -> queue (bounded) -> worker: nonce, fee, signature, eth_sendRawTransaction -> follower: receipt
//! ```
//! The worker is the only one that names nonces, so parallel callers cannot collide. What the node did not answer is
//! sent again unchanged; a nonce that somebody else used is asked for again. A transaction whose receipt does not come
//! is handed in again every few seconds, since a pool may forget.

use crate::fees::Fees;
use crate::node::{NodeClient, NodeError, Receipt};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// Calls that may wait for one key.
pub const QUEUE_MAX: usize = 1024;
/// Transactions of one key that may be without receipt; below what a pool takes of one sender.
pub const IN_FLIGHT_MAX: usize = 16;
/// How often a transaction is signed anew or handed in again before its sender is told that it cannot be sent.
const ATTEMPTS_MAX: u32 = 5;
/// First pause between looks for a receipt; each is half as long again as the one before, up to [`POLL_MAX`].
const POLL_MIN: Duration = Duration::from_millis(4);
/// Longest pause between looks for a receipt.
const POLL_MAX: Duration = Duration::from_millis(250);
/// After this long without a receipt a transaction is handed in again.
const RESEND_AFTER: Duration = Duration::from_secs(5);
/// After this long without a receipt nobody looks any more.
const GIVE_UP_AFTER: Duration = Duration::from_secs(600);

/// A call that is to become a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingCall {
    /// The callee.
    pub to: Address,
    /// Arguments.
    pub input: Bytes,
    /// Coins that go with it, in wei.
    pub value: U256,
    /// Gas limit.
    pub gas: u64,
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its turn.
    Queued,
    /// It is with the node under this hash.
    Sent(B256),
    /// It is in a block, which is final.
    Mined(Box<Receipt>),
    /// It could not be sent, or its receipt never came; the hash if it may still be included.
    Failed {
        /// Of the transaction that may still come.
        hash: Option<B256>,
        /// For people.
        reason: String,
    },
}

/// Too many calls wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{QUEUE_MAX} transactions wait for this key already")]
pub struct QueueFull;

struct Job {
    call: OutgoingCall,
    stage: watch::Sender<Stage>,
}

/// The queue of one account; clones share it. It ends with its last clone, once all is sent.
#[derive(Clone, Debug)]
pub struct Outbox {
    address: Address,
    jobs: mpsc::Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

impl Outbox {
    /// Starts the queue of a key on the runtime of the caller.
    pub fn start(node: NodeClient, fees: Fees, chain_id: u64, signer: PrivateKeySigner) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (address, waiting) = (signer.address(), Arc::new(AtomicUsize::new(0)));
        let worker = Worker {
            node,
            fees,
            chain_id,
            signer,
            nonce: None,
            resync: Arc::default(),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            waiting: waiting.clone(),
        };
        tokio::spawn(worker.run(queue));
        Self { address, jobs, waiting }
    }

    /// The account.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Calls without a receipt.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes a call in; the receiver tells how it fares.
    ///
    /// # Errors
    /// [`QueueFull`].
    pub fn send(&self, call: OutgoingCall) -> Result<watch::Receiver<Stage>, QueueFull> {
        let (stage, told) = watch::channel(Stage::Queued);
        self.jobs.try_send(Job { call, stage }).map_err(|_| QueueFull)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(told)
    }
}

struct Worker {
    node: NodeClient,
    fees: Fees,
    chain_id: u64,
    signer: PrivateKeySigner,
    /// The next one; `None`: ask the node.
    nonce: Option<u64>,
    /// Set by a follower that gave up: its nonce may be free again.
    resync: Arc<AtomicBool>,
    in_flight: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

enum Sent {
    Yes,
    NonceUsed,
    No(String),
}

impl Worker {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.recv().await {
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
            match self.send(&job.call).await {
                Ok((hash, raw)) => {
                    job.stage.send_replace(Stage::Sent(hash));
                    let follower = Follower {
                        node: self.node.clone(),
                        hash,
                        raw,
                        stage: job.stage,
                        resync: self.resync.clone(),
                        waiting: self.waiting.clone(),
                        _permit: permit,
                    };
                    tokio::spawn(follower.run());
                }
                Err((hash, reason)) => {
                    tracing::warn!(key = %self.signer.address(), %reason, "a transaction could not be sent");
                    self.nonce = None;
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    job.stage.send_replace(Stage::Failed { hash, reason });
                }
            }
        }
    }

    /// Signs and hands in; the hash in an error is of a transaction that the node may have taken all the same.
    async fn send(&mut self, call: &OutgoingCall) -> Result<(B256, Bytes), (Option<B256>, String)> {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS_MAX {
            if self.resync.swap(false, Ordering::Relaxed) {
                self.nonce = None;
            }
            let nonce = match self.nonce {
                Some(nonce) => nonce,
                None => match self.node.next_nonce(self.signer.address()).await {
                    Ok(nonce) => nonce,
                    Err(error) => {
                        reason = error.to_string();
                        tokio::time::sleep(POLL_MAX).await;
                        continue;
                    }
                },
            };
            let (hash, raw) = self.sign(call, nonce).await.map_err(|reason| (None, reason))?;
            match self.hand_in(hash, &raw).await {
                Sent::Yes => {
                    self.nonce = nonce.checked_add(1);
                    return Ok((hash, raw));
                }
                Sent::NonceUsed => {
                    self.nonce = None;
                    reason = format!("somebody else uses nonces of {}", self.signer.address());
                }
                Sent::No(reason) => return Err((None, reason)),
            }
        }
        Err((None, reason))
    }

    async fn sign(&self, call: &OutgoingCall, nonce: u64) -> Result<(B256, Bytes), String> {
        let fee = self.fees.now(&self.node).await.map_err(|error| error.to_string())?;
        let tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit: call.gas,
            max_fee_per_gas: fee.max,
            max_priority_fee_per_gas: fee.tip,
            to: TxKind::Call(call.to),
            value: call.value,
            input: call.input.clone(),
            ..Default::default()
        };
        let signature = self.signer.sign_hash_sync(&tx.signature_hash()).map_err(|error| error.to_string())?;
        let envelope = TxEnvelope::from(tx.into_signed(signature));
        Ok((*envelope.tx_hash(), envelope.encoded_2718().into()))
    }

    /// Hands the same bytes in until the node says yes or no.
    async fn hand_in(&self, hash: B256, raw: &Bytes) -> Sent {
        let mut last = String::new();
        for _ in 0..ATTEMPTS_MAX {
            match self.node.send_raw(raw).await {
                Ok(_) => return Sent::Yes,
                Err(NodeError::Refused { code, message, reason }) => {
                    // The node may have taken it at an earlier try whose answer was lost.
                    if matches!(self.node.knows(hash).await, Ok(true)) {
                        return Sent::Yes;
                    }
                    if is_nonce_refusal(&reason, &message) {
                        return Sent::NonceUsed;
                    }
                    if code != BUSY {
                        return Sent::No(message);
                    }
                    last = message;
                }
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(POLL_MAX).await;
        }
        Sent::No(last)
    }
}

/// Over a limit, or busy: to be tried again.
const BUSY: i32 = -32005;

fn is_nonce_refusal(reason: &str, message: &str) -> bool {
    reason.starts_with("nonce") || message.contains("nonce too low") || message.contains("replacement")
}

struct Follower {
    node: NodeClient,
    hash: B256,
    raw: Bytes,
    stage: watch::Sender<Stage>,
    resync: Arc<AtomicBool>,
    waiting: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    async fn run(self) {
        let (started, mut sent) = (Instant::now(), Instant::now());
        let mut pause = POLL_MIN;
        let end = loop {
            tokio::time::sleep(pause).await;
            if let Ok(Some(receipt)) = self.node.receipt(self.hash).await {
                break Stage::Mined(Box::new(receipt));
            }
            if started.elapsed() > GIVE_UP_AFTER {
                self.resync.store(true, Ordering::Relaxed);
                break Stage::Failed { hash: Some(self.hash), reason: "its receipt never came".to_owned() };
            }
            if sent.elapsed() > RESEND_AFTER {
                sent = Instant::now();
                tracing::warn!(hash = %self.hash, "no receipt yet; handing the transaction in again");
                if let Err(error) = self.node.send_raw(&self.raw).await {
                    tracing::debug!(hash = %self.hash, %error, "handed in again");
                }
            }
            pause = pause.saturating_mul(3).checked_div(2).unwrap_or(POLL_MAX).min(POLL_MAX);
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.stage.send_replace(end);
    }
}
