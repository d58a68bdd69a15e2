//! Blocks as they come, one line each.

use crate::node::Node;
use crate::output;
use assay_chain::CommittedBlock;
use serde_json::json;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Prints blocks until the chain is gone.
#[derive(Debug)]
pub struct Report {
    blocks: Option<Receiver<Arc<CommittedBlock>>>,
    style: Style,
}

impl Report {
    /// A report of the node's blocks from now on; a quiet one prints nothing.
    pub fn of(node: &Node, style: Style, quiet: bool) -> Self {
        Self { blocks: (!quiet).then(|| node.chain().subscribe_blocks()), style }
    }

    /// Prints until there is nothing to come.
    pub async fn run(self) {
        let Some(mut blocks) = self.blocks else { return };
        loop {
            match blocks.recv().await {
                Ok(block) => self.style.print(&block),
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "lines about blocks were skipped"),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl Style {
    fn print(self, block: &CommittedBlock) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let since_ms = u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(block.timestamp_ms.get());
        let header = &block.header;
        let transactions = block.transactions.len();
        match self {
            Self::Text => output::line(format_args!(
                "block {:>6}  {:>4} tx  {:>11} gas  {since_ms:>5} ms  {}",
                header.number, transactions, header.gas_used, block.hash
            )),
            Self::Json => output::line(json!({
                "event": "block",
                "height": header.number,
                "hash": block.hash,
                "transactions": transactions,
                "gasUsed": header.gas_used,
                "timestampMs": block.timestamp_ms.get(),
                "afterMs": since_ms,
            })),
        }
    }
}
