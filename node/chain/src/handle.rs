//! The handle through which RPC and the binary use the chain. Cheap to clone; every method may be called from any
//! thread, and none of the plain ones takes longer than a few database reads.

use crate::config::ChainConfig;
use crate::core::{Core, OpenError};
use crate::executor::{EXECUTION_STACK_BYTES, Executor, SMALL_STACK_BYTES};
use crate::metrics::Metrics;
use crate::query::{AccessListOutcome, AccountProof, CallError, CallQuery, FeeHistory, LogEntry, LogQuery};
use crate::types::{
    BlockRef, ChainEvent, CommittedBlock, Health, PoolStatus, ReadError, SenderContent, SubmitError, TxLocation,
    WaitError,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions, GethTrace, TraceResult};
use assay_executive::Executive;
use assay_genesis::ChainSpec;
use assay_kernel::StateView;
use assay_primitives::{CheckedTx, CommitCertificate, Fault, Height, ValidatorSet};
use assay_store::Store;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// Steps of consensus that may wait for its thread; the engine asks one thing at a time.
const CONSENSUS_QUEUE: usize = 64;

/// Proposals that may wait for their roots; one that finds no room gets them once it is decided.
const SEALING_QUEUE: usize = 4;
/// How often to look whether other handles are gone.
const HANDLES_TICK: Duration = Duration::from_millis(5);

pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    pub(crate) consensus: Executor,
    /// Computes roots while votes travel.
    pub(crate) sealing: Executor,
    pub(crate) queries: Executor,
    pub(crate) admission: Executor,
    /// Raw bytes that wait for admission.
    pub(crate) admitting_bytes: Arc<AtomicUsize>,
}

/// The live chain.
#[derive(Clone)]
pub struct Chain {
    pub(crate) inner: Arc<Inner>,
}

impl Chain {
    /// Opens a chain: installs genesis in an empty store, executes decided blocks above the state again, and takes the
    /// pool's journal back in. Blocks; not for async threads.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(store: Store, executive: Arc<Executive>, config: ChainConfig) -> Result<Self, OpenError> {
        let start = |name: &str, threads, stack, queue| {
            Executor::start(name, threads, stack, queue).map_err(|error| OpenError::Thread(error.to_string()))
        };
        let consensus = start("execute", 1, EXECUTION_STACK_BYTES, CONSENSUS_QUEUE)?;
        let sealing = start("seal", 1, SMALL_STACK_BYTES, SEALING_QUEUE)?;
        let limits = &config.queries;
        let queries = start("query", limits.threads.clamp(1, 2), EXECUTION_STACK_BYTES, limits.queue_max)?;
        let admission = start("admit", config.recovery_threads, SMALL_STACK_BYTES, config.recovery_queue_max)?;
        // Replay executes blocks, which needs the large stack.
        let opened = consensus.run_blocking(move || {
            let (core, replayed) = Core::open(store, executive, config)?;
            core.restore(replayed.transactions);
            Ok(core)
        });
        let core = opened.unwrap_or_else(|_| Err(OpenError::Thread("the start of the chain panicked".to_owned())))?;
        let core = Arc::new(core);
        let admitting_bytes = Arc::new(AtomicUsize::new(0));
        Ok(Self { inner: Arc::new(Inner { core, consensus, sealing, queries, admission, admitting_bytes }) })
    }

    /// Ends the chain's threads and closes its store, as far as nobody else holds it. Blocks until other handles are gone
    /// (tasks that were told to end take a moment) and running work has ended, at most for `limit`. Returns whether all is
    /// closed.
    pub fn close(self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut shared = self.inner;
        let inner = loop {
            match Arc::try_unwrap(shared) {
                Ok(inner) => break inner,
                Err(_) if Instant::now() >= deadline => return false,
                Err(others) => shared = others,
            }
            std::thread::sleep(HANDLES_TICK);
        };
        let executors = [&inner.queries, &inner.admission, &inner.consensus, &inner.sealing];
        // All are told first, so that they end together.
        for executor in executors {
            executor.close(Instant::now());
        }
        executors.iter().all(|executor| executor.close(deadline))
    }

    /// The specification of the chain: chain id, parameters, genesis.
    pub fn spec(&self) -> &Arc<ChainSpec> {
        self.inner.core.executive.spec()
    }

    /// The newest committed block (genesis at first).
    pub fn head(&self) -> Arc<CommittedBlock> {
        Arc::clone(&self.inner.core.head().block)
    }

    /// How the chain fares; never blocks for long.
    pub fn health(&self) -> Health {
        self.inner.core.health()
    }

    /// Stops the chain for a reason of its surroundings, such as an engine that has ended: everything refuses from here on.
    pub fn stop(&self, reason: impl Into<String>) {
        self.inner.core.stop(reason.into());
    }

    /// The chain's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.core.metrics
    }

    /// Calls `listener` whenever there may be work for a block; it must return at once. Only the first one counts.
    pub fn on_work(&self, listener: impl Fn() + Send + Sync + 'static) {
        let _ = self.inner.core.work_listener.set(Box::new(listener));
    }

    /// Calls `listener` with every transaction that the pool takes in, from a client or a peer; it must return at once.
    /// Only the first one counts. What the journal brought back is not reported: see [`Chain::serve_gossip`].
    pub fn on_accepted(&self, listener: impl Fn(B256, &Bytes) + Send + Sync + 'static) {
        let _ = self.inner.core.accepted_listener.set(Box::new(listener));
    }

    /// Events from now on, of both kinds. A busy pool makes slow receivers lag; see [`Chain::subscribe_blocks`].
    pub fn subscribe(&self) -> broadcast::Receiver<ChainEvent> {
        self.inner.core.events.all.subscribe()
    }

    /// Committed blocks from now on.
    pub fn subscribe_blocks(&self) -> broadcast::Receiver<Arc<CommittedBlock>> {
        self.inner.core.events.blocks.subscribe()
    }

    // Transactions in.

    /// Takes a raw transaction into the pool. On `Ok` it survives a kill of the process. A transaction that is already
    /// in the pool or in a block is a success with its hash.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, raw: Bytes) -> Result<B256, SubmitError> {
        self.admit(raw).await
    }

    /// As [`Chain::submit`], then waits until the transaction is in a committed block.
    ///
    /// # Errors
    /// See [`WaitError`].
    pub async fn submit_and_wait(&self, raw: Bytes, timeout: Duration) -> Result<TxLocation, WaitError> {
        self.admit_and_wait(raw, timeout).await
    }

    // The pool.

    /// How full the pool is.
    pub fn pool_status(&self) -> PoolStatus {
        self.inner.core.pool.lock().status()
    }

    /// All of the pool, by sender in address order.
    pub fn pool_content(&self) -> Vec<SenderContent> {
        self.inner.core.pool.lock().content()
    }

    /// One sender's transactions in the pool.
    pub fn pool_content_from(&self, sender: Address) -> SenderContent {
        self.inner.core.pool.lock().content_from(sender)
    }

    /// A transaction that waits in the pool.
    pub fn pool_transaction(&self, hash: B256) -> Option<Arc<CheckedTx>> {
        self.inner.core.pool.lock().get(&hash)
    }

    /// The nonce for the sender's next transaction, those in the pool included (`eth_getTransactionCount`, `pending`).
    ///
    /// # Errors
    /// `Stopped`, `Fault`.
    pub fn pending_nonce(&self, sender: Address) -> Result<u64, ReadError> {
        self.inner.core.pending_nonce(sender)
    }

    // Blocks.

    /// A block with its receipts; `None` where there is none.
    ///
    /// # Errors
    /// `Stopped`, `Fault`.
    pub fn block(&self, block: BlockRef) -> Result<Option<Arc<CommittedBlock>>, ReadError> {
        self.inner.core.block(block)
    }

    /// Where a committed transaction stands.
    ///
    /// # Errors
    /// `Stopped`, `Fault`.
    pub fn transaction(&self, hash: B256) -> Result<Option<TxLocation>, ReadError> {
        self.inner.core.transaction(hash)
    }

    /// The validators of the next height.
    ///
    /// # Errors
    /// `Fault`.
    pub fn validators(&self) -> Result<Arc<ValidatorSet>, ReadError> {
        let core = &self.inner.core;
        core.validators(core.head().height().next()).map_err(|fault| core.query_fault(fault))
    }

    /// The certificate that this node holds for a height.
    ///
    /// # Errors
    /// `Fault`.
    pub fn certificate(&self, height: u64) -> Result<Option<CommitCertificate>, ReadError> {
        let core = &self.inner.core;
        core.store.certificate(Height(height)).map_err(|fault| core.query_fault(fault))
    }

    /// Logs of a range, in order; runs on the query executor.
    ///
    /// # Errors
    /// `InvalidRange`, `RangeTooLarge`, `TooManyResults`, `Busy`, `Stopped`, `Fault`.
    pub async fn logs(&self, query: LogQuery) -> Result<Vec<LogEntry>, ReadError> {
        self.read(move |core| core.logs(&query)).await
    }

    // Fees.

    /// Base fee of the next block, in wei per gas.
    pub fn next_base_fee(&self) -> u64 {
        self.inner.core.head().next_base_fee
    }

    /// A tip that recent blocks accepted, in wei per gas.
    pub fn suggested_tip(&self) -> u128 {
        self.inner.core.suggested_tip()
    }

    /// Fees of up to 1,024 blocks that end with `newest`; percentiles from 0 to 100, rising. On the query executor.
    ///
    /// # Errors
    /// `UnknownBlock`, `Busy`, `Stopped`, `Fault`.
    pub async fn fee_history(
        &self,
        count: u64,
        newest: BlockRef,
        percentiles: Vec<f64>,
    ) -> Result<FeeHistory, ReadError> {
        self.read(move |core| core.fee_history(count, newest, &percentiles)).await
    }

    /// Wei of base fees that the blocks of a range burned, its ends included. On the query executor.
    ///
    /// # Errors
    /// `UnknownBlock` where one of them is not kept; `Busy`, `Stopped`, `Fault`.
    pub async fn burned(&self, from: u64, to: u64) -> Result<U256, ReadError> {
        self.read(move |core| core.burned(from, to)).await
    }

    // State.

    /// The state after a block.
    ///
    /// # Errors
    /// `UnknownBlock`, `Pruned`, `Stopped`, `Fault`.
    pub fn state(&self, block: BlockRef) -> Result<Arc<dyn StateView>, ReadError> {
        self.inner.core.state(block)
    }

    /// What a reader makes of a block and the state after it. On the query executor.
    ///
    /// # Errors
    /// `UnknownBlock`, `Pruned`, `Busy`, `Stopped`, `Fault`.
    pub async fn read_state<T: Send + 'static>(
        &self,
        block: BlockRef,
        reader: impl FnOnce(&CommittedBlock, &dyn StateView) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, ReadError> {
        self.read(move |core| {
            let block = core.block(block)?.ok_or(ReadError::UnknownBlock)?;
            // By number: the head may have moved since a tag was resolved.
            let view = core.state(BlockRef::Number(block.number()))?;
            reader(&block, &*view).map_err(|fault| core.query_fault(fault))
        })
        .await
    }

    /// Height of the oldest state that can be read.
    pub fn oldest_state(&self) -> u64 {
        self.inner.core.store.oldest_height().get()
    }

    /// A proof of an account and slots after a block, against that block's state root. On the query executor.
    ///
    /// # Errors
    /// `UnknownBlock`, `Pruned`, `Busy`, `Stopped`, `Fault`.
    pub async fn proof(&self, address: Address, slots: Vec<U256>, block: BlockRef) -> Result<AccountProof, ReadError> {
        self.read(move |core| core.proof(address, &slots, block)).await
    }

    // Execution without commitment; all on the query executor, under its time and gas caps.

    /// Output of a message (`eth_call`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call(&self, query: CallQuery) -> Result<Bytes, CallError> {
        self.execute(move |core| core.call(&query)).await
    }

    /// Least gas limit with which a message succeeds, against the block that would come next (`eth_estimateGas`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn estimate_gas(&self, query: CallQuery) -> Result<u64, CallError> {
        self.execute(move |core| core.estimate_gas(&query)).await
    }

    /// An access list for a message (`eth_createAccessList`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn create_access_list(&self, query: CallQuery) -> Result<AccessListOutcome, CallError> {
        self.execute(move |core| core.create_access_list(&query)).await
    }

    /// Trace of a message (`debug_traceCall`); overrides of the options count, those of the query are ignored.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn trace_call(
        &self,
        query: CallQuery,
        options: GethDebugTracingCallOptions,
    ) -> Result<GethTrace, CallError> {
        self.execute(move |core| core.trace_call(query, options)).await
    }

    /// Trace of a committed transaction (`debug_traceTransaction`).
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn trace_transaction(
        &self,
        hash: B256,
        options: GethDebugTracingOptions,
    ) -> Result<GethTrace, CallError> {
        self.execute(move |core| core.trace_transaction(hash, &options)).await
    }

    /// Traces of all transactions of a block, in order (`debug_traceBlockBy*`); the system transaction has none.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn trace_block(
        &self,
        block: BlockRef,
        options: GethDebugTracingOptions,
    ) -> Result<Vec<TraceResult>, CallError> {
        self.execute(move |core| core.trace_block(block, &options)).await
    }
}
