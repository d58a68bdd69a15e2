//! What is stored of an auction.

use alloy_primitives::{Address, B256};
use assay_kernel::Record;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most bids for a job.
pub(crate) const BIDS_MAX: u8 = 32;

/// The rules of an auction, and how many bids there are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Auction {
    /// Whether prices are hidden at first.
    pub sealed: bool,
    /// Whether it is over and has a winner.
    pub awarded: bool,
    /// Bids come before this second.
    pub bid_until: u64,
    /// Prices are shown before this second; as `bid_until` where none is hidden.
    pub reveal_until: u64,
    /// Seconds that the winner has from its payment to the expiry.
    pub work_time: u64,
    /// Highest price.
    pub max_price: u128,
    /// What each bid locks, in wei.
    pub bond: u128,
    /// How many bids there are.
    pub bids: u8,
}

impl Record for Auction {
    const BYTES_MAX: usize = 2 + 3 * 8 + 2 * 16 + 1;
}

/// A bid.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Bid {
    /// For which agent.
    pub agent: u64,
    /// Who placed it, and will work.
    pub bidder: Address,
    /// Its height.
    pub height: u64,
    /// The price; zero while it is hidden.
    pub price: u128,
    /// What it stands for, where prices are hidden.
    pub commitment: Option<B256>,
}

impl Record for Bid {
    const BYTES_MAX: usize = 8 + 20 + 8 + 16 + 33;
}
