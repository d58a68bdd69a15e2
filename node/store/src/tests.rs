//! Tests of the store, each file one subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod fixture;

mod bulk;
mod crash;
mod damage;
mod history;
mod ledger;
mod logs;
mod oracle;
mod scan;
mod state;
