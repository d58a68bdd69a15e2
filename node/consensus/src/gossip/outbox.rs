//! What waits to be written to one peer: bounded lanes, of which the oldest pushes and announcements are dropped first.
//! Nobody ever waits for a slow peer.

use super::End;
use super::frame::{Frame, fitting};
use super::limits::{ANSWER_BYTES_MAX, HASHES_PER_FRAME_MAX, OUTBOX_BYTES_MAX, OUTBOX_HASHES_MAX};
use alloy_primitives::{B256, Bytes};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Bytes that are written at a time; the frame that passes it is the last.
const WRITE_BYTES: usize = 128 * 1024;

#[derive(Debug, Default)]
struct Lanes {
    ping: bool,
    want: Option<Vec<B256>>,
    answer: Option<VecDeque<Bytes>>,
    pushes: VecDeque<Bytes>,
    push_bytes: usize,
    haves: VecDeque<B256>,
}

/// The lanes of one peer.
#[derive(Debug)]
pub(super) struct Outbox {
    lanes: Mutex<Lanes>,
    wake: Notify,
    end: watch::Sender<Option<End>>,
}

/// What one drain took out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drained {
    pub(super) frames: u64,
    pub(super) transactions: u64,
    pub(super) hashes: u64,
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self { lanes: Mutex::default(), wake: Notify::new(), end: watch::Sender::new(None) }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection.
    pub(super) fn end(&self, end: End) {
        self.end.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(end);
            }
            first
        });
    }

    /// Waits until somebody ends the connection.
    pub(super) async fn ended(&self) -> End {
        let mut end = self.end.subscribe();
        let end = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        end.unwrap_or(End::Closed)
    }

    pub(super) async fn wait(&self) {
        self.wake.notified().await;
    }

    pub(super) fn ping(&self) {
        self.lanes().ping = true;
        self.wake.notify_one();
    }

    /// A question; its caller sees to it that only one is open.
    pub(super) fn want(&self, hashes: Vec<B256>) {
        self.lanes().want = Some(hashes);
        self.wake.notify_one();
    }

    /// The answer to a question; false where one still waits to be written.
    pub(super) fn answer(&self, transactions: Vec<Bytes>) -> bool {
        let mut lanes = self.lanes();
        if lanes.answer.is_some() {
            return false;
        }
        debug_assert!(transactions.iter().map(|raw| raw.len()).sum::<usize>() <= 2 * ANSWER_BYTES_MAX);
        lanes.answer = Some(transactions.into());
        drop(lanes);
        self.wake.notify_one();
        true
    }

    pub(super) fn is_answering(&self) -> bool {
        self.lanes().answer.is_some()
    }

    /// Adds a transaction; returns how many old ones made room.
    pub(super) fn push(&self, raw: Bytes) -> u64 {
        let mut lanes = self.lanes();
        let mut dropped = 0;
        lanes.push_bytes += raw.len();
        lanes.pushes.push_back(raw);
        while lanes.push_bytes > OUTBOX_BYTES_MAX
            && let Some(old) = lanes.pushes.pop_front()
        {
            lanes.push_bytes -= old.len();
            dropped += 1;
        }
        drop(lanes);
        self.wake.notify_one();
        dropped
    }

    /// Adds announcements; returns how many old ones made room.
    pub(super) fn have(&self, hashes: impl IntoIterator<Item = B256>) -> u64 {
        let mut lanes = self.lanes();
        lanes.haves.extend(hashes);
        let dropped = lanes.haves.len().saturating_sub(OUTBOX_HASHES_MAX);
        lanes.haves.drain(..dropped);
        drop(lanes);
        self.wake.notify_one();
        dropped as u64
    }

    /// Encodes what is to be written next; nothing where all lanes are empty.
    pub(super) fn drain(&self, out: &mut Vec<u8>) -> Drained {
        let mut lanes = self.lanes();
        let mut drained = Drained::default();
        if std::mem::take(&mut lanes.ping) {
            Frame::Ping.encode(out);
            drained.frames += 1;
        }
        if let Some(hashes) = lanes.want.take() {
            Frame::Want(hashes).encode(out);
            drained.frames += 1;
        }
        while out.len() < WRITE_BYTES && !lanes.pushes.is_empty() {
            let count = fitting(lanes.pushes.iter()).max(1);
            let batch: Vec<Bytes> = lanes.pushes.drain(..count).collect();
            lanes.push_bytes -= batch.iter().map(|raw| raw.len()).sum::<usize>();
            drained.frames += 1;
            drained.transactions += batch.len() as u64;
            Frame::Push(batch).encode(out);
        }
        while out.len() < WRITE_BYTES
            && let Some(answer) = &mut lanes.answer
        {
            let count = fitting(answer.iter()).max(usize::from(!answer.is_empty()));
            let batch: Vec<Bytes> = answer.drain(..count).collect();
            let last = answer.is_empty();
            if last {
                lanes.answer = None;
            }
            drained.frames += 1;
            drained.transactions += batch.len() as u64;
            Frame::Answer { last, transactions: batch }.encode(out);
        }
        while out.len() < WRITE_BYTES && !lanes.haves.is_empty() {
            let count = lanes.haves.len().min(HASHES_PER_FRAME_MAX);
            let batch: Vec<B256> = lanes.haves.drain(..count).collect();
            drained.frames += 1;
            drained.hashes += batch.len() as u64;
            Frame::Have(batch).encode(out);
        }
        drained
    }
}
