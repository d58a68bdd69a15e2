//! Tests of escrow: a world with native tokens, agents and bonds, and doubles of foreign tokens and hooks.
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod acp;
mod base;
mod bids;
mod court;
mod doubles;
mod eip;
mod faults;
mod genesis;
mod hooks;
mod layout;
mod money;

mod props;
mod reputation;
mod support;
