//! Networks of four real nodes: agreement, recovery, keys, and the command that runs them all.

mod agreement;
mod command;
mod keys;
mod lab;
mod recipes;
mod recovery;
