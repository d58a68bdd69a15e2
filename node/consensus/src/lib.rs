//! Engine adapters and gossip: all that talks to peers. The chain sees none of it but the port [`Application`].

pub mod application;

pub use application::*;
