//! Gossip, from frames to networks of nodes over real TCP.
#![allow(clippy::cast_possible_truncation, reason = "tests count to small numbers")]

mod adversary;
mod conduct;
mod frame;
mod hostile;
mod hub;
mod network;
mod support;
