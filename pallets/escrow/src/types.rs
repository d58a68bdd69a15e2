//! What is stored of a job, and how it lies in words.

use crate::facade::Facade;
use crate::params::DESCRIPTION_BYTES_MAX;
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{CallError, Ctx, Record, Stored};
use assay_primitives::{Bps, Fault};
use borsh::{BorshDeserialize, BorshSerialize};

/// Number of a job, from 1; one sequence for all facades.
pub type JobId = u64;

/// Where a job stands; the numbers are the EIP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Terms are made.
    #[default]
    Open = 0,
    /// The payment is in escrow.
    Funded = 1,
    /// Work was submitted.
    Submitted = 2,
    /// The provider was paid.
    Completed = 3,
    /// Refused; what was funded went back.
    Rejected = 4,
    /// Out of time; what was funded went back.
    Expired = 5,
}

impl Status {
    const ALL: [Self; 6] = [Self::Open, Self::Funded, Self::Submitted, Self::Completed, Self::Rejected, Self::Expired];

    /// The number of the status.
    pub const fn number(self) -> u8 {
        self as u8
    }

    fn of(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether a payment is in escrow.
    pub const fn is_funded(self) -> bool {
        matches!(self, Self::Funded | Self::Submitted)
    }
}

/// A job. `client` is never zero; `funded` is zero unless the job is funded or submitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Who ordered and pays.
    pub client: Address,
    /// Where it stands.
    pub status: Status,
    /// At which address it was made.
    pub facade: Facade,
    /// Whether the court holds it: no refund by time.
    pub held: bool,
    /// Whether the provider was chosen by bids and has a bond locked.
    pub bonded: bool,
    /// Whether it takes bids.
    pub bidding: bool,
    /// Who works; zero while nobody was chosen.
    pub provider: Address,
    /// Seconds since the Unix epoch.
    pub expired_at: u64,
    /// Who judges.
    pub evaluator: Address,
    /// Seconds since the Unix epoch; zero while nothing was submitted.
    pub submitted_at: u64,
    /// Who is asked before and told after each action; zero for nobody.
    pub hook: Address,
    /// The agent that the provider works as; zero for none.
    pub agent: u64,
    /// The price.
    pub budget: u128,
    /// What is in escrow.
    pub funded: u128,
    /// The payment token of a job of the base facade; zero while none is agreed. Zero for the others.
    pub token: Address,
    /// The words as they were read, so that only changed ones are written.
    pub(crate) stored: [U256; WORDS],
}

/// Words of a job; the last is the token's, which only the base facade has.
pub(crate) const WORDS: usize = 6;

const HELD_BIT: usize = 176;
const BONDED_BIT: usize = 177;
const BIDDING_BIT: usize = 178;

const fn up(word: U256, bits: usize) -> U256 {
    word.wrapping_shl(bits)
}

const fn down(word: U256, bits: usize) -> U256 {
    word.wrapping_shr(bits)
}

fn with_address(address: Address, high: U256) -> U256 {
    U256::from_be_bytes(address.into_word().0) | up(high, 160)
}

fn address(word: U256) -> Address {
    Address::from_slice(word.to_be_bytes::<32>().split_at(12).1)
}

fn high64(word: U256) -> Option<u64> {
    down(word, 160).try_into().ok()
}

fn low128(word: U256) -> u128 {
    (word & U256::from(u128::MAX)).saturating_to()
}

fn misfit(slot: U256) -> CallError {
    CallError::Fault(Fault::corrupt(format!("the words of a job at slot {slot:#x} do not fit")))
}

impl Job {
    fn words(&self) -> [U256; WORDS] {
        let mut head = with_address(self.client, U256::from(self.status.number()));
        head |= up(U256::from(self.facade.number()), 168);
        head.set_bit(HELD_BIT, self.held);
        head.set_bit(BONDED_BIT, self.bonded);
        head.set_bit(BIDDING_BIT, self.bidding);
        [
            head,
            with_address(self.provider, U256::from(self.expired_at)),
            with_address(self.evaluator, U256::from(self.submitted_at)),
            with_address(self.hook, U256::from(self.agent)),
            U256::from(self.budget) | up(U256::from(self.funded), 128),
            with_address(self.token, U256::ZERO),
        ]
    }

    fn of_words(words: [U256; WORDS]) -> Option<Self> {
        let [head, provider, evaluator, hook, money, token] = words;
        let job = Self {
            client: address(head),
            status: Status::of(head.byte(20))?,
            facade: Facade::of(head.byte(21))?,
            held: head.bit(HELD_BIT),
            bonded: head.bit(BONDED_BIT),
            bidding: head.bit(BIDDING_BIT),
            provider: address(provider),
            expired_at: high64(provider)?,
            evaluator: address(evaluator),
            submitted_at: high64(evaluator)?,
            hook: address(hook),
            agent: high64(hook)?,
            budget: low128(money),
            funded: low128(down(money, 128)),
            token: address(token),
            stored: words,
        };
        (job.words() == words).then_some(job)
    }

    /// The token that it is paid in; zero while none is agreed.
    pub const fn payment_token(&self) -> Address {
        match self.facade {
            Facade::Base => self.token,
            Facade::Eip | Facade::Acp => assay_abi::token::DEFAULT_TOKEN,
        }
    }

    /// Marks the job as written as it is now.
    pub(crate) fn mark_stored(&mut self) {
        self.stored = self.words();
    }
}

fn word_slot(slot: U256, index: usize) -> U256 {
    slot.wrapping_add(U256::from(index))
}

/// Six words from the slot on:
///
/// ```text
/// 0   bits 0..160 client, 160..168 status, 168..176 facade, 176 held, 177 bonded, 178 bidding
/// 1   bits 0..160 provider, 160..224 expiry
/// 2   bits 0..160 evaluator, 160..224 time of submission
/// 3   bits 0..160 hook, 160..224 agent
/// 4   bits 0..128 budget, 128..256 funded
/// 5   payment token (base facade)
/// ```
impl Stored for Job {
    fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
        let head = ctx.sload(slot)?;
        if head.is_zero() {
            return Ok(None);
        }
        let mut words = [U256::ZERO; WORDS];
        let base = head.byte(21) == Facade::Base.number();
        for (index, word) in words.iter_mut().enumerate() {
            if index == 0 {
                *word = head;
            } else if base || index < WORDS.saturating_sub(1) {
                *word = ctx.sload(word_slot(slot, index))?;
            }
        }
        Self::of_words(words).map(Some).ok_or_else(|| misfit(slot))
    }

    fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
        for (index, (word, before)) in self.words().into_iter().zip(self.stored).enumerate() {
            if word != before {
                ctx.sstore(word_slot(slot, index), word)?;
            }
        }
        Ok(())
    }

    fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
        (0..WORDS).try_for_each(|index| ctx.sstore(word_slot(slot, index), U256::ZERO))
    }
}

/// What the client wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Description(pub String);

impl Record for Description {
    const BYTES_MAX: usize = 4 + DESCRIPTION_BYTES_MAX;
}

/// Times of jobs, in one word of four numbers; the first in the highest bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A job lasts longer, in seconds.
    pub min_s: u64,
    /// A job lasts at most this long, in seconds.
    pub max_s: u64,
    /// Seconds for a judgement after the expiry (base facade).
    pub grace_s: u64,
    /// Heights in which a client speaks for an agent once.
    pub epoch_heights: u64,
}

/// Shares of a payment, in one word: bits 0..160 treasury, then 16 bits each: platform, evaluator, burned; bit 255 set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Who receives the platform's share.
    pub treasury: Address,
    /// The platform's share.
    pub platform: Bps,
    /// The evaluator's share.
    pub evaluator: Bps,
    /// What is burned where the job speaks for its agent.
    pub burn: Bps,
}

/// Parameters of bids, in one word: bits 0..128 the smallest bond, 128..256 the burned fees that count by half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bidding {
    /// Smallest bond of a bid, in wei.
    pub bond_min: u128,
    /// Burned fees at which reputation counts by half.
    pub reputation_half: u128,
}

impl Times {
    fn to_word(self) -> U256 {
        U256::from_limbs([self.epoch_heights, self.grace_s, self.max_s, self.min_s])
    }

    const fn from_word(word: U256) -> Option<Self> {
        let [epoch_heights, grace_s, max_s, min_s] = word.into_limbs();
        Some(Self { min_s, max_s, grace_s, epoch_heights })
    }
}

impl Fees {
    fn to_word(self) -> U256 {
        let shares = [self.platform, self.evaluator, self.burn];
        let high = shares.iter().rev().fold(up(U256::ONE, 47), |word, bps| up(word, 16) | U256::from(bps.0));
        with_address(self.treasury, high)
    }

    fn from_word(word: U256) -> Option<Self> {
        let share = |at: usize| (down(word, at) & U256::from(u16::MAX)).try_into().ok().map(Bps);
        let fees = Self { treasury: address(word), platform: share(160)?, evaluator: share(176)?, burn: share(192)? };
        (fees.to_word() == word).then_some(fees)
    }
}

impl Bidding {
    fn to_word(self) -> U256 {
        U256::from(self.bond_min) | up(U256::from(self.reputation_half), 128)
    }

    fn from_word(word: U256) -> Option<Self> {
        Some(Self { bond_min: low128(word), reputation_half: low128(down(word, 128)) })
    }
}

macro_rules! packed {
    ($type:ty) => {
        impl Stored for $type {
            fn load(ctx: &mut Ctx<'_>, slot: U256) -> Result<Option<Self>, CallError> {
                match ctx.sload(slot)? {
                    U256::ZERO => Ok(None),
                    word => Self::from_word(word).map(Some).ok_or_else(|| misfit(slot)),
                }
            }

            fn store(&self, ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, self.to_word())
            }

            fn erase(ctx: &mut Ctx<'_>, slot: U256) -> Result<(), CallError> {
                ctx.sstore(slot, U256::ZERO)
            }
        }
    };
}

packed!(Times);
packed!(Fees);
packed!(Bidding);

/// A job with all that is stored of it, for views.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// Its number.
    pub id: JobId,
    /// The job.
    pub job: Job,
    /// What the client wants.
    pub description: String,
    /// What was submitted.
    pub deliverable: B256,
}
