//! Tests of the virtual machine, with native modules that exist only here.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "test code")]

mod assembler;
mod differential;
mod ethereum;
mod fees;
mod invalid;
mod natives;
mod nesting;
mod pallet;
mod state;
mod support;
mod tracing;
