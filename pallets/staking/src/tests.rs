//! Tests: handlers, blocks, adversaries, properties against a naive model, storage layout.

#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "tests")]

mod adversaries;
mod bonds;
mod downtime;
mod epochs;
mod handlers;
mod layout;
mod props;
mod world;
