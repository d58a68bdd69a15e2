//! Unit tests of the crate, one file per module.

mod block;
mod transaction;
mod vrf;
