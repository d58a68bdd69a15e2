//! Tests of the binary's own parts; whole processes are tested in `tests/`.

mod cli;
mod config;
mod data_dir;
mod keys;
mod logs;
mod network;
mod peer_address;
mod testnet;
