//! The types Malachite is generic over: heights, validators, votes and proposals of Assay. A value is a block id.

use crate::application::HeightContext;
use crate::message::{ConsensusMessage, Step};
use arc_malachitebft_core_types as core;
use arc_malachitebft_core_types::{NilOrVal, Round as EngineRound, VoteType};
use arc_malachitebft_signing_ed25519::{Ed25519, PublicKey};
use assay_primitives::{BlockId, ConsensusAddress, Fault, Height, Round};
use std::fmt;
use std::sync::Arc;

/// The engine's parameter: which chain's types it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assay;

/// Address of a validator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address(pub(crate) ConsensusAddress);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl core::Address for Address {}

/// A height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EngineHeight(pub(crate) u64);

impl fmt::Display for EngineHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Height> for EngineHeight {
    fn from(height: Height) -> Self {
        Self(height.get())
    }
}

impl From<EngineHeight> for Height {
    fn from(height: EngineHeight) -> Self {
        Self(height.0)
    }
}

impl core::Height for EngineHeight {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}

/// What is decided: the id of an ordering block. The block itself travels in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub(crate) BlockId);

impl core::Value for Value {
    type Id = BlockId;

    fn id(&self) -> BlockId {
        self.0
    }
}

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    address: Address,
    public_key: PublicKey,
    power: u64,
}

impl core::Validator<Assay> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// The validators of a height, with what the proposer rotation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators {
    context: Arc<HeightContext>,
    list: Arc<[Validator]>,
}

impl Validators {
    /// Takes over the application's set.
    ///
    /// # Errors
    /// `Corrupt` where a public key is off the curve: such a validator must never enter a set.
    pub(crate) fn new(context: Arc<HeightContext>) -> Result<Self, Fault> {
        let list = context
            .validators
            .iter()
            .map(|v| {
                let public_key = PublicKey::from_bytes(v.public_key.0)
                    .map_err(|_| Fault::corrupt(format!("public key of validator {} is no point", v.address)))?;
                Ok(Validator { address: Address(v.address), public_key, power: v.power })
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        if list.is_empty() {
            return Err(Fault::invariant("a validator set is empty"));
        }
        Ok(Self { context, list: list.into() })
    }
}

impl core::ValidatorSet<Assay> for Validators {
    fn count(&self) -> usize {
        self.list.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.context.validators.total_power()
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.list.iter().find(|v| v.address == *address)
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.list.get(index)
    }
}

/// A part of a proposed block on its way to the others; see `streaming`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProposalPart {
    /// Opens the stream: what is proposed, and who streams it.
    Init(Box<super::streaming::StreamInit>),
    /// A piece of the block.
    Chunk(bytes::Bytes),
}

impl core::ProposalPart<Assay> for ProposalPart {
    fn is_first(&self) -> bool {
        matches!(self, Self::Init(_))
    }

    fn is_last(&self) -> bool {
        false
    }
}

/// A proposal: the message of step `Proposal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) height: EngineHeight,
    pub(crate) round: EngineRound,
    pub(crate) value: Value,
    pub(crate) pol_round: EngineRound,
    pub(crate) address: Address,
}

impl core::Proposal<Assay> for Proposal {
    fn height(&self) -> EngineHeight {
        self.height
    }

    fn round(&self) -> EngineRound {
        self.round
    }

    fn value(&self) -> &Value {
        &self.value
    }

    fn take_value(self) -> Value {
        self.value
    }

    fn pol_round(&self) -> EngineRound {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }
}

impl Proposal {
    /// What is signed.
    pub(crate) fn message(&self, chain_id: u64) -> ConsensusMessage {
        ConsensusMessage {
            chain_id,
            step: Step::Proposal,
            height: self.height.into(),
            round: round(self.round),
            block_id: Some(self.value.0),
            valid_round: self.pol_round.as_u32().map(Round),
            address: self.address.0,
        }
    }

    /// From what was signed; `None` for a vote.
    pub(crate) fn from_message(message: &ConsensusMessage) -> Option<Self> {
        (message.step == Step::Proposal).then_some(())?;
        Some(Self {
            height: message.height.into(),
            round: EngineRound::new(message.round.get()),
            value: Value(message.block_id?),
            pol_round: message.valid_round.map(Round::get).into(),
            address: Address(message.address),
        })
    }
}

/// A vote: the message of step `Prevote` or `Precommit`. It has no extension; nobody uses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub(crate) kind: VoteType,
    pub(crate) height: EngineHeight,
    pub(crate) round: EngineRound,
    pub(crate) value: NilOrVal<BlockId>,
    pub(crate) address: Address,
}

impl core::Vote<Assay> for Vote {
    fn height(&self) -> EngineHeight {
        self.height
    }

    fn round(&self) -> EngineRound {
        self.round
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    fn extension(&self) -> Option<&core::SignedExtension<Assay>> {
        None
    }

    fn take_extension(&mut self) -> Option<core::SignedExtension<Assay>> {
        None
    }

    fn extend(self, _extension: core::SignedExtension<Assay>) -> Self {
        self
    }
}

impl Vote {
    /// What is signed.
    pub(crate) fn message(&self, chain_id: u64) -> ConsensusMessage {
        ConsensusMessage {
            chain_id,
            step: match self.kind {
                VoteType::Prevote => Step::Prevote,
                VoteType::Precommit => Step::Precommit,
            },
            height: self.height.into(),
            round: round(self.round),
            block_id: match self.value {
                NilOrVal::Nil => None,
                NilOrVal::Val(id) => Some(id),
            },
            valid_round: None,
            address: self.address.0,
        }
    }

    /// From what was signed; `None` for a proposal.
    pub(crate) fn from_message(message: &ConsensusMessage) -> Option<Self> {
        let kind = match message.step {
            Step::Proposal => return None,
            Step::Prevote => VoteType::Prevote,
            Step::Precommit => VoteType::Precommit,
        };
        Some(Self {
            kind,
            height: message.height.into(),
            round: EngineRound::new(message.round.get()),
            value: message.block_id.map_or(NilOrVal::Nil, NilOrVal::Val),
            address: Address(message.address),
        })
    }
}

/// A round that is defined; the engine signs and decides in no other.
pub(crate) fn round(round: EngineRound) -> Round {
    Round(round.as_u32().unwrap_or_default())
}

impl core::Context for Assay {
    type Address = Address;
    type Height = EngineHeight;
    type ProposalPart = ProposalPart;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = core::LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Ed25519;

    #[allow(clippy::indexing_slicing, reason = "`Validators::new` refuses an empty list, so index 0 exists")]
    fn select_proposer<'a>(
        &self,
        validator_set: &'a Validators,
        height: EngineHeight,
        at: EngineRound,
    ) -> &'a Validator {
        let proposer = Address(validator_set.context.proposer(height.into(), round(at)));
        core::ValidatorSet::get_by_address(validator_set, &proposer).unwrap_or(&validator_set.list[0])
    }

    fn new_proposal(
        &self,
        height: EngineHeight,
        round: EngineRound,
        value: Value,
        pol_round: EngineRound,
        address: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, address }
    }

    fn new_prevote(
        &self,
        height: EngineHeight,
        round: EngineRound,
        value: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value, address }
    }

    fn new_precommit(
        &self,
        height: EngineHeight,
        round: EngineRound,
        value: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value, address }
    }
}
