//! Receipts in Ethereum's consensus encoding, for every transaction type of the chain.

use alloy_primitives::{B256, Bloom, BloomInput};
use alloy_rlp::{BufMut, Encodable, RlpDecodable, RlpEncodable};

pub use alloy_primitives::Log;

/// A receipt as it stands in the receipts trie: EIP-2718 type, then RLP `[status, cumulativeGasUsed, bloom, logs]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction.
    pub tx_type: u8,
    /// Whether the transaction succeeded.
    pub success: bool,
    /// Gas used in the block up to and including this transaction.
    pub cumulative_gas_used: u64,
    /// Logs in order of emission.
    pub logs: Vec<Log>,
}

#[derive(RlpEncodable, RlpDecodable)]
struct ReceiptBody {
    status: bool,
    cumulative_gas_used: u64,
    bloom: Bloom,
    logs: Vec<Log>,
}

impl Receipt {
    /// Bloom over the logs' addresses and topics.
    pub fn bloom(&self) -> Bloom {
        logs_bloom(&self.logs)
    }

    /// The bytes that go into the receipts trie.
    pub fn encode_2718(&self, out: &mut dyn BufMut) {
        if self.tx_type != 0 {
            out.put_u8(self.tx_type);
        }
        ReceiptBody {
            status: self.success,
            cumulative_gas_used: self.cumulative_gas_used,
            bloom: self.bloom(),
            logs: self.logs.clone(),
        }
        .encode(out);
    }

    /// Reads what [`Receipt::encode_2718`] wrote.
    ///
    /// # Errors
    /// Any RLP error, left-over bytes, or a bloom that is not that of the logs.
    pub fn decode_2718(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let first = bytes.first().copied().ok_or(alloy_rlp::Error::InputTooShort)?;
        let (tx_type, mut rest) = if first < 0x80 { (first, bytes.get(1..).unwrap_or_default()) } else { (0, bytes) };
        let body = <ReceiptBody as alloy_rlp::Decodable>::decode(&mut rest)?;
        if !rest.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
        let receipt =
            Self { tx_type, success: body.status, cumulative_gas_used: body.cumulative_gas_used, logs: body.logs };
        if receipt.bloom() != body.bloom {
            return Err(alloy_rlp::Error::Custom("bloom does not match the logs"));
        }
        Ok(receipt)
    }
}

/// Bloom over the addresses and topics of logs.
pub fn logs_bloom<'a>(logs: impl IntoIterator<Item = &'a Log>) -> Bloom {
    let mut bloom = Bloom::ZERO;
    for log in logs {
        bloom.accrue(BloomInput::Raw(log.address.as_slice()));
        for topic in log.topics() {
            bloom.accrue(BloomInput::Raw(B256::as_slice(topic)));
        }
    }
    bloom
}
