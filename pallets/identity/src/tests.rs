//! Tests of the three registries over a host of maps.
#![allow(non_snake_case, reason = "fields of the Solidity interfaces")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

mod adversarial;
mod api;
mod dispatch;
mod feedback;
mod genesis;
mod invariants;
mod layout;
mod model;
mod ownership;
mod props;
mod support;
mod validation;
mod wallet;
