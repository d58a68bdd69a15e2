//! Tests of the state-transition function, over states in memory.

#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "tests")]

mod admission;
mod base_fee;
mod blocks;
mod chain;
mod escrow;
mod family;
mod genesis;
mod jobs_reference;
mod modules;
mod operations;
mod payload;
mod props;
mod registries;
mod registries_reference;
mod simulation;
mod staking;
mod statetest;
mod token;
mod token_reference;
mod trace;
