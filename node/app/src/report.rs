//! Blocks as they come, one line each.

use crate::error::AppError;
use crate::node::Node;
use crate::output;
use assay_chain::CommittedBlock;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;

/// Form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Prints the node's blocks from now on, until its chain is gone. On a thread of its own: whoever reads the lines slowly
/// holds up nothing else.
///
/// # Errors
/// `Failed` where the system refuses a thread.
pub fn report(node: &Node, style: Style) -> Result<(), AppError> {
    let mut blocks = node.chain().subscribe_blocks();
    let print = move || {
        loop {
            match blocks.blocking_recv() {
                Ok(block) => style.print(&block),
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "lines about blocks were skipped"),
                Err(RecvError::Closed) => return,
            }
        }
    };
    let started = std::thread::Builder::new().name("report".to_owned()).spawn(print);
    started.map(drop).map_err(|error| AppError::Failed(format!("cannot start a thread: {error}")))
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
