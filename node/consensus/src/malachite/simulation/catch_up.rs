//! Catching up: what peers have decided, one request at a time, blocks with certificates through the real checks.
//!
//! ```text
//! status    every STATUS_INTERVAL, and after each decision: the last decided height
//! request   of the heights from the current one on, to the next peer in turn that has them
//! answer    at most SYNC_BATCH_MAX blocks with certificates; those of later heights wait for their height
//! ```
//! No answer in time, or a bad one: the next peer is asked.

use super::super::codec::SYNC_BATCH_MAX;
use super::super::context::{Assay, EngineHeight};
use super::super::convert;
use super::host::peer_id;
use super::node::{Node, TimerKey};
use super::{Action, Channel, End, Peer};
use arc_malachitebft_app::types::PeerId;
use arc_malachitebft_codec::Codec as _;
use arc_malachitebft_core_consensus::Input;
use arc_malachitebft_core_types::ValueResponse as Offered;
use arc_malachitebft_sync::{RawDecidedValue, Request, Response, Status, ValueRequest, ValueResponse};
use assay_primitives::{Fault, Height};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a node says what it has decided.
const STATUS_INTERVAL: Duration = Duration::from_millis(1_000);
/// How long an answer is waited for.
const REQUEST_TIME: Duration = Duration::from_millis(2_000);
/// Blocks that wait for their height.
const WAITING_MAX: usize = 2 * SYNC_BATCH_MAX;

/// The request on its way.
struct Pending {
    number: u64,
    peer: Peer,
    first: Height,
}

/// What is known of the others, and what was asked of them.
#[derive(Default)]
pub(super) struct CatchUp {
    tips: BTreeMap<Peer, Height>,
    pending: Option<Pending>,
    requests: u64,
    waiting: BTreeMap<Height, (Peer, Offered<Assay>)>,
    decided: Height,
}

impl Node {
    /// At the start of the node.
    pub(super) fn catch_up_begins(&mut self, next: Height) {
        self.catch_up.decided = next.previous();
        self.set_timer(TimerKey::Status, STATUS_INTERVAL);
    }

    /// A height starts: a block that waits for it is offered to consensus.
    pub(super) fn catch_up_starts(&mut self, height: Height) {
        self.catch_up.waiting = self.catch_up.waiting.split_off(&height);
        if let Some((peer, offered)) = self.catch_up.waiting.remove(&height) {
            self.offer(peer, offered);
        }
        self.request();
    }

    /// A height is stored: the others may know.
    pub(super) fn catch_up_decided(&mut self, height: Height) -> Result<(), End> {
        self.catch_up.decided = height;
        self.send_status()
    }

    pub(super) fn on_status_timer(&mut self) -> Result<(), End> {
        self.set_timer(TimerKey::Status, STATUS_INTERVAL);
        self.request();
        self.send_status()
    }

    fn send_status(&mut self) -> Result<(), End> {
        let status: Status<Assay> = Status {
            peer_id: peer_id(0)?,
            tip_height: self.catch_up.decided.into(),
            history_min_height: EngineHeight(1),
        };
        let bytes = self.codec.encode(&status).map_err(|e| Fault::invariant(e.to_string()))?;
        self.actions.push(Action::Broadcast(Channel::Status, bytes));
        Ok(())
    }

    pub(super) fn on_status(&mut self, from: Peer, status: &Status<Assay>) {
        self.catch_up.tips.insert(from, status.tip_height.into());
        self.request();
    }

    pub(super) fn on_request_timer(&mut self) {
        self.catch_up.pending = None;
        self.request();
    }

    /// Asks the next peer in turn that has decided the current height, unless an answer is awaited or waits.
    fn request(&mut self) {
        let (first, state) = (self.host.height, &mut self.catch_up);
        if state.pending.is_some() || state.waiting.contains_key(&first) || state.decided >= first {
            return;
        }
        let ahead: Vec<(Peer, Height)> =
            state.tips.iter().filter(|(_, tip)| **tip >= first).map(|(peer, tip)| (*peer, *tip)).collect();
        let turn = usize::try_from(state.requests).unwrap_or_default().checked_rem(ahead.len());
        let Some((peer, tip)) = turn.and_then(|turn| ahead.get(turn)).copied() else { return };
        state.requests = state.requests.saturating_add(1);
        let number = state.requests;
        state.pending = Some(Pending { number, peer, first });
        let last = tip.min(first.saturating_add(SYNC_BATCH_MAX as u64 - 1));
        let request: Request<Assay> = Request::ValueRequest(ValueRequest::new(first.into()..=last.into()));
        if let Ok(bytes) = self.codec.encode(&request) {
            self.actions.push(Action::Send(peer, Channel::Request(number), bytes));
            self.set_timer(TimerKey::Request, REQUEST_TIME);
        }
    }

    pub(super) fn on_request(&mut self, from: Peer, number: u64, request: &Request<Assay>) -> Result<(), End> {
        let Request::ValueRequest(request) = request;
        let (first, last) = (request.range.start().0, request.range.end().0);
        let mut values = Vec::new();
        for height in (first..=last).take(SYNC_BATCH_MAX) {
            let Some((block, certificate)) = self.application.decided_block(Height(height))? else { break };
            values.push(RawDecidedValue::new(Bytes::from(block), convert::extended(&certificate)));
        }
        let answer: Response<Assay> = Response::ValueResponse(ValueResponse::new(EngineHeight(first), values));
        let bytes = self.codec.encode(&answer).map_err(|e| Fault::invariant(e.to_string()))?;
        self.actions.push(Action::Send(from, Channel::Answer(number), bytes));
        Ok(())
    }

    pub(super) fn on_answer(&mut self, from: Peer, number: u64, answer: Response<Assay>) {
        let Response::ValueResponse(answer) = answer;
        let Some(pending) = self.catch_up.pending.take_if(|asked| asked.number == number && asked.peer == from) else {
            return;
        };
        self.cancel_timer(TimerKey::Request);
        let numbered = || (pending.first.get()..).zip(&answer.values);
        let fits = Height::from(answer.start_height) == pending.first
            && numbered().all(|(height, value)| value.height().0 == height);
        if !fits || answer.values.is_empty() {
            self.actions.push(Action::Refused(from, Channel::Answer(number), "not what was asked for".to_owned()));
            self.catch_up.tips.remove(&from);
            return self.request();
        }
        let Ok(id) = peer_id(from) else { return };
        for value in answer.values {
            let height = Height::from(value.height());
            if height == self.host.height && height > self.catch_up.decided {
                self.offer(from, value.to_core(id));
            } else if height > self.host.height && self.catch_up.waiting.len() < WAITING_MAX {
                self.catch_up.waiting.insert(height, (from, value.to_core(id)));
            }
        }
    }

    fn offer(&mut self, peer: Peer, offered: Offered<Assay>) {
        self.actions.push(Action::CaughtUp(peer, offered.certificate.height.into()));
        self.inbox.push_back(Input::SyncValueResponse(offered));
    }

    /// A block or certificate was wrong: what else the peer sent goes with it, and somebody else is asked.
    pub(super) fn on_bad_value(&mut self, peer: Option<PeerId>, height: Height) {
        let blamed = |from: Peer| peer_id(from).ok() == peer;
        self.catch_up.waiting.retain(|_, (from, _)| !blamed(*from));
        self.catch_up.tips.retain(|from, _| !blamed(*from));
        self.actions.push(Action::Refused(Peer::MAX, Channel::Answer(0), format!("bad value at {height}")));
        self.request();
    }
}
