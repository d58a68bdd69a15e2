//! The chain as a consensus engine sees it. Every step runs on the consensus thread, one after another.

use crate::core::Core;
use crate::executor::ExecutorError;
use crate::handle::Chain;
use assay_consensus::{Application, HeightContext, Info, ProposalOrigin, UndecidedProposal, Verdict, Work};
use assay_primitives::{Block, BlockId, CommitCertificate, Evidence, Fault, Height, LateVote, Round};
use std::sync::Arc;
use std::time::Duration;

impl Chain {
    /// Runs a step on the consensus thread, whose stack takes the deepest calls, and waits for it.
    fn on_consensus<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Core) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let core = Arc::clone(&self.inner.core);
        let result = self.inner.consensus.run_blocking(move || core.step(step));
        let core = &self.inner.core;
        result.unwrap_or_else(|error| {
            core.stop_on(Err(match error {
                ExecutorError::Busy { .. } => Fault::invariant("the engine asked for too much at once"),
                ExecutorError::Failed => Fault::invariant("a step of consensus panicked; its message is in the log"),
            }))
        })
    }

    /// Has the roots of an executed proposal computed beside what comes next.
    fn seal_ahead(&self, id: BlockId) {
        let core = Arc::clone(&self.inner.core);
        // Without room for it, the roots are computed once the block is decided.
        let _ = self.inner.sealing.spawn(move || core.seal_ahead(id));
    }
}

impl Application for Chain {
    fn info(&self) -> Result<Info, Fault> {
        self.inner.core.step(|core| {
            let head = core.head();
            Ok(Info {
                height: head.height(),
                block_id: head.parent.block_id(),
                execution_hash: head.block.hash,
                history_start: Height(1),
            })
        })
    }

    fn height_context(&self, height: Height) -> Result<HeightContext, Fault> {
        self.inner.core.step(|core| core.height_context(height))
    }

    fn prepare_proposal(&self, height: Height, round: Round, budget: Duration) -> Result<Block, Fault> {
        let block = self.on_consensus(move |core| core.prepare_proposal(height, round, budget))?;
        self.seal_ahead(block.id());
        Ok(block)
    }

    fn process_proposal(&self, block: &Block, origin: ProposalOrigin) -> Result<Verdict, Fault> {
        let (id, block) = (block.id(), block.clone());
        let verdict = self.on_consensus(move |core| core.process_proposal(&block, origin))?;
        if verdict == Verdict::Accept {
            self.seal_ahead(id);
        }
        Ok(verdict)
    }

    fn keep_undecided(&self, proposal: &UndecidedProposal) -> Result<(), Fault> {
        self.inner.core.step(|core| core.keep_undecided(proposal))
    }

    fn undecided(&self, height: Height) -> Result<Vec<UndecidedProposal>, Fault> {
        self.inner.core.step(|core| core.undecided(height))
    }

    fn decided(&self, block: &Block, certificate: &CommitCertificate) -> Result<(), Fault> {
        let (block, certificate) = (block.clone(), certificate.clone());
        self.on_consensus(move |core| core.decided(&block, &certificate))?;
        let core = Arc::clone(&self.inner.core);
        // Only where there is room: the next block asks again.
        let _ = self.inner.admission.spawn(move || core.tidy_journal());
        Ok(())
    }

    fn finalized(&self, certificate: &CommitCertificate, evidence: Vec<Evidence>) -> Result<(), Fault> {
        self.inner.core.step(|core| core.finalized(certificate, &evidence))
    }

    fn late_vote(&self, vote: LateVote) {
        // A fault stops the chain inside of `step`; the caller has nothing to do with it.
        let _ = self.inner.core.step(|core| core.late_vote(vote));
    }

    fn decided_block(&self, height: Height) -> Result<Option<(Vec<u8>, CommitCertificate)>, Fault> {
        self.inner
            .core
            .step(|core| Ok(core.store.decided_block(height)?.map(|decided| (decided.block, decided.certificate))))
    }

    fn work(&self) -> Work {
        let core = &self.inner.core;
        // No native module schedules work for later heights yet.
        if core.stop_reason().is_none() && core.pool.lock().has_work(core.head().next_base_fee) {
            Work::Now
        } else {
            Work::None
        }
    }
}
