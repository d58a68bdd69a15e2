//! The signing guard: a validator never signs two different messages of one kind, height and round, whatever crashes,
//! restarts or restores happen in between.
//!
//! A record (chain id, height, round, step, sign bytes, signature, checksum) is durable before a signature leaves. The
//! guard keeps every message signed at its current height, and answers by these rules, in this order:
//!
//! 1. a height below the current one, or one that was passed: abstain;
//! 2. a message of this kind, height and round was signed before: that one is returned, even if another was asked for,
//!    so that validators that were all killed at once complete the round they were in. Exceptions: a precommit for a
//!    value is not returned against another value, nor a proposal against one that claims another polka (abstain); and a
//!    precommit for a value that is returned against nil means that the engine has forgotten its lock: rule 3 holds from
//!    then on;
//! 3. the engine's log of this height was lost: in place of a vote for anything but the value precommitted earlier, nil
//!    is signed, as a validator does that is locked. The log held the reason to unlock. A proposal binds nobody, and a
//!    proposer that abstains would not prevote either;
//! 4. anything else is recorded, made durable, and signed.
//!
//! To abstain is to return no signature; the adapter turns that into a message that reaches nobody.
//!
//! The file and its folder are the validator's: whoever restores an old backup of both, or runs a copied key beside the
//! original, is refused where it can be known ([`GuardError`]); each refusal names the command that helps.

mod file;

use crate::keys::ConsensusKey;
use crate::message::{ConsensusMessage, Step};
use alloy_primitives::{B256, FixedBytes};
use assay_primitives::certificate::Signature64;
use assay_primitives::{Height, Round};
use file::{Binding, Entry, GuardFile, Record, SLOTS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Command that makes a guard for a key that has never signed on this chain.
pub const CREATE_COMMAND: &str = "assay guard create";
/// Command that makes a guard which signs nothing up to a height.
pub const RESET_COMMAND: &str = "assay guard reset --above <HEIGHT>";

/// Why a validator must not sign.
#[derive(Debug, Error)]
pub enum GuardError {
    /// No guard file.
    #[error(
        "the signing guard {path} is missing. If this key has never signed on this chain, run `{CREATE_COMMAND}`; \
         otherwise restore the newest copy, or run `{RESET_COMMAND}` with a height the network has passed",
        path = path.display()
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A guard file where none may be.
    #[error("the signing guard {path} exists already", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds it.
    #[error("the signing guard {path} is in use by another process; stop that one first", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It ends before the chain does: an old backup.
    #[error(
        "the signing guard {path} ends at height {guard}, the chain at {chain}: it is an old copy. Restore the newest \
         one, or run `{RESET_COMMAND}` with a height the network has passed",
        path = path.display()
    )]
    OlderThanChain {
        /// The file.
        path: PathBuf,
        /// Last height it knows of.
        guard: Height,
        /// Last decided height of the chain.
        chain: Height,
    },
    /// It guards another key.
    #[error(
        "the signing guard {path} belongs to key {found}, not to {expected}; give every key a folder of its own",
        path = path.display()
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// Public key in the file.
        found: B256,
        /// Public key of this validator.
        expected: B256,
    },
    /// It guards another chain.
    #[error(
        "the signing guard {path} belongs to chain {found}, not to {expected}; give every chain a folder of its own",
        path = path.display()
    )]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Chain id in the file.
        found: u64,
        /// Chain id of this network.
        expected: u64,
    },
    /// It is damaged beyond what a crash leaves.
    #[error(
        "the signing guard {path} is damaged ({reason}). Restore the newest copy, or run `{RESET_COMMAND}` with a \
         height the network has passed",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The disk refused.
    #[error("the signing guard {path} cannot be read or written: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What the guard answers to a request to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The one message of this kind, height and round, with its signature.
    Signed(ConsensusMessage, Signature64),
    /// Nothing may be signed.
    Abstain,
}

/// An open guard.
#[derive(Debug)]
pub(crate) struct Guard {
    file: GuardFile,
    key: ConsensusKey,
    chain_id: u64,
    sequence: u64,
    height: Height,
    /// Nothing at `height` may be signed.
    passed: bool,
    /// The engine's log of `height` was lost.
    log_lost: bool,
    signed: BTreeMap<(Round, Step), (ConsensusMessage, Signature64)>,
    /// Lowest round of `height` whose records are surely all kept.
    complete_from: Round,
}

/// Path of the guard file in a consensus folder.
pub fn guard_path(data_dir: &Path) -> PathBuf {
    data_dir.join("guard")
}

/// Makes the guard of a key that has never signed on this chain.
///
/// # Errors
/// `Exists`, `Io`.
pub fn create(data_dir: &Path, chain_id: u64, key: &ConsensusKey) -> Result<(), GuardError> {
    GuardFile::create(&guard_path(data_dir), Binding { chain_id, public_key: key.public_key() }).map(drop)
}

/// Replaces the guard by one that signs nothing up to and including a height. The old file is kept beside it.
///
/// # Errors
/// `Locked` while a process uses the old one, `Io`.
pub fn reset(data_dir: &Path, chain_id: u64, key: &ConsensusKey, above: Height) -> Result<(), GuardError> {
    let path = guard_path(data_dir);
    let io = |source| GuardError::Io { path: path.clone(), source };
    let binding = Binding { chain_id, public_key: key.public_key() };
    if path.exists() {
        if let Err(error @ GuardError::Locked { .. }) = GuardFile::open(&path, binding) {
            return Err(error);
        }
        std::fs::rename(&path, crate::wal::aside(&path)).map_err(io)?;
    }
    let file = GuardFile::create(&path, binding)?;
    file.append(&Record { sequence: 1, height: above.get(), entry: Entry::Passed })
}

impl Guard {
    /// Opens the guard of a validator whose chain has decided `chain`.
    pub(crate) fn open(data_dir: &Path, chain_id: u64, key: ConsensusKey, chain: Height) -> Result<Self, GuardError> {
        let guard = Self::open_unchecked(data_dir, chain_id, key)?;
        if guard.height < chain {
            return Err(GuardError::OlderThanChain { path: guard_path(data_dir), guard: guard.height, chain });
        }
        Ok(guard)
    }

    /// Opens without a look at the chain.
    pub(crate) fn open_unchecked(data_dir: &Path, chain_id: u64, key: ConsensusKey) -> Result<Self, GuardError> {
        let path = guard_path(data_dir);
        let (file, records) = GuardFile::open(&path, Binding { chain_id, public_key: key.public_key() })?;
        let mut guard = Self {
            file,
            key,
            chain_id,
            sequence: 0,
            height: Height::ZERO,
            passed: false,
            log_lost: false,
            signed: BTreeMap::new(),
            complete_from: Round::ZERO,
        };
        let oldest_is_current = records.first().zip(records.last()).is_some_and(|(a, b)| a.height == b.height);
        for record in records {
            guard.apply(record).map_err(|reason| GuardError::Damaged { path: path.clone(), reason })?;
        }
        if guard.sequence >= SLOTS && oldest_is_current {
            guard.forget_oldest_round();
        }
        Ok(guard)
    }

    fn apply(&mut self, record: Record) -> Result<(), String> {
        self.sequence = record.sequence;
        self.enter(Height(record.height))?;
        match record.entry {
            Entry::Passed => self.passed = true,
            Entry::LogLost => self.log_lost = true,
            Entry::Signed { sign_bytes, signature } => {
                let message = ConsensusMessage::from_sign_bytes(&sign_bytes).map_err(|e| e.to_string())?;
                if message.height != self.height || message.chain_id != self.chain_id {
                    return Err("a record contradicts its own message".to_owned());
                }
                self.signed.insert((message.round, message.step), (message, FixedBytes(signature)));
            }
        }
        Ok(())
    }

    fn enter(&mut self, height: Height) -> Result<(), String> {
        if height < self.height {
            return Err("heights of records fall".to_owned());
        }
        if height > self.height {
            self.height = height;
            self.passed = false;
            self.log_lost = false;
            self.signed.clear();
            self.complete_from = Round::ZERO;
        }
        Ok(())
    }

    /// Answers a request to sign; see the rules at the head of this module.
    pub(crate) fn sign(&mut self, message: &ConsensusMessage) -> Result<Answer, GuardError> {
        if message.height < self.height || (message.height == self.height && self.passed) {
            return Ok(Answer::Abstain);
        }
        if message.height == self.height {
            if let Some((stored, signature)) = self.signed.get(&(message.round, message.step)).cloned() {
                return match may_return(&stored, message) {
                    Return::Never => Ok(Answer::Abstain),
                    Return::Always => Ok(Answer::Signed(stored, signature)),
                    Return::Locked => {
                        self.log_lost()?;
                        Ok(Answer::Signed(stored, signature))
                    }
                };
            }
            if message.round < self.complete_from {
                return Ok(Answer::Abstain);
            }
            if self.log_lost && message.step != Step::Proposal && self.locked_elsewhere(message) {
                return self.sign_new(&ConsensusMessage { block_id: None, ..message.clone() });
            }
        }
        self.sign_new(message)
    }

    fn sign_new(&mut self, message: &ConsensusMessage) -> Result<Answer, GuardError> {
        let sign_bytes = message.sign_bytes();
        let signature = self.key.sign(&sign_bytes);
        self.record(message.height, Entry::Signed { sign_bytes, signature: signature.0 })?;
        self.signed.insert((message.round, message.step), (message.clone(), signature));
        Ok(Answer::Signed(message.clone(), signature))
    }

    /// Whether a value other than the one asked about was precommitted in an earlier round of this height.
    fn locked_elsewhere(&self, message: &ConsensusMessage) -> bool {
        let locked = self
            .signed
            .range(..(message.round, Step::Proposal))
            .rev()
            .filter(|((_, step), _)| *step == Step::Precommit)
            .find_map(|(_, (stored, _))| stored.block_id);
        match (locked, message.block_id) {
            (Some(locked), Some(asked)) => locked != asked,
            // Nil releases nobody and a node without a lock is free.
            _ => false,
        }
    }

    /// Records that a height is decided here, so that a copy of this file is known to be old later on. To be called
    /// before the decision is stored.
    pub(crate) fn advance(&mut self, height: Height) -> Result<(), GuardError> {
        if height <= self.height {
            return Ok(());
        }
        self.record(height, Entry::Passed)?;
        self.passed = true;
        Ok(())
    }

    /// Records that the engine's log of the current height was lost, or that it does not know what was precommitted.
    pub(crate) fn log_lost(&mut self) -> Result<(), GuardError> {
        if self.log_lost || self.signed.is_empty() {
            return Ok(());
        }
        self.record(self.height, Entry::LogLost)?;
        self.log_lost = true;
        Ok(())
    }

    /// Whether an entry of the engine's log is a vote of this guard's key: one that the guard keeps itself.
    pub(crate) fn made(&self, entry: &[u8]) -> bool {
        crate::malachite::logged_voter(self.chain_id, entry) == Some(self.key.address())
    }

    /// The height of its newest record: signed in, or passed.
    pub(crate) const fn height(&self) -> Height {
        self.height
    }

    /// Whether something was signed at a height.
    pub(crate) fn holds(&self, height: Height) -> bool {
        self.height == height && !self.signed.is_empty()
    }

    /// Whether a message that verifies under this key may come from here. What was signed below the current height is no
    /// longer known, and counts as ours.
    pub(crate) fn may_have_signed(&self, message: &ConsensusMessage) -> bool {
        if message.height != self.height {
            return message.height < self.height;
        }
        if self.passed || message.round < self.complete_from {
            return true;
        }
        self.signed.get(&(message.round, message.step)).is_some_and(|(stored, _)| stored == message)
    }

    /// Makes a record durable and enters its height.
    fn record(&mut self, height: Height, entry: Entry) -> Result<(), GuardError> {
        let sequence = self.sequence.saturating_add(1);
        let overwrites_current = self.height == height && (self.signed.len() as u64).saturating_add(2) >= SLOTS;
        self.file.append(&Record { sequence, height: height.get(), entry })?;
        self.sequence = sequence;
        // Never falls: every caller compared the heights.
        let _ = self.enter(height);
        if overwrites_current {
            self.forget_oldest_round();
        }
        Ok(())
    }

    /// The ring has come round within one height: its oldest round may be incomplete, so it is never signed again.
    fn forget_oldest_round(&mut self) {
        if let Some((round, _)) = self.signed.keys().next().copied() {
            self.signed.retain(|(kept, _), _| *kept > round);
            self.complete_from = round.saturating_add(1);
        }
    }
}

/// How a stored message may be handed out.
enum Return {
    Never,
    Always,
    /// With the lock kept by the guard from now on, for the engine does not know of it.
    Locked,
}

/// How the stored message may be handed out although `asked` differs.
fn may_return(stored: &ConsensusMessage, asked: &ConsensusMessage) -> Return {
    match (stored.step, stored.block_id) {
        (Step::Prevote, _) | (Step::Precommit, None) => Return::Always,
        (Step::Precommit, locked) if locked == asked.block_id => Return::Always,
        (Step::Precommit, _) if asked.block_id.is_none() => Return::Locked,
        // The engine publishes the polka a proposal claims; one that it does not hold would stop it.
        (Step::Proposal, _) if stored.valid_round.is_none() || stored.valid_round == asked.valid_round => {
            Return::Always
        }
        (Step::Precommit | Step::Proposal, _) => Return::Never,
    }
}
