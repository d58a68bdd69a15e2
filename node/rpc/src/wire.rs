//! Blocks, transactions, receipts and logs in the JSON that Ethereum's clients decode.

mod block;
mod log;
mod raw;
mod receipt;
mod transaction;

pub use block::{BlockView, HeaderView};
pub use log::LogView;
pub use raw::{raw_block, raw_header, raw_receipt};
pub use receipt::ReceiptView;
pub use transaction::TransactionView;
