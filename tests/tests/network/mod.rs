//! Networks of four real nodes: agreement, recovery, keys, stakes, offences, and the command that runs them all.

mod agreement;
mod command;
mod keys;
mod lab;
mod offences;
mod recipes;
mod recovery;
mod staking;
