//! The column families, and every RocksDB option with its reason. The only place that knows them.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | small records |
//! | `accounts` | address | nonce, balance, code hash |
//! | `slots` | address, slot | value without leading zeros |
//! | `code` | code hash | code |
//! | `trie` | see `commitment` | trie node; height that all are of |
//! | `history` | address, 0, height / address, 1, slot, height | the value before that height's block |
//! | `undo` | height | keys that block changed, with their values before |
//! | `blocks` | height | ordering block |
//! | `certificates` | height | commit certificate |
//! | `headers` | height | hash, RLP, ordering block id, system transaction |
//! | `header_index` | header hash | height |
//! | `receipts` | height | receipts of the block |
//! | `transactions` | transaction hash | height, index |
//! | `undecided` | height, round, block id | proposal |
//! | `evidence` | height, address | evidence not yet in a block |
//!
//! Numbers in keys are big-endian, so that byte order is number order.

use crate::options::StoreOptions;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, CompactionDecision, DBCompressionType, DBRecoveryMode,
    DataBlockIndexType, Options, WriteBufferManager,
    compaction_filter::CompactionFilter,
    compaction_filter_factory::{CompactionFilterContext, CompactionFilterFactory},
};
use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A column family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Meta,
    Accounts,
    Slots,
    Code,
    Trie,
    History,
    Undo,
    Blocks,
    Certificates,
    Headers,
    HeaderIndex,
    Receipts,
    Transactions,
    Undecided,
    Evidence,
}

/// Whether a table can be made again from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Agreed on by validators: cannot be derived from anything else here.
    Agreed,
    /// Of use for a height or two only; losing it is harmless, because the signing guard is elsewhere.
    Passing,
    /// The result of executing the agreed blocks.
    Executed,
    /// The trie: a function of the flat state.
    Trie,
}

/// How values of a table look, which decides its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Short values, read by whole key, most reads hit.
    Point,
    /// Hashes: short, incompressible values read by whole key.
    Hashes,
    /// Values of many kilobytes under keys in no order, or deleted soon.
    Blobs,
    /// Keys rise with the height: files never overlap, so compaction moves them without rewriting.
    Appended,
    /// Short values, mostly read in order.
    Ordered,
}

impl Table {
    pub(crate) const ALL: [Self; 15] = [
        Self::Meta,
        Self::Accounts,
        Self::Slots,
        Self::Code,
        Self::Trie,
        Self::History,
        Self::Undo,
        Self::Blocks,
        Self::Certificates,
        Self::Headers,
        Self::HeaderIndex,
        Self::Receipts,
        Self::Transactions,
        Self::Undecided,
        Self::Evidence,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Accounts => "accounts",
            Self::Slots => "slots",
            Self::Code => "code",
            Self::Trie => "trie",
            Self::History => "history",
            Self::Undo => "undo",
            Self::Blocks => "blocks",
            Self::Certificates => "certificates",
            Self::Headers => "headers",
            Self::HeaderIndex => "header_index",
            Self::Receipts => "receipts",
            Self::Transactions => "transactions",
            Self::Undecided => "undecided",
            Self::Evidence => "evidence",
        }
    }

    pub(crate) const fn origin(self) -> Origin {
        match self {
            Self::Blocks | Self::Certificates => Origin::Agreed,
            Self::Undecided | Self::Evidence => Origin::Passing,
            Self::Trie => Origin::Trie,
            // Genesis writes the identity again.
            Self::Meta
            | Self::Accounts
            | Self::Slots
            | Self::Code
            | Self::History
            | Self::Undo
            | Self::Headers
            | Self::HeaderIndex
            | Self::Receipts
            | Self::Transactions => Origin::Executed,
        }
    }

    const fn shape(self) -> Shape {
        match self {
            Self::Accounts | Self::Slots | Self::Transactions | Self::HeaderIndex => Shape::Point,
            Self::Trie => Shape::Hashes,
            Self::Code | Self::Undo => Shape::Blobs,
            Self::Blocks | Self::Certificates | Self::Headers | Self::Receipts => Shape::Appended,
            Self::Meta | Self::History | Self::Undecided | Self::Evidence => Shape::Ordered,
        }
    }

    /// Tables that take most of a block's writes get large memtables, the others small ones: large sets of trie nodes and of
    /// history pass none.
    const fn is_hot(self) -> bool {
        matches!(self, Self::Accounts | Self::Slots | Self::Blocks)
    }
}

/// Entries of `history` at or above this height are still needed; the compaction filter drops older ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct HistoryFloor(Arc<AtomicU64>);

impl HistoryFloor {
    pub(crate) fn raise(&self, height: u64) {
        self.0.fetch_max(height, Ordering::Relaxed);
    }

    fn drops(&self, key: &[u8]) -> bool {
        let height = key.last_chunk::<8>().map_or(u64::MAX, |bytes| u64::from_be_bytes(*bytes));
        height < self.0.load(Ordering::Relaxed)
    }
}

/// The floor is both the filter and what makes one for every compaction.
impl CompactionFilter for HistoryFloor {
    fn filter(&mut self, _: u32, key: &[u8], _: &[u8]) -> CompactionDecision {
        if self.drops(key) { CompactionDecision::Remove } else { CompactionDecision::Keep }
    }

    fn name(&self) -> &CStr {
        c"assay.history"
    }
}

impl CompactionFilterFactory for HistoryFloor {
    type Filter = Self;

    fn create(&mut self, _: CompactionFilterContext) -> Self {
        self.clone()
    }

    fn name(&self) -> &CStr {
        c"assay.history"
    }
}

/// Memory shared by all tables.
pub(crate) struct Memory {
    pub(crate) cache: Cache,
    write_buffers: WriteBufferManager,
}

impl Memory {
    pub(crate) fn new(options: &StoreOptions) -> Self {
        Self {
            // One LRU cache for all tables: the hot ones take what they need, and the sum is bounded.
            cache: Cache::new_lru_cache(options.cache_bytes()),
            // Bounds the memtables of all tables together by flushing the largest; never stalls writers for it.
            write_buffers: WriteBufferManager::new_write_buffer_manager(options.write_buffer_bytes(), false),
        }
    }
}

/// Options of the database as a whole.
pub(crate) fn database_options(options: &StoreOptions, memory: &Memory) -> Options {
    let mut db = Options::default();
    db.create_if_missing(true);
    db.create_missing_column_families(true);
    // Refuse to go on after any sign of corruption.
    db.set_paranoid_checks(true);
    // Replay stops at the first bad record. What may be dropped so is decided before by `wal::scan` (a damaged record
    // with valid ones after it refuses to open) and after by the decided watermark (an acknowledged block that is gone
    // refuses to open), so only a torn tail that nobody was promised ever goes this way.
    db.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // The manifest records the sizes of synced, closed WALs: a missing or shortened one is an error.
    db.set_track_and_verify_wals_in_manifest(true);
    // A recycled WAL holds old records behind new ones, which no scan could tell from damage.
    db.set_recycle_log_file_num(0);
    // Bounds replay time after a crash and the disk taken by WALs.
    db.set_max_total_wal_size(wal_bytes(options));
    db.set_write_buffer_manager(&memory.write_buffers);
    // Flush and compaction beside two-core validators: two threads, so that execution keeps its cores.
    db.set_max_background_jobs(2);
    // Hand dirty pages to the disk steadily, so that the sync of a decided block never waits for a flush's backlog.
    db.set_bytes_per_sync(1024 * 1024);
    // Bounds open files below the common limit of 1,024 descriptors; index and filter blocks live in the block cache.
    db.set_max_open_files(512);
    // RocksDB's own log: bounded, and only what an operator would act on.
    db.set_log_level(rocksdb::LogLevel::Warn);
    db.set_max_log_file_size(4 * 1024 * 1024);
    db.set_keep_log_file_num(4);
    // Statistics are read through properties when asked, not dumped into the log.
    db.set_stats_dump_period_sec(0);
    db.set_stats_persist_period_sec(0);
    // Small manifests are cheap to verify at open.
    db.set_max_manifest_file_size(16 * 1024 * 1024);
    db
}

/// Largest sum of all WALs, in bytes: twice the memtables, so that memory and not the WAL decides when to flush.
fn wal_bytes(options: &StoreOptions) -> u64 {
    (options.write_buffer_bytes() as u64).saturating_mul(2)
}

/// The descriptors of all tables.
pub(crate) fn descriptors(
    options: &StoreOptions,
    memory: &Memory,
    floor: &HistoryFloor,
) -> Vec<ColumnFamilyDescriptor> {
    Table::ALL
        .into_iter()
        .map(|table| ColumnFamilyDescriptor::new(table.name(), table_options(table, options, memory, floor)))
        .collect()
}

/// Options of one table.
pub(crate) fn table_options(table: Table, options: &StoreOptions, memory: &Memory, floor: &HistoryFloor) -> Options {
    let mut cf = Options::default();
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&memory.cache);
    // Index and filter blocks count against the cache, so memory stays bounded at any state size; they outlive data
    // blocks in it, and those of the newest level stay.
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_cache_index_and_filter_blocks_with_high_priority(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // Newest format with its smaller filters and indexes; XXH3 checks a block faster than CRC32c.
    blocks.set_format_version(6);
    blocks.set_checksum_type(rocksdb::ChecksumType::XXH3);
    match table.shape() {
        Shape::Point | Shape::Hashes => {
            // A miss must not touch the disk: ten bits per key, one false positive in a hundred.
            blocks.set_bloom_filter(10.0, false);
            // Whole-key reads find their entry in a data block by hash instead of by binary search.
            blocks.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
            blocks.set_data_block_hash_ratio(0.75);
            // Small blocks: a random read decompresses and caches 4 KiB, not more.
            blocks.set_block_size(4 * 1024);
        }
        // Read rarely: larger blocks compress better. A ribbon filter takes a third less memory than bloom.
        Shape::Blobs | Shape::Appended => {
            blocks.set_ribbon_filter(10.0);
            blocks.set_block_size(16 * 1024);
        }
        // Read in order: a walk asks no filter, and building one would be half of the cost of a flush.
        Shape::Ordered => blocks.set_block_size(16 * 1024),
    }
    cf.set_block_based_table_factory(&blocks);
    compression(table, &mut cf);
    // A third of all memtable memory at most for a hot table, so that one cannot flush the others to pieces.
    let share = if table.is_hot() { 3 } else { 12 };
    cf.set_write_buffer_size((options.write_buffer_bytes() / share).clamp(1024 * 1024, 64 * 1024 * 1024));
    if table.shape() == Shape::Blobs {
        // Large values leave the LSM tree: they are written once and not rewritten by every compaction. Only where they
        // can be derived: RocksDB's repair of a lost manifest does not find blob files again, so the ledger has none.
        cf.set_enable_blob_files(true);
        cf.set_min_blob_size(4 * 1024);
        cf.set_blob_file_size(64 * 1024 * 1024);
        cf.set_blob_cache(&memory.cache);
        // Pruned values give their disk space back once half of the old blob files is garbage.
        cf.set_enable_blob_gc(true);
        cf.set_blob_gc_age_cutoff(0.25);
        cf.set_blob_gc_force_threshold(0.5);
    }
    if table == Table::History {
        // Old values leave with the compactions that happen anyway: pruning costs no write of its own. A factory, because
        // RocksDB shares its ownership; a plain filter would have to outlive the table.
        cf.set_compaction_filter_factory(floor.clone());
    }
    cf
}

fn compression(table: Table, cf: &mut Options) {
    match table.shape() {
        // Node hashes are random bytes: compressing them costs time and saves nothing.
        Shape::Hashes => cf.set_compression_type(DBCompressionType::None),
        // Read seldom, repeats a lot (topics, ABI padding), and the same on every level, so that files can be moved.
        Shape::Appended => cf.set_compression_type(DBCompressionType::Zstd),
        // Rewritten by every compaction, and half random bytes: Zstd would cost several times as much for a tenth.
        Shape::Point | Shape::Ordered | Shape::Blobs => {
            cf.set_compression_type(DBCompressionType::Lz4);
            cf.set_blob_compression_type(DBCompressionType::Lz4);
        }
    }
}
