//! Tests of the kernel.
#![allow(clippy::arithmetic_side_effects, reason = "test code")]

mod ctx;
mod dispatch;
mod reader;
mod signature;
mod state;
mod storage;
