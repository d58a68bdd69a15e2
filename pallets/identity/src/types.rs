//! What is stored, as it lies in words.

use alloy_primitives::{Address, B256, U256};
use assay_kernel::{CallError, Ctx, Map, Record, Stored};
use assay_primitives::Fault;
use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes of a bounded length. No bytes are the same as nothing stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Blob<const MAX: usize>(pub Vec<u8>);

impl<const MAX: usize> Record for Blob<MAX> {
    const BYTES_MAX: usize = MAX.saturating_add(4);
}

impl<const MAX: usize> Blob<MAX> {
    /// Reads the bytes of a key; none where nothing is stored.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn read<K: BorshSerialize>(map: &Map<K, Self>, ctx: &mut Ctx<'_>, key: &K) -> Result<Vec<u8>, CallError> {
        Ok(map.get(ctx, key)?.unwrap_or_default().0)
    }

    /// As [`Blob::read`], for what was stored from a string.
    ///
    /// # Errors
    /// `Halted`, `Fault`.
    pub fn read_text<K: BorshSerialize>(map: &Map<K, Self>, ctx: &mut Ctx<'_>, key: &K) -> Result<String, CallError> {
        String::from_utf8(Self::read(map, ctx, key)?)
            .map_err(|_| CallError::Fault(Fault::corrupt("a stored string is not UTF-8")))
    }

    /// Writes the bytes of a key; none remove it.
    ///
    /// # Errors
    /// `Reverted(TooLong)`; `Halted`, `Fault`.
    pub fn write<K: BorshSerialize>(
        map: &Map<K, Self>,
        ctx: &mut Ctx<'_>,
        key: &K,
        bytes: &[u8],
    ) -> Result<(), CallError> {
        if bytes.is_empty() { map.remove(ctx, key) } else { map.set(ctx, key, &Self(bytes.to_vec())) }
    }
}

/// The number of a tag in its registry's table; zero is the empty tag, and "any" as a filter.
pub type TagId = u64;

/// Bits `from .. from + width` of a word, right-aligned.
pub fn bits(word: U256, from: usize, width: usize) -> U256 {
    let mask = U256::MAX.wrapping_shr(256usize.saturating_sub(width));
    word.wrapping_shr(from) & mask
}

fn narrow(word: U256, from: usize, width: usize) -> u64 {
    bits(word, from, width).wrapping_to()
}

fn at(value: u64, from: usize) -> U256 {
    U256::from(value).wrapping_shl(from)
}

/// One entry of feedback.
///
/// ```text
/// bit 0 value (i128)   128 decimals   136 present   137 revoked   144 tag 1 (56 bits)   200 tag 2 (56 bits)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// What was given, in units of 10^-decimals; at most 10^38 either way.
    pub value: i128,
    /// At most 18.
    pub decimals: u8,
    /// Whether its author took it back.
    pub revoked: bool,
    /// First tag.
    pub tag1: TagId,
    /// Second tag.
    pub tag2: TagId,
}

impl Feedback {
    fn to_word(self) -> U256 {
        let value = U256::from(u128::from_be_bytes(self.value.to_be_bytes()));
        let flags = 1 | (u64::from(self.revoked) << 1);
        value | at(u64::from(self.decimals), 128) | at(flags, 136) | at(self.tag1, 144) | at(self.tag2, 200)
    }

    fn from_word(word: U256) -> Self {
        let value: u128 = bits(word, 0, 128).wrapping_to();
        Self {
            value: i128::from_be_bytes(value.to_be_bytes()),
            decimals: bits(word, 128, 8).wrapping_to(),
            revoked: !bits(word, 137, 1).is_zero(),
            tag1: narrow(word, 144, 56),
            tag2: narrow(word, 200, 56),
        }
    }
}

/// What everybody may know of a validation request in one word.
///
/// ```text
/// bit 0 validator (20 bytes)   160 response   168 answered   176 time of the last change, in seconds (64 bits)
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who may answer; never zero.
    pub validator: Address,
    /// The last answer, 0 to 100.
    pub response: u8,
    /// Whether there is an answer.
    pub answered: bool,
    /// When it was made or answered last.
    pub changed_at: u64,
}

impl Request {
    fn to_word(self) -> U256 {
        let validator = U256::from_be_bytes(self.validator.into_word().0);
        let answer = u64::from(self.response) | (u64::from(self.answered) << 8);
        validator | at(answer, 160) | at(self.changed_at, 176)
    }

    fn from_word(word: U256) -> Self {
        Self {
            validator: Address::from_word(B256::from(bits(word, 0, 160))),
            response: bits(word, 160, 8).wrapping_to(),
            answered: !bits(word, 168, 1).is_zero(),
            changed_at: narrow(word, 176, 64),
        }
    }
}

/// The rest of a validation request: the agent and the tag of the last answer, in one word. The word is zero, and so
/// not stored, for an untagged request about agent 0.
///
/// ```text
/// bit 0 tag (64 bits)   64 agent (192 bits)
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The agent; below 2^64, as every agent that exists.
    pub agent: U256,
    /// Tag of the last answer.
    pub tag: TagId,
}

impl Subject {
    fn to_word(self) -> U256 {
        at(self.tag, 0) | self.agent.wrapping_shl(64)
    }

    fn from_word(word: U256) -> Self {
        Self { agent: word.wrapping_shr(64), tag: narrow(word, 0, 64) }
    }
}

/// Answers of one validator (or of all) about one agent under one tag (or any).
///
/// ```text
/// bit 0 count (64 bits)   64 sum of the responses (192 bits)
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerTally {
    /// How many answered requests.
    pub count: u64,
    /// Sum of their responses.
    pub sum: u128,
}

impl AnswerTally {
    fn to_word(self) -> U256 {
        at(self.count, 0) | U256::from(self.sum).wrapping_shl(64)
    }

    fn from_word(word: U256) -> Self {
        Self { count: narrow(word, 0, 64), sum: bits(word, 64, 128).wrapping_to() }
    }
}

/// Count and weight of the job-backed feedback about an agent.
///
/// ```text
/// bit 0 count (64 bits)   64 weight (192 bits)
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTally {
    /// Entries.
    pub count: u64,
    /// Sum of their weights; below 2^192.
    pub weight: U256,
}

impl JobTally {
    fn to_word(self) -> U256 {
        at(self.count, 0) | self.weight.wrapping_shl(64)
    }

    fn from_word(word: U256) -> Self {
        Self { count: narrow(word, 0, 64), weight: word.wrapping_shr(64) }
    }
}

macro_rules! stored_as_word {
    ($($type:ty),*) => {$(
        impl Stored for $type {
            fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
                let word = ctx.sload(slot)?;
                Ok(if word.is_zero() { None } else { Some(Self::from_word(word)) })
            }

            fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, self.to_word())
            }

            fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, U256::ZERO)
            }
        }
    )*};
}

stored_as_word!(Feedback, Request, Subject, AnswerTally, JobTally);

/// What a settled job says of the agent that did it.
#[derive(Clone, Copy, Debug)]
pub struct JobFeedback<'a> {
    /// The agent.
    pub agent: U256,
    /// Who paid.
    pub client: Address,
    /// How good it was, 0 to 100.
    pub score: u8,
    /// What kind of job (the second tag; the first is always `job`).
    pub kind: &'a str,
    /// Names the job; stands in the entry as the hash of the feedback.
    pub job: B256,
    /// What was burned of the job's fee, in units of the fee token.
    pub weight: u128,
    /// The epoch in which it settled.
    pub epoch: u64,
}
