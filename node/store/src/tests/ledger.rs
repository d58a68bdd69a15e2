//! Round trips of the ledger, and what it refuses.

use super::fixture::{CHAIN_ID, TestChain, certificate, small_options};
use crate::{Store, StoreError, StoreOptions, TxLocation, UndecidedRecord};
use alloy_primitives::{Address, B256, keccak256};
use assay_kernel::StateChanges;
use assay_primitives::{ConsensusAddress, Evidence, Fault, Height, Round};

#[test]
fn everything_stored_is_read_back_after_reopening() {
    let mut chain = TestChain::new(small_options());
    for _ in 0..12 {
        chain.grow(StateChanges::default());
    }
    chain.reopen();
    let store = chain.store();
    assert_eq!(store.head().unwrap().height, Height(12));
    assert_eq!(store.decided_head().unwrap().height, Height(12));
    assert_eq!(store.identity().unwrap(), chain.identity());
    for height in 1..=12u64 {
        let at = height as usize;
        let block = &chain.blocks[at - 1];
        let header = &chain.headers[at];
        assert_eq!(store.block(Height(height)).unwrap().as_ref(), Some(block));
        let decided = store.decided_block(Height(height)).unwrap().unwrap();
        assert_eq!(decided.block, block.encode());
        assert_eq!(decided.certificate, certificate(block, 1));
        assert_eq!(store.header(Height(height)).unwrap().as_ref(), Some(header));
        assert_eq!(store.header_hash(Height(height)).unwrap(), Some(header.hash_slow()));
        assert_eq!(store.block_id(Height(height)).unwrap(), Some(block.id()));
        assert_eq!(store.header_by_hash(header.hash_slow()).unwrap().as_ref(), Some(header));
        assert_eq!(store.receipts(Height(height)).unwrap().unwrap(), chain.receipts[at]);
        let body = store.body(Height(height)).unwrap().unwrap();
        let system = usize::from(height.is_multiple_of(5));
        assert_eq!(body.len(), block.transactions().len() + system);
        for (index, raw) in block.transactions().enumerate() {
            let location = TxLocation { height: Height(height), index: index as u32 };
            assert_eq!(store.tx_location(keccak256(raw)).unwrap(), Some(location));
        }
    }
    assert_eq!(store.header(Height(13)).unwrap(), None);
    assert_eq!(store.receipts(Height(13)).unwrap(), None);
    assert_eq!(store.body(Height(0)).unwrap(), Some(Vec::new()));
    assert_eq!(store.tx_location(B256::ZERO).unwrap(), None);
    assert!(store.recovered().is_empty());
}

#[test]
fn a_decided_block_must_follow_the_last_one() {
    let mut chain = TestChain::new(small_options());
    chain.draft(StateChanges::default());
    chain.draft(StateChanges::default());
    let [first, second] = &chain.blocks[..] else { unreachable!() };
    let refused = chain.store().put_decided(second, &certificate(second, 1));
    assert!(matches!(refused, Err(Fault::Invariant(_))));
    let refused = chain.store().put_decided(first, &certificate(second, 1));
    assert!(matches!(refused, Err(Fault::Invariant(_))));
    chain.decide(1);
    // The engine may report the same decision again after a crash.
    chain.decide(1);
    chain.decide(2);
}

#[test]
fn only_decided_blocks_on_the_head_are_installed() {
    let mut chain = TestChain::new(small_options());
    chain.draft(StateChanges::default());
    let apply = |chain: &TestChain, height: usize| {
        let prepared = chain.store().prepare(chain.changes[height].clone()).unwrap();
        chain.store().apply(crate::ApplyBlock {
            block_id: chain.blocks[height - 1].id(),
            header: &chain.headers[height],
            prepared,
            receipts: &[],
            system_transaction: None,
        })
    };
    assert!(matches!(apply(&chain, 1), Err(Fault::Invariant(_))));
    chain.decide(1);
    chain.draft(StateChanges::default());
    chain.decide(2);
    assert!(matches!(apply(&chain, 2), Err(Fault::Invariant(_))));
    // A root that is not the header's is corruption, of our state or of our code.
    chain.headers[1].state_root = B256::ZERO;
    assert!(matches!(apply(&chain, 1), Err(Fault::Corrupt(_))));
    assert_eq!(chain.store().head().unwrap().height, Height(0));
}

#[test]
fn certificates_are_replaced_only_by_those_of_the_same_block() {
    let mut chain = TestChain::new(small_options());
    chain.grow(StateChanges::default());
    let block = chain.blocks[0].clone();
    let fuller = certificate(&block, 4);
    chain.store().replace_certificate(&fuller).unwrap();
    chain.reopen();
    assert_eq!(chain.store().certificate(Height(1)).unwrap(), Some(fuller.clone()));
    let mut other = fuller;
    other.block_id.0 = B256::ZERO;
    assert!(chain.store().replace_certificate(&other).is_err());
}

#[test]
fn proposals_are_kept_until_a_later_height_is_decided() {
    let mut chain = TestChain::new(small_options());
    chain.draft(StateChanges::default());
    let record = |round: u32, chain: &TestChain| UndecidedRecord {
        round: Round(round),
        valid_round: (round > 0).then_some(Round(0)),
        proposer: ConsensusAddress(Address::repeat_byte(9)),
        block: chain.blocks.last().unwrap().clone(),
        accepted: round == 0,
    };
    let kept = [record(0, &chain), record(1, &chain)];
    for proposal in &kept {
        chain.store().put_undecided(proposal).unwrap();
    }
    chain.reopen();
    assert_eq!(chain.store().undecided(Height(1)).unwrap(), kept);
    chain.decide(1);
    assert_eq!(chain.store().undecided(Height(1)).unwrap(), kept);
    chain.install(1);
    chain.draft(StateChanges::default());
    chain.store().put_undecided(&record(0, &chain)).unwrap();
    chain.decide(2);
    assert!(chain.store().undecided(Height(1)).unwrap().is_empty());
    assert_eq!(chain.store().undecided(Height(2)).unwrap().len(), 1);
}

#[test]
fn evidence_waits_until_it_is_carried() {
    let mut chain = TestChain::new(small_options());
    let evidence = |height: u64, byte: u8| Evidence {
        address: ConsensusAddress(Address::repeat_byte(1)),
        height: Height(height),
        first: (vec![byte], [1; 64].into()),
        second: (vec![byte, 2], [2; 64].into()),
    };
    for item in [evidence(9, 1), evidence(3, 1), evidence(3, 2)] {
        chain.store().put_evidence(&item).unwrap();
    }
    chain.reopen();
    let pending = chain.store().pending_evidence(10).unwrap();
    assert_eq!(pending.iter().map(|item| item.height.get()).collect::<Vec<_>>(), [3, 3, 9]);
    assert_eq!(chain.store().pending_evidence(2).unwrap().len(), 2);
    chain.store().remove_evidence(&pending[..2]).unwrap();
    assert_eq!(chain.store().pending_evidence(10).unwrap(), [evidence(9, 1)]);
}

#[test]
fn another_chain_and_another_process_are_refused() {
    let mut chain = TestChain::new(small_options());
    let second = Store::open(&chain.path(), small_options());
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
    let other = crate::ChainIdentity { chain_id: CHAIN_ID + 1, ..chain.identity() };
    chain.options = StoreOptions { chain: Some(other), ..small_options() };
    let refused = chain.try_reopen().unwrap_err();
    assert!(matches!(refused, StoreError::WrongChain { .. }), "{refused}");
    chain.options.chain = Some(chain.identity());
    chain.reopen();
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a thread stands for the process that ends")]
fn a_lock_that_is_let_go_within_a_second_is_waited_for() {
    let mut chain = TestChain::new(small_options());
    chain.close();
    let lock = std::fs::File::open(chain.path().join("STORE_LOCK")).unwrap();
    lock.lock().unwrap();
    let other = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        drop(lock);
    });
    chain.reopen();
    other.join().unwrap();
}
