//! The life of one connection: hello, then frames in both directions until somebody goes.
//!
//! Reading waits for the pool, so that a peer can have one frame in admission at a time and the rest of what it sends
//! waits in its own TCP buffers. Writing never waits for reading.

use super::bucket::Bucket;
use super::frame::{Frame, FrameError, Hello, LENGTH_BYTES, length};
use super::limits::{
    ANSWER_BYTES_MAX, HELLO_TIME_MAX, LINGER_MAX, PING_EVERY, POINTS_INVALID, POINTS_MAX, POINTS_OUT_OF_TURN,
    SILENCE_MAX, VERSION, WRITE_TIME_MAX,
};
use super::outbox::Outbox;
use super::pool::Verdict;
use super::{End, Shared};
use alloy_primitives::{B256, Bytes, keccak256};
use futures::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::PeerId;
use libp2p::swarm::Stream;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) peer: PeerId,
    pub(super) address: String,
    pub(super) ip: Option<IpAddr>,
    pub(super) outbound: bool,
}

/// How much a peer may ask of this node.
struct Allowance {
    bytes: Bucket,
    frames: Bucket,
    hashes: Bucket,
    /// Transactions that were refused, and announced ones that were not given: they cost work and bring nothing.
    wasted: Bucket,
}

/// A joined connection.
struct Member<'a> {
    shared: &'a Arc<Shared>,
    link: &'a Link,
    number: u64,
    outbox: Arc<Outbox>,
}

/// Runs a connection to its end.
pub(super) async fn run(shared: Arc<Shared>, stream: Stream, link: Link) -> End {
    let (mut reader, mut writer) = stream.split();
    let hello = match timeout(HELLO_TIME_MAX, greet(&shared, &mut reader, &mut writer)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(End::Violated(error))) => {
            shared.blame(&link, POINTS_MAX, &error.to_string());
            return End::Violated(error);
        }
        Ok(Err(end)) => return end,
        Err(_) => return End::Silent,
    };
    let (number, outbox) = match shared.hub().join(link.clone(), hello.instance) {
        Ok(joined) => joined,
        Err(end) => return end,
    };
    tracing::info!(peer = %link.peer, address = %link.address, outbound = link.outbound, "gossip: peer joined");
    let member = Member { shared: &shared, link: &link, number, outbox };
    let announce = async {
        let pending = shared.pending().await;
        let dropped = shared.hub().announce_to(number, pending);
        shared.counters.dropped.add(dropped);
        std::future::pending::<End>().await
    };
    let end = tokio::select! {
        end = member.read(&mut reader) => end,
        end = member.write(&mut writer) => end,
        end = member.outbox.ended() => end,
        end = announce => end,
    };
    shared.hub().leave(number);
    shared.hub().fetch(Instant::now());
    end
}

/// Says hello, hears it, and makes sure that both mean the same chain.
async fn greet(
    shared: &Shared,
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<Hello, End> {
    send(writer, &Frame::Hello(shared.hello.clone())).await?;
    let bytes = read_frame(reader, true).await?;
    let hello = match Frame::decode(&bytes).map_err(End::Violated)? {
        Frame::Hello(hello) => hello,
        Frame::Refused(reason) => return Err(End::RefusedByPeer(reason)),
        _ => return Err(End::Refused("its first message is no hello".to_owned())),
    };
    if let Some(reason) = difference(&shared.hello, &hello) {
        let _ = timeout(LINGER_MAX, hang_up(reader, writer, &reason)).await;
        return Err(End::Refused(reason));
    }
    Ok(hello)
}

/// Why a peer is not of this network, in words for its operator and ours.
fn difference(own: &Hello, other: &Hello) -> Option<String> {
    if own.version != other.version {
        return Some(format!(
            "it speaks version {} of the gossip protocol, this node version {VERSION}",
            other.version
        ));
    }
    if (own.chain_id, own.genesis_hash) == (other.chain_id, other.genesis_hash) {
        return None;
    }
    // A stranger's name goes into a log: only what a name may hold.
    let plain = |name: &str| -> String { name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect() };
    let name = |hello: &Hello| {
        format!("{} (chain id {}, genesis {})", plain(&hello.network), hello.chain_id, short(&hello.genesis_hash))
    };
    Some(format!("it is of chain {}, this node of {}", name(other), name(own)))
}

fn short(hash: &B256) -> String {
    format!("{hash:#x}").chars().take(10).collect()
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> Result<(), End> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    writer.write_all(&bytes).await.map_err(|_| End::Closed)?;
    writer.flush().await.map_err(|_| End::Closed)
}

/// Says why and waits until the other side has hung up too: what is cut off at once may never be read.
async fn hang_up(reader: &mut (impl AsyncRead + Unpin), writer: &mut (impl AsyncWrite + Unpin), reason: &str) {
    if send(writer, &Frame::Refused(reason.to_owned())).await.is_ok() && writer.close().await.is_ok() {
        let mut rest = [0u8; 512];
        while reader.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    }
}

async fn read_frame(reader: &mut (impl AsyncRead + Unpin), first: bool) -> Result<Vec<u8>, End> {
    let mut prefix = [0u8; LENGTH_BYTES];
    reader.read_exact(&mut prefix).await.map_err(|_| End::Closed)?;
    let mut bytes = vec![0; length(prefix, first).map_err(End::Violated)?];
    reader.read_exact(&mut bytes).await.map_err(|_| End::Closed)?;
    Ok(bytes)
}

impl Member<'_> {
    async fn write(&self, writer: &mut (impl AsyncWrite + Unpin)) -> End {
        let counters = &self.shared.counters;
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut bytes = Vec::new();
        loop {
            tokio::select! {
                () = self.outbox.wait() => sleep(self.shared.config.flush_every).await,
                _ = pings.tick() => self.outbox.ping(),
            }
            loop {
                bytes.clear();
                let drained = self.outbox.drain(&mut bytes);
                if bytes.is_empty() {
                    break;
                }
                let write = async {
                    writer.write_all(&bytes).await?;
                    writer.flush().await
                };
                match timeout(WRITE_TIME_MAX, write).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return End::Closed,
                    Err(_) => return End::Silent,
                }
                counters.sent_bytes.add(bytes.len() as u64);
                counters.sent_frames.add(drained.frames);
                counters.sent.add(drained.transactions);
            }
            // One large batch must not hold its room for ever.
            bytes.shrink_to(64 * 1024);
        }
    }

    async fn read(&self, reader: &mut (impl AsyncRead + Unpin)) -> End {
        let (limits, now) = (&self.shared.config.rates, Instant::now());
        let mut allowance = Allowance {
            bytes: Bucket::new(limits.bytes_per_second, limits.bytes_per_second * 2, now),
            frames: Bucket::new(limits.frames_per_second, limits.frames_per_second * 2, now),
            hashes: Bucket::new(limits.hashes_per_second, limits.hashes_per_second * 8, now),
            wasted: Bucket::new(limits.wasted_per_second, limits.wasted_per_second * 8, now),
        };
        loop {
            let bytes = match timeout(SILENCE_MAX, read_frame(reader, false)).await {
                Ok(Ok(bytes)) => bytes,
                Ok(Err(end)) => return self.ended(end),
                Err(_) => return End::Silent,
            };
            let size = (bytes.len() + LENGTH_BYTES) as u64;
            self.shared.counters.received_bytes.add(size);
            self.shared.counters.received_frames.add(1);
            let now = Instant::now();
            self.pause(allowance.bytes.take(size, now).max(allowance.frames.take(1, now))).await;
            match Frame::decode(&bytes) {
                Ok(frame) => {
                    drop(bytes);
                    if let Err(end) = self.handle(frame, &mut allowance).await {
                        return end;
                    }
                }
                Err(error) => return self.ended(End::Violated(error)),
            }
        }
    }

    fn ended(&self, end: End) -> End {
        if let End::Violated(error) = &end {
            self.shared.blame(self.link, POINTS_MAX, &error.to_string());
        }
        end
    }

    /// Makes a peer wait that goes over its rate: what it sends meanwhile stays in its own buffers.
    async fn pause(&self, wait: Duration) {
        if !wait.is_zero() {
            self.shared.counters.throttled.add(1);
            sleep(wait).await;
        }
    }

    async fn handle(&self, frame: Frame, allowance: &mut Allowance) -> Result<(), End> {
        match frame {
            Frame::Ping => {}
            Frame::Hello(_) => return Err(self.ended(End::Violated(FrameError::Kind(0)))),
            Frame::Refused(reason) => return Err(End::RefusedByPeer(reason)),
            Frame::Push(transactions) => self.take_in(transactions, allowance).await,
            Frame::Have(hashes) => {
                self.pause(allowance.hashes.take(hashes.len() as u64, Instant::now())).await;
                self.learn(&hashes).await;
            }
            Frame::Want(hashes) => {
                let bytes = self.answer(hashes).await;
                // What it makes this node send is counted as what it sends.
                self.pause(allowance.bytes.take(bytes, Instant::now())).await;
            }
            Frame::Answer { last, transactions } => {
                let hashes: Vec<B256> = transactions.iter().map(keccak256).collect();
                let answered = self.shared.hub().answered(self.number, &hashes, last);
                if answered.out_of_turn > 0 {
                    self.shared.blame(self.link, POINTS_OUT_OF_TURN, "it sent transactions that were not asked for");
                }
                self.pause(allowance.wasted.take(answered.missing as u64, Instant::now())).await;
                self.take_in(transactions, allowance).await;
                self.shared.hub().fetch(Instant::now());
            }
        }
        Ok(())
    }

    /// Admits what is new among transactions of the peer.
    async fn take_in(&self, transactions: Vec<Bytes>, allowance: &mut Allowance) {
        let counters = &self.shared.counters;
        let hashed: Vec<(B256, Bytes)> = transactions.into_iter().map(|raw| (keccak256(&raw), raw)).collect();
        let hashes: Vec<B256> = hashed.iter().map(|(hash, _)| *hash).collect();
        let fresh = self.shared.hub().received(self.number, &hashes, Instant::now());
        let news: Vec<_> = hashed.into_iter().zip(fresh).filter_map(|(tx, fresh)| fresh.then_some(tx)).collect();
        counters.received.add(hashes.len() as u64);
        counters.duplicates.add((hashes.len() - news.len()) as u64);
        if news.is_empty() {
            return;
        }
        let hashes: Vec<B256> = news.iter().map(|(hash, _)| *hash).collect();
        let verdicts = self.shared.admit(news).await;
        self.shared.hub().judged(&hashes, &verdicts, Instant::now());
        let count = |of: Verdict| verdicts.iter().filter(|verdict| **verdict == of).count() as u64;
        counters.accepted.add(count(Verdict::Accepted));
        counters.duplicates.add(count(Verdict::Known));
        counters.refused.add(count(Verdict::Refused));
        counters.busy.add(count(Verdict::Busy));
        let invalid = count(Verdict::Invalid);
        counters.invalid.add(invalid);
        if invalid > 0 {
            let points = u32::try_from(invalid).unwrap_or(u32::MAX).saturating_mul(POINTS_INVALID);
            self.shared.blame(self.link, points, "it sent transactions that are not valid on this chain");
        }
        self.pause(allowance.wasted.take(count(Verdict::Refused), Instant::now())).await;
    }

    /// The peer has these: fetches what the pool lacks.
    async fn learn(&self, hashes: &[B256]) {
        let unknown = self.shared.hub().announced(self.number, hashes, Instant::now());
        if unknown.is_empty() {
            return;
        }
        let missing = self.shared.missing(unknown).await;
        let mut hub = self.shared.hub();
        hub.lacking(self.number, missing);
        hub.fetch(Instant::now());
    }

    /// The peer wants these; returns the bytes of the answer.
    async fn answer(&self, hashes: Vec<B256>) -> u64 {
        if self.outbox.is_answering() {
            self.shared.blame(self.link, POINTS_OUT_OF_TURN, "it asked again before it was answered");
            return 0;
        }
        let (hashes, transactions): (Vec<B256>, Vec<Bytes>) =
            self.shared.fetch(hashes, ANSWER_BYTES_MAX).await.into_iter().unzip();
        let bytes = transactions.iter().map(|raw| raw.len() as u64).sum();
        self.shared.hub().gave(self.number, &hashes);
        self.outbox.answer(transactions);
        bytes
    }
}
