//! A network for development and tests, planned and written at once: a folder with one data folder per node.
//!
//! ```text
//! DIR/                0700
//!   testnet.json      the plan: who runs where, on which ports
//!   node0/            a data folder like any other (see data_dir); `assay start --data-dir DIR/node0` runs it
//!     passphrase      opens the keystores of this node; 0600
//!     node.log        what the node logged under `assay testnet up`
//!   node1/ ...        validators first, then full nodes, which have no keys
//! ```
//! A node's ports lie together: JSON-RPC, admin, consensus, gossip, from its base on. Nodes on one host are
//! [`PORTS_PER_NODE`] apart.

mod create;
mod endpoints;
mod plan;

pub use create::{Order, create};
pub use endpoints::Endpoints;
pub use plan::{PORTS_PER_NODE, Plan, PlannedNode, Role};
