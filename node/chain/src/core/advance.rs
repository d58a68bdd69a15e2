//! The head moves: pool, waiting callers, events and metrics follow.

use super::{Core, Head};
use crate::mempool::SenderState;
use crate::types::{ChainEvent, CommittedBlock, TxLocation};
use alloy_primitives::Address;
use assay_consensus::Rotation;
use assay_executive::Parent;
use assay_primitives::{Fault, Height};
use std::sync::Arc;
use std::time::Instant;

impl Core {
    pub(super) fn advance(
        &self,
        block: CommittedBlock,
        rotation: Rotation,
        changed: Vec<(Address, SenderState)>,
    ) -> Result<(), Fault> {
        let block = Arc::new(block);
        let view = self.store.state_at(Height(block.number())).map_err(|error| Fault::invariant(error.to_string()))?;
        let next_base_fee = self.executive.next_base_fee(&block.header);
        let previous = self.head();
        let height = Height(block.number());
        let own = self.validators(height)?;
        let next = Arc::new(self.executive.validators(&view, height.next())?);
        let parent = Parent::new(block.header.clone(), block.timestamp_ms).with_validators(own, next);
        let head = Arc::new(Head {
            block: Arc::clone(&block),
            parent,
            view,
            next_base_fee,
            rotation,
            since_ms: self.now_ms(),
        });
        let (work, expired) = {
            let mut pool = self.pool.lock();
            *self.head.write() = head;
            pool.on_block(changed, next_base_fee);
            let expired = pool.expire(self.now_ms()).len();
            self.observe_pool(&pool);
            (pool.has_work(next_base_fee), expired)
        };
        self.metrics.mempool_evicted.inc_by(expired as u64);
        self.observe_block(&previous.block, &block);
        *self.committed_at.lock() = Some(Instant::now());
        self.blocks.lock().put(Arc::clone(&block));
        self.answer_waiters(&block);
        let _ = self.events.blocks.send(Arc::clone(&block));
        let _ = self.events.all.send(ChainEvent::NewBlock(block));
        if work {
            self.signal_work();
        }
        Ok(())
    }

    fn answer_waiters(&self, block: &Arc<CommittedBlock>) {
        let mut waiters = self.waiters.lock();
        if waiters.is_empty() {
            return;
        }
        for (index, tx) in block.transactions.iter().enumerate() {
            for waiter in waiters.remove(&tx.hash).into_iter().flatten() {
                let _ = waiter.send(TxLocation { block: Arc::clone(block), index });
            }
        }
    }

    pub(crate) fn observe_pool(&self, pool: &crate::mempool::Mempool) {
        self.metrics.mempool_size.set(i64::try_from(pool.len()).unwrap_or(i64::MAX));
        self.metrics.mempool_size_bytes.set(i64::try_from(pool.status().bytes).unwrap_or(i64::MAX));
    }

    #[allow(clippy::cast_precision_loss, reason = "metrics")]
    fn observe_block(&self, previous: &CommittedBlock, block: &CommittedBlock) {
        let metrics = &self.metrics;
        let seconds = |ms: u64| ms as f64 / 1_000.0;
        metrics.chain_height.set(i64::try_from(block.number()).unwrap_or(i64::MAX));
        metrics.chain_timestamp_seconds.set(seconds(block.timestamp_ms.get()));
        let interval = block.timestamp_ms.saturating_sub(previous.timestamp_ms.get());
        metrics.chain_block_interval_seconds.observe(seconds(interval.get()));
        metrics.exec_txs.inc_by(block.transactions.len() as u64);
        metrics.exec_gas.inc_by(block.header.gas_used);
        let retained = self.store.oldest_height().get();
        metrics.state_retained_from_height.set(i64::try_from(retained).unwrap_or(i64::MAX));
    }
}
