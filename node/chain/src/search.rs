//! Queries over ranges of blocks: logs and fees.

use crate::core::Core;
use crate::query::{FeeHistory, LogEntry, LogQuery};
use crate::types::{BlockRef, CommittedBlock, ReadError};
use alloy_primitives::{Bloom, BloomInput, U256};
use assay_primitives::{Bps, Height};
use std::time::{Duration, Instant};

/// Headers whose blooms are read at a time.
const BLOOM_PAGE: usize = 1_024;
/// Most blocks of a fee history, as elsewhere.
pub(crate) const FEE_HISTORY_MAX: u64 = 1_024;
/// Recent blocks that the suggested tip looks at.
const TIP_BLOCKS: u64 = 20;
/// Which of their cheapest tips is suggested, in per cent.
const TIP_PERCENTILE: usize = 60;

/// Whether a bloom may hold what a query wants.
fn bloom_matches(query: &LogQuery, bloom: &Bloom) -> bool {
    let any = |items: Vec<&[u8]>| {
        items.is_empty() || items.into_iter().any(|item| bloom.contains_input(BloomInput::Raw(item)))
    };
    any(query.addresses.iter().map(|address| address.as_slice()).collect())
        && query.topics.iter().all(|wanted| any(wanted.iter().map(|topic| topic.as_slice()).collect()))
}

fn matching_logs(query: &LogQuery, block: &CommittedBlock, found: &mut Vec<LogEntry>) {
    for (index, (tx, receipt)) in block.transactions.iter().zip(&block.receipts).enumerate() {
        for (at, log) in receipt.receipt.logs.iter().enumerate().filter(|(_, log)| query.matches(log)) {
            found.push(LogEntry {
                log: log.clone(),
                block_number: block.number(),
                block_hash: block.hash,
                timestamp_ms: block.timestamp_ms,
                transaction_hash: tx.hash,
                transaction_index: index as u64,
                log_index: receipt.first_log_index + at as u64,
            });
        }
    }
}

impl Core {
    pub(crate) fn logs(&self, query: &LogQuery) -> Result<Vec<LogEntry>, ReadError> {
        self.check_readable()?;
        let limits = &self.config.queries;
        let to = query.to.min(self.head().block.number());
        if query.from > query.to {
            return Err(ReadError::InvalidRange);
        }
        if query.from > to {
            return Ok(Vec::new());
        }
        let (blocks, max_blocks) = (to - query.from + 1, limits.log_blocks_max);
        if blocks > max_blocks {
            return Err(ReadError::RangeTooLarge { blocks, max_blocks, suggested_to: query.from + max_blocks - 1 });
        }
        let deadline = Instant::now() + Duration::from_millis(limits.timeout_ms);
        let mut found = Vec::new();
        let mut next = Some(Height(query.from));
        while let Some(first) = next {
            let page = self
                .store
                .bloom_matches(first, Height(to), BLOOM_PAGE, |bloom| bloom_matches(query, bloom))
                .map_err(|fault| self.query_fault(fault))?;
            for height in page.heights {
                let block = self.block_at(height.get())?.ok_or(ReadError::UnknownBlock)?;
                matching_logs(query, &block, &mut found);
                // One block's logs are always given: a range of one block cannot be narrowed.
                let too_many = found.len() > limits.logs_max && height.get() > query.from;
                if too_many || Instant::now() > deadline {
                    let suggested_to = height.previous().get();
                    return Err(ReadError::TooManyResults { max_results: limits.logs_max, suggested_to });
                }
            }
            next = page.next;
        }
        Ok(found)
    }

    /// As the executor divides base fees: what is not burned of each transaction's is rounded down.
    pub(crate) fn burned(&self, from: u64, to: u64) -> Result<U256, ReadError> {
        let whole = U256::from(Bps::WHOLE.get());
        let kept = whole - U256::from(self.executive.params().fee_split.burned.get());
        let mut sum = U256::ZERO;
        for number in from..=to {
            if self.header_at(number)?.ok_or(ReadError::UnknownBlock)?.gas_used == 0 {
                continue;
            }
            let block = self.block_at(number)?.ok_or(ReadError::UnknownBlock)?;
            let base_fee = U256::from(block.header.base_fee_per_gas.unwrap_or_default());
            for receipt in &block.receipts {
                let paid = base_fee * U256::from(receipt.gas_used);
                sum += paid - paid * kept / whole;
            }
        }
        Ok(sum)
    }

    pub(crate) fn fee_history(
        &self,
        count: u64,
        newest: BlockRef,
        percentiles: &[f64],
    ) -> Result<FeeHistory, ReadError> {
        let newest = self.number(newest)?.ok_or(ReadError::UnknownBlock)?;
        let count = count.min(FEE_HISTORY_MAX).min(newest + 1);
        let mut history = FeeHistory { oldest: newest + 1 - count, ..FeeHistory::default() };
        let mut last = None;
        for number in history.oldest..=newest {
            let header = if percentiles.is_empty() {
                self.header_at(number)?.ok_or(ReadError::UnknownBlock)?
            } else {
                let block = self.block_at(number)?.ok_or(ReadError::UnknownBlock)?;
                history.rewards.push(rewards(&block, percentiles));
                block.header.clone()
            };
            history.base_fees.push(header.base_fee_per_gas.unwrap_or_default());
            #[allow(clippy::cast_precision_loss, reason = "a ratio for display")]
            history.gas_used_ratios.push(header.gas_used as f64 / header.gas_limit.max(1) as f64);
            last = Some(header);
        }
        if let Some(last) = last {
            history.base_fees.push(self.executive.next_base_fee(&last));
        }
        Ok(history)
    }

    /// What recent blocks accepted; at least the smallest unit that matters. Blocks without transactions say nothing.
    pub(crate) fn suggested_tip(&self) -> u128 {
        let head = self.head().block.number();
        if let Some((at, tip)) = *self.suggestion.lock()
            && at == head
        {
            return tip;
        }
        let mut cheapest: Vec<u128> = (head.saturating_sub(TIP_BLOCKS - 1)..=head)
            .filter_map(|number| self.block_at(number).ok().flatten())
            .filter_map(|block| tips(&block).into_iter().map(|(tip, _)| tip).min())
            .collect();
        cheapest.sort_unstable();
        let floor = u128::from(self.executive.params().base_fee.min);
        let index = cheapest.len().saturating_sub(1) * TIP_PERCENTILE / 100;
        let tip = cheapest.get(index).copied().unwrap_or_default().max(floor);
        *self.suggestion.lock() = Some((head, tip));
        tip
    }
}

/// Tip per gas and gas of every signed transaction of a block.
fn tips(block: &CommittedBlock) -> Vec<(u128, u64)> {
    let base_fee = u128::from(block.header.base_fee_per_gas.unwrap_or_default());
    let signed = block.transactions.iter().zip(&block.receipts).filter(|(tx, _)| tx.envelope.is_some());
    signed.map(|(_, receipt)| (receipt.effective_gas_price.saturating_sub(base_fee), receipt.gas_used)).collect()
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "percentiles of gas, as eth_feeHistory defines them"
)]
fn rewards(block: &CommittedBlock, percentiles: &[f64]) -> Vec<u128> {
    let mut tips = tips(block);
    tips.sort_unstable();
    percentiles
        .iter()
        .map(|percentile| {
            let threshold = (block.header.gas_used as f64 * percentile / 100.0) as u64;
            let mut gas = 0u64;
            let at = tips.iter().find(|(_, used)| {
                gas = gas.saturating_add(*used);
                gas >= threshold
            });
            at.or(tips.last()).map(|(tip, _)| *tip).unwrap_or_default()
        })
        .collect()
}
