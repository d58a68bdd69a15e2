//! Signer and verifier of the engine. Every consensus message is signed by the guard, on a thread of its own, because
//! the guard waits for the disk.
//!
//! To abstain, the signer returns an all-zero signature: the engine drops such a message before its log, since it does
//! not verify, and the filter before the network keeps it from the peers.

use super::context::{Assay, Proposal, Vote};
use super::metrics::EngineMetrics;
use super::streaming::StreamInit;
use super::supervisor::Stopper;
use crate::engine::StopReason;
use crate::guard::{Answer, Guard, GuardError, RESET_COMMAND};
use crate::keys::ConsensusKey;
use crate::message::ConsensusMessage;
use arc_malachitebft_core_types::{SignedExtension, SignedMessage, ValidatorProof, VoteExtensionScope};
use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use arc_malachitebft_signing_ed25519::{PublicKey, Signature};
use assay_primitives::certificate::Signature64;
use assay_primitives::{ConsensusAddress, Height};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;
use tokio::sync::oneshot;

/// The signature of a validator that abstains.
pub(crate) const ABSTAINED: [u8; 64] = [0; 64];

enum Request {
    Sign(ConsensusMessage, oneshot::Sender<Option<Answer>>),
    Advance(Height, oneshot::Sender<bool>),
    MayBeOurs(ConsensusMessage, oneshot::Sender<bool>),
}

/// The voting side of a validator: its key, and the thread that owns its guard.
#[derive(Clone)]
pub(crate) struct VotingKey {
    key: ConsensusKey,
    chain_id: u64,
    guard: mpsc::Sender<Request>,
}

impl VotingKey {
    /// Hands the guard to a thread. The thread ends, and lets the file go, when the last handle is dropped.
    pub(crate) fn new(
        guard: Guard,
        key: ConsensusKey,
        chain_id: u64,
        stopper: Stopper,
        metrics: EngineMetrics,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("signing-guard".to_owned())
            .spawn(move || serve(guard, &receiver, &stopper, &metrics))?;
        Ok((Self { key, chain_id, guard: sender }, thread))
    }

    /// Address of the key.
    pub(crate) fn address(&self) -> ConsensusAddress {
        self.key.address()
    }

    /// Tells the guard that a height is decided; from a blocking thread. False where the guard failed and the node stops.
    pub(crate) fn advance(&self, height: Height) -> bool {
        let (reply, answer) = oneshot::channel();
        self.guard.send(Request::Advance(height, reply)).is_ok() && answer.blocking_recv().unwrap_or(false)
    }

    /// Stops the engine where the guard does not know a message that verifies under this key: the key signs elsewhere as
    /// well, or the guard is an old copy. Either way this node must not sign another. What the guard is told after this
    /// call does not count.
    pub(crate) fn answer_for(&self, message: ConsensusMessage, stopper: &Stopper) {
        let (reply, answer) = oneshot::channel();
        let (height, round, step) = (message.height, message.round, message.step);
        if self.guard.send(Request::MayBeOurs(message, reply)).is_err() {
            // A guard that is gone has stopped the engine already.
            return;
        }
        let stopper = stopper.clone();
        tokio::spawn(async move {
            if answer.await == Ok(false) {
                stopper.stop(StopReason::Safety(format!(
                    "a {step:?} of this validator's key for height {height}, round {round} came from elsewhere, which this \
                     node did not sign: the key is in use on another machine, or the signing guard is an old copy. Stop \
                     the other one, then run `{RESET_COMMAND}` with a height the network has passed"
                )));
            }
        });
    }

    /// The public key.
    pub(crate) const fn public_key(&self) -> alloy_primitives::B256 {
        self.key.public_key()
    }

    /// Signs the opening of a part stream. It is no vote and needs no guard.
    pub(crate) fn sign_stream(&self, mut init: StreamInit) -> StreamInit {
        init.streamer = self.key.address();
        init.signature = self.key.sign(&init.sign_bytes(self.chain_id)).0;
        init
    }

    /// Proves to peers that this node holds the key; bound to the network identity, so it needs no guard.
    pub(crate) fn prove(&self, peer_id: Vec<u8>) -> ValidatorProof<Assay> {
        let public_key = self.key.public_key().to_vec();
        let preimage = ValidatorProof::<Assay>::signing_bytes(&public_key, &peer_id);
        let signature = Signature::from_bytes(self.key.sign(&preimage).0);
        ValidatorProof::new(public_key, peer_id, signature)
    }

    /// The guard's answer; an error only where the guard failed, and then the node stops already.
    async fn ask(&self, message: ConsensusMessage) -> Result<Option<(ConsensusMessage, Signature64)>, Error> {
        let (reply, answer) = oneshot::channel();
        let gone = || Error::from_source("the signing guard has stopped");
        self.guard.send(Request::Sign(message, reply)).map_err(|_| gone())?;
        match answer.await.ok().flatten().ok_or_else(gone)? {
            Answer::Signed(message, signature) => Ok(Some((message, signature))),
            Answer::Abstain => Ok(None),
        }
    }
}

fn serve(mut guard: Guard, requests: &mpsc::Receiver<Request>, stopper: &Stopper, metrics: &EngineMetrics) {
    while let Ok(request) = requests.recv() {
        let failed = match request {
            Request::Sign(message, reply) => match timed(metrics, || guard.sign(&message)) {
                Ok(answer) => {
                    metrics.signer_refusals.inc_by(u64::from(answer == Answer::Abstain));
                    if answer == Answer::Abstain {
                        tracing::warn!(
                            height = %message.height, round = %message.round, step = ?message.step,
                            "abstaining: another message of this step may have been signed"
                        );
                    }
                    let _ = reply.send(Some(answer));
                    None
                }
                Err(error) => Some(error),
            },
            Request::MayBeOurs(message, reply) => {
                let _ = reply.send(guard.may_have_signed(&message));
                None
            }
            Request::Advance(height, reply) => match guard.advance(height) {
                Ok(()) => {
                    let _ = reply.send(true);
                    None
                }
                Err(error) => Some(error),
            },
        };
        if let Some(error) = failed {
            return stop(stopper, &error);
        }
    }
}

fn timed<T>(metrics: &EngineMetrics, sign: impl FnOnce() -> T) -> T {
    metrics.signer_requests.inc();
    let start = Instant::now();
    let answer = sign();
    metrics.signer_seconds.observe(start.elapsed().as_secs_f64());
    answer
}

fn stop(stopper: &Stopper, error: &GuardError) {
    stopper.stop(StopReason::Guard(error.to_string()));
}

/// The engine's signer.
pub(crate) struct GuardedSigner(pub(crate) VotingKey);

fn no_extensions() -> Error {
    Error::from_source("this chain has no vote extensions")
}

#[async_trait]
impl Signer<Assay> for GuardedSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Assay, Vote>, Error> {
        let abstained = || SignedMessage::new(vote.clone(), Signature::from_bytes(ABSTAINED));
        Ok(match self.0.ask(vote.message(self.0.chain_id)).await? {
            Some((message, signature)) => Vote::from_message(&message)
                .map_or_else(abstained, |vote| SignedMessage::new(vote, Signature::from_bytes(signature.0))),
            None => abstained(),
        })
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Assay, Proposal>, Error> {
        let abstained = || SignedMessage::new(proposal.clone(), Signature::from_bytes(ABSTAINED));
        Ok(match self.0.ask(proposal.message(self.0.chain_id)).await? {
            Some((message, signature)) => Proposal::from_message(&message)
                .map_or_else(abstained, |proposal| SignedMessage::new(proposal, Signature::from_bytes(signature.0))),
            None => abstained(),
        })
    }

    async fn sign_vote_extension(
        &self,
        _scope: VoteExtensionScope<Assay>,
        _extension: (),
    ) -> Result<SignedExtension<Assay>, Error> {
        Err(no_extensions())
    }

    async fn sign_validator_proof(
        &self,
        _public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Assay>, Error> {
        Ok(self.0.prove(peer_id))
    }
}

/// Signatures after which a generation of [`Verified`] ends.
const VERIFIED_MAX: usize = 1_024;

/// What verified lately: message and key by signature, in two generations, so that the oldest go first.
#[derive(Debug, Default)]
struct Verified {
    newer: BTreeMap<[u8; 64], (Vec<u8>, PublicKey)>,
    older: BTreeMap<[u8; 64], (Vec<u8>, PublicKey)>,
}

impl Verified {
    fn contains(&self, message: &[u8], signature: &[u8; 64], key: &PublicKey) -> bool {
        let known = self.newer.get(signature).or_else(|| self.older.get(signature));
        known.is_some_and(|(signed, by)| signed == message && by == key)
    }

    fn insert(&mut self, message: &[u8], signature: [u8; 64], key: &PublicKey) {
        if self.newer.len() >= VERIFIED_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(signature, (message.to_vec(), *key));
    }
}

/// The engine's verifier.
#[derive(Clone, Debug)]
pub(crate) struct ChainVerifier {
    /// EIP-155 chain id; it is part of what is signed.
    chain_id: u64,
    verified: Option<Arc<Mutex<Verified>>>,
}

impl ChainVerifier {
    /// A verifier that remembers what it has verified: the engine makes certificates of votes, and verifies them again.
    pub(crate) fn new(chain_id: u64) -> Self {
        Self { chain_id, verified: Some(Arc::default()) }
    }

    /// A verifier without a memory.
    #[cfg(test)]
    pub(crate) const fn forgetful(chain_id: u64) -> Self {
        Self { chain_id, verified: None }
    }

    fn check(&self, message: &[u8], signature: &Signature, key: &PublicKey) -> VerificationResult {
        let bytes = signature.to_bytes();
        let memory = || self.verified.as_ref().map(|verified| verified.lock().unwrap_or_else(PoisonError::into_inner));
        if memory().is_some_and(|verified| verified.contains(message, &bytes, key)) {
            return VerificationResult::Valid;
        }
        // The sentinel verifies under no honest key; a weak key must not make it pass either.
        let valid = bytes != ABSTAINED && key.verify(message, signature).is_ok();
        if let (true, Some(mut verified)) = (valid, memory()) {
            verified.insert(message, bytes, key);
        }
        VerificationResult::from_bool(valid)
    }
}

#[async_trait]
impl Verifier<Assay> for ChainVerifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Signature,
        public_key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(self.check(&vote.message(self.chain_id).sign_bytes(), signature, public_key))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        public_key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(self.check(&proposal.message(self.chain_id).sign_bytes(), signature, public_key))
    }

    async fn verify_signed_vote_extension(
        &self,
        _scope: &VoteExtensionScope<Assay>,
        _extension: &(),
        _signature: &Signature,
        _public_key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(&self, proof: &ValidatorProof<Assay>) -> Result<VerificationResult, Error> {
        Ok(match proof.decoded_public_key() {
            Ok(key) => self.check(&proof.preimage(), &proof.signature, &key),
            Err(_) => VerificationResult::Invalid,
        })
    }
}
