//! Decoding of a block's transactions: the costly part is one signature recovery each.

use crate::InvalidBlock;
use alloy_primitives::{B256, Bytes, keccak256};
use assay_primitives::{Block, CheckedTx};
use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use std::sync::Arc;

/// Decodes the transactions of a block and recovers their senders, in order. `lookup` finds transactions that were
/// recovered before (the mempool's); the others are recovered on `pool`, or one after another where there is none. The
/// result does not depend on the pool.
///
/// # Errors
/// [`InvalidBlock::Undecodable`] for the first item that is no transaction.
pub fn decode_transactions(
    block: &Block,
    pool: Option<&ThreadPool>,
    lookup: &(dyn Fn(&B256) -> Option<Arc<CheckedTx>> + Sync),
) -> Result<Vec<Arc<CheckedTx>>, InvalidBlock> {
    let items: Vec<&Bytes> = block.transactions().collect();
    let decode = |(index, raw): (usize, &&Bytes)| match lookup(&keccak256(raw)) {
        Some(known) => Ok(known),
        None => match CheckedTx::recover((*raw).clone()) {
            Ok(tx) => Ok(Arc::new(tx)),
            Err(error) => Err(InvalidBlock::Undecodable { index, error }),
        },
    };
    // Each item's own result first, then the first error: which thread was faster must not show.
    let results: Vec<Result<Arc<CheckedTx>, InvalidBlock>> = match pool {
        Some(pool) => pool.install(|| items.par_iter().enumerate().map(decode).collect()),
        None => items.iter().enumerate().map(decode).collect(),
    };
    results.into_iter().collect()
}
