//! The ledger: decided blocks and certificates, what executing them gave, proposals and evidence.

use crate::database::Durability;
use crate::records::{
    DecidedBlock, DecidedHead, HeaderRecord, ReceiptRecord, TxLocation, UndecidedRecord, decode, decode_receipts,
    decode_undecided, encode_undecided,
};
use crate::store::Store;
use crate::tables::Table;
use crate::watermark::WATERMARK_FILE;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use assay_primitives::{Block, BlockId, CommitCertificate, Evidence, ExecutionHeader, Fault, Height, codec};
use rocksdb::WriteBatch;

impl Store {
    /// Makes a decided block and its certificate durable: on return they survive power loss, and so does everything
    /// written before. Also clears proposals of lower heights. Repeating it for the same block is harmless.
    ///
    /// # Errors
    /// A fault where the block does not follow the last decided one or the certificate is of another block.
    pub fn put_decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault> {
        let inner = &self.inner;
        let _writer = inner.writer.lock();
        let height = block.height();
        if certificate.height != height || certificate.block_id != block.id() {
            return Err(Fault::invariant(format!("the certificate given with block {height} is of another block")));
        }
        let last = self.decided_head();
        if last.is_some_and(|last| last.height == height && last.block_id == block.id()) {
            return Ok(());
        }
        let (last_height, last_id) =
            last.map_or((Height::ZERO, BlockId::default()), |last| (last.height, last.block_id));
        if height != last_height.next() || block.header().parent_id != last_id {
            return Err(Fault::invariant(format!("decided block {height} does not follow {last_height} {last_id}")));
        }
        let mut batch = WriteBatch::default();
        let key = height.get().to_be_bytes();
        batch.put_cf(inner.database.table(Table::Blocks)?, key, block.encode());
        batch.put_cf(inner.database.table(Table::Certificates)?, key, codec::encode(certificate));
        let undecided = inner.database.table(Table::Undecided)?;
        inner.database.scan(Table::Undecided, &[], &[], |old, _| {
            let lower = *old < key[..];
            if lower {
                batch.delete_cf(undecided, old);
            }
            Ok(lower)
        })?;
        inner.database.write(batch, Durability::Synced)?;
        let path = inner.database.path.join(WATERMARK_FILE);
        inner
            .watermark
            .record(height, block.id())
            .map_err(|error| Fault::storage(format!("{}: {error}", path.display())))?;
        *inner.decided.write() = Some(DecidedHead { height, block_id: block.id() });
        Ok(())
    }

    /// Replaces the certificate of a decided height by one that may carry more signatures. Written, not synced.
    ///
    /// # Errors
    /// A fault where the height is not decided or the certificate is of another block.
    pub fn replace_certificate(&self, certificate: &CommitCertificate) -> Result<(), Fault> {
        let _writer = self.inner.writer.lock();
        let stored = self.certificate(certificate.height)?;
        if stored.is_none_or(|stored| stored.block_id != certificate.block_id) {
            return Err(Fault::invariant(format!("no such block is decided at height {}", certificate.height)));
        }
        let mut batch = WriteBatch::default();
        let key = certificate.height.get().to_be_bytes();
        batch.put_cf(self.inner.database.table(Table::Certificates)?, key, codec::encode(certificate));
        self.inner.database.write(batch, Durability::Written)
    }

    fn read(&self, table: Table, height: Height) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.inner.database.get(table, &height.get().to_be_bytes())?.map(|value| value.to_vec()))
    }

    /// The certificate this node holds for a height.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn certificate(&self, height: Height) -> Result<Option<CommitCertificate>, Fault> {
        self.read(Table::Certificates, height)?.map(|bytes| decode("certificate", &bytes)).transpose()
    }

    /// A decided block as stored, with its certificate: what peers and replay ask for.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn decided_block(&self, height: Height) -> Result<Option<DecidedBlock>, Fault> {
        let (Some(block), Some(certificate)) = (self.read(Table::Blocks, height)?, self.certificate(height)?) else {
            return Ok(None);
        };
        Ok(Some(DecidedBlock { block, certificate }))
    }

    /// A decided block, decoded.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn block(&self, height: Height) -> Result<Option<Block>, Fault> {
        let Some(bytes) = self.read(Table::Blocks, height)? else { return Ok(None) };
        Block::decode(&bytes).map(Some).map_err(|error| Fault::corrupt(format!("block {height}: {error}")))
    }

    fn header_record(&self, height: Height) -> Result<Option<HeaderRecord>, Fault> {
        self.read(Table::Headers, height)?.map(|bytes| decode("header", &bytes)).transpose()
    }

    /// The execution header of a height.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn header(&self, height: Height) -> Result<Option<ExecutionHeader>, Fault> {
        self.header_record(height)?.map(|record| decode_header(&record.rlp)).transpose()
    }

    /// Hash of the execution header of a height.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn header_hash(&self, height: Height) -> Result<Option<B256>, Fault> {
        Ok(self.header_record(height)?.map(|record| record.hash))
    }

    /// Id of the ordering block of an executed height.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn block_id(&self, height: Height) -> Result<Option<BlockId>, Fault> {
        Ok(self.header_record(height)?.map(|record| record.block_id))
    }

    /// The height of an execution header's hash.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn height_of(&self, hash: B256) -> Result<Option<Height>, Fault> {
        let Some(bytes) = self.inner.database.get(Table::HeaderIndex, hash.as_slice())? else { return Ok(None) };
        let bytes: [u8; 8] = (*bytes).try_into().map_err(|_| Fault::corrupt("header index entry of a wrong length"))?;
        Ok(Some(Height(u64::from_be_bytes(bytes))))
    }

    /// The execution header with a hash.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn header_by_hash(&self, hash: B256) -> Result<Option<ExecutionHeader>, Fault> {
        match self.height_of(hash)? {
            Some(height) => self.header(height),
            None => Ok(None),
        }
    }

    /// The raw transactions of an executed block, the system transaction last where there is one. Empty at genesis.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn body(&self, height: Height) -> Result<Option<Vec<Bytes>>, Fault> {
        let Some(record) = self.header_record(height)? else { return Ok(None) };
        let mut body: Vec<Bytes> =
            self.block(height)?.map(|block| block.transactions().cloned().collect()).unwrap_or_default();
        body.extend(record.system_transaction.map(Bytes::from));
        Ok(Some(body))
    }

    /// The receipts of an executed block, in transaction order.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<ReceiptRecord>>, Fault> {
        match self.read(Table::Receipts, height)? {
            Some(bytes) => decode_receipts(&bytes).map(Some),
            // A block without transactions stores no receipts.
            None => Ok(self.header_record(height)?.map(|_| Vec::new())),
        }
    }

    /// Where an executed transaction stands.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn tx_location(&self, hash: B256) -> Result<Option<TxLocation>, Fault> {
        let Some(bytes) = self.inner.database.get(Table::Transactions, hash.as_slice())? else { return Ok(None) };
        let location = bytes.split_first_chunk::<8>().and_then(|(height, index)| {
            let index = u32::from_be_bytes(index.try_into().ok()?);
            Some(TxLocation { height: Height(u64::from_be_bytes(*height)), index })
        });
        location.map(Some).ok_or_else(|| Fault::corrupt("transaction index entry of a wrong length"))
    }

    /// Makes a proposal durable.
    ///
    /// # Errors
    /// A fault of the disk.
    pub fn put_undecided(&self, record: &UndecidedRecord) -> Result<(), Fault> {
        let mut key = Vec::with_capacity(44);
        key.extend_from_slice(&record.block.height().get().to_be_bytes());
        key.extend_from_slice(&record.round.get().to_be_bytes());
        key.extend_from_slice(record.block.id().0.as_slice());
        let mut batch = WriteBatch::default();
        batch.put_cf(self.inner.database.table(Table::Undecided)?, key, encode_undecided(record));
        self.inner.database.write(batch, Durability::Synced)
    }

    /// The kept proposals of a height, by round.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn undecided(&self, height: Height) -> Result<Vec<UndecidedRecord>, Fault> {
        let prefix = height.get().to_be_bytes();
        let mut found = Vec::new();
        self.inner.database.scan(Table::Undecided, &prefix, &prefix, |_, value| {
            found.push(decode_undecided(value)?);
            Ok(true)
        })?;
        Ok(found)
    }

    /// Keeps evidence until a block carries it. Written, not synced: peers hold it too.
    ///
    /// # Errors
    /// A fault of the disk.
    pub fn put_evidence(&self, evidence: &Evidence) -> Result<(), Fault> {
        let mut batch = WriteBatch::default();
        let (key, value) = evidence_entry(evidence);
        batch.put_cf(self.inner.database.table(Table::Evidence)?, key, value);
        self.inner.database.write(batch, Durability::Written)
    }

    /// Evidence that no block carries yet, oldest first, at most `limit`.
    ///
    /// # Errors
    /// A fault of disk or stored data.
    pub fn pending_evidence(&self, limit: usize) -> Result<Vec<Evidence>, Fault> {
        let mut found = Vec::new();
        self.inner.database.scan(Table::Evidence, &[], &[], |_, value| {
            if found.len() < limit {
                found.push(decode("evidence", value)?);
            }
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// Drops evidence that a block carries now.
    ///
    /// # Errors
    /// A fault of the disk.
    pub fn remove_evidence(&self, carried: &[Evidence]) -> Result<(), Fault> {
        let mut batch = WriteBatch::default();
        for evidence in carried {
            batch.delete_cf(self.inner.database.table(Table::Evidence)?, evidence_entry(evidence).0);
        }
        self.inner.database.write(batch, Durability::Written)
    }
}

pub(crate) fn decode_header(rlp: &[u8]) -> Result<ExecutionHeader, Fault> {
    ExecutionHeader::decode(&mut &*rlp).map_err(|error| Fault::corrupt(format!("execution header: {error}")))
}

/// Key (height, address, digest: one validator may sign twice in several steps) and value.
fn evidence_entry(evidence: &Evidence) -> (Vec<u8>, Vec<u8>) {
    let value = codec::encode(evidence);
    let mut key = evidence.height.get().to_be_bytes().to_vec();
    key.extend_from_slice(evidence.address.0.as_slice());
    key.extend_from_slice(&blake3::hash(&value).as_bytes()[..8]);
    (key, value)
}
