//! Tests of the chain.
#![allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests fail by panicking")]

mod chain;
mod clocks;
mod driver;
mod evidence;
mod fixtures;
mod gossip;
mod journal;
mod judge;
mod load;
mod mempool;
mod mempool_model;
mod queries;
mod quorum;
mod rotation;
mod votes;
