//! The wire format, drawn in the module above: one pure decoder with every bound checked before anything is allocated.
//! A frame has one encoding: what decodes encodes to the same bytes.

use super::limits::{
    FRAME_BYTES_MAX, HASHES_PER_FRAME_MAX, HELLO_BYTES_MAX, NAME_BYTES_MAX, REASON_BYTES_MAX, TXS_PER_FRAME_MAX,
    WANT_MAX,
};
use alloy_primitives::{B256, Bytes};
use assay_primitives::transaction::TX_BYTES_MAX;
use thiserror::Error;

const HELLO: u8 = 0;
const REFUSED: u8 = 1;
const PING: u8 = 2;
const PUSH: u8 = 3;
const HAVE: u8 = 4;
const WANT: u8 = 5;
const ANSWER: u8 = 6;

/// Bytes of a frame before its kind.
pub(super) const LENGTH_BYTES: usize = 4;

/// Who a peer says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) version: u16,
    pub(super) chain_id: u64,
    pub(super) genesis_hash: B256,
    /// Drawn at every start, so that a restarted peer is told from a second connection.
    pub(super) instance: u64,
    pub(super) network: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Hello(Hello),
    Refused(String),
    Ping,
    Push(Vec<Bytes>),
    Have(Vec<B256>),
    Want(Vec<B256>),
    Answer { last: bool, transactions: Vec<Bytes> },
}

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum FrameError {
    #[error("a frame of {0} bytes, at most {FRAME_BYTES_MAX}")]
    TooLarge(usize),
    #[error("an empty frame")]
    Empty,
    #[error("a first frame of {0} bytes, at most {HELLO_BYTES_MAX}")]
    HelloTooLarge(usize),
    #[error("unknown kind of frame {0}")]
    Kind(u8),
    #[error("the frame ends too early")]
    Short,
    #[error("{0} bytes after the end of the frame")]
    Trailing(usize),
    #[error("{count} entries, at most {max} and at least {min}")]
    Count { count: usize, min: usize, max: usize },
    #[error("a transaction of {0} bytes, at most {TX_BYTES_MAX}")]
    Transaction(usize),
    #[error("text that is not UTF-8 or longer than {0} bytes")]
    Text(usize),
    #[error("a mark that is neither 0 nor 1")]
    Mark,
}

/// The length of a frame from its first bytes, before room is made for it.
pub(super) fn length(prefix: [u8; LENGTH_BYTES], first: bool) -> Result<usize, FrameError> {
    match usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX) {
        0 => Err(FrameError::Empty),
        length if length > FRAME_BYTES_MAX => Err(FrameError::TooLarge(length)),
        length if first && length > HELLO_BYTES_MAX => Err(FrameError::HelloTooLarge(length)),
        length => Ok(length),
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(FrameError::Short)?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(FrameError::Short)?;
        self.0 = rest;
        Ok(*head)
    }

    fn count(&mut self, min: usize, max: usize) -> Result<usize, FrameError> {
        let count = usize::from(u16::from_le_bytes(self.array()?));
        if count < min || count > max { Err(FrameError::Count { count, min, max }) } else { Ok(count) }
    }

    fn text(&mut self, max: usize) -> Result<String, FrameError> {
        let [length] = self.array()?;
        let length = usize::from(length);
        if length > max {
            return Err(FrameError::Text(max));
        }
        std::str::from_utf8(self.take(length)?).map(str::to_owned).map_err(|_| FrameError::Text(max))
    }

    fn hashes(&mut self, max: usize) -> Result<Vec<B256>, FrameError> {
        let count = self.count(1, max)?;
        let bytes = self.take(count * 32)?;
        Ok(bytes.chunks_exact(32).map(B256::from_slice).collect())
    }

    fn transactions(&mut self, min: usize) -> Result<Vec<Bytes>, FrameError> {
        let count = self.count(min, TXS_PER_FRAME_MAX)?;
        // Each entry has a length of its own, so a count that the bytes cannot hold costs nothing.
        let mut out = Vec::with_capacity(count.min(self.0.len() / LENGTH_BYTES));
        for _ in 0..count {
            let length = usize::try_from(u32::from_le_bytes(self.array()?)).unwrap_or(usize::MAX);
            if length > TX_BYTES_MAX {
                return Err(FrameError::Transaction(length));
            }
            // A copy, so that a small transaction in the pool never holds a large frame.
            out.push(Bytes::copy_from_slice(self.take(length)?));
        }
        Ok(out)
    }
}

impl Frame {
    /// Decodes kind and body.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge(bytes.len()));
        }
        let mut reader = Reader(bytes);
        let [kind] = reader.array().map_err(|_| FrameError::Empty)?;
        let frame = match kind {
            HELLO => Self::Hello(Hello {
                version: u16::from_le_bytes(reader.array()?),
                chain_id: u64::from_le_bytes(reader.array()?),
                genesis_hash: B256::from(reader.array::<32>()?),
                instance: u64::from_le_bytes(reader.array()?),
                network: reader.text(NAME_BYTES_MAX)?,
            }),
            REFUSED => Self::Refused(reader.text(REASON_BYTES_MAX)?),
            PING => Self::Ping,
            PUSH => Self::Push(reader.transactions(1)?),
            HAVE => Self::Have(reader.hashes(HASHES_PER_FRAME_MAX)?),
            WANT => Self::Want(reader.hashes(WANT_MAX)?),
            ANSWER => {
                let last = match reader.array()? {
                    [0] => false,
                    [1] => true,
                    _ => return Err(FrameError::Mark),
                };
                Self::Answer { last, transactions: reader.transactions(0)? }
            }
            kind => return Err(FrameError::Kind(kind)),
        };
        if reader.0.is_empty() { Ok(frame) } else { Err(FrameError::Trailing(reader.0.len())) }
    }

    /// Appends the frame with its length. Callers keep the bounds; a text is cut.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; LENGTH_BYTES]);
        match self {
            Self::Hello(hello) => {
                out.push(HELLO);
                out.extend_from_slice(&hello.version.to_le_bytes());
                out.extend_from_slice(&hello.chain_id.to_le_bytes());
                out.extend_from_slice(hello.genesis_hash.as_slice());
                out.extend_from_slice(&hello.instance.to_le_bytes());
                put_text(out, &hello.network, NAME_BYTES_MAX);
            }
            Self::Refused(reason) => {
                out.push(REFUSED);
                put_text(out, reason, REASON_BYTES_MAX);
            }
            Self::Ping => out.push(PING),
            Self::Push(transactions) => {
                out.push(PUSH);
                put_transactions(out, transactions);
            }
            Self::Have(hashes) => {
                out.push(HAVE);
                put_hashes(out, hashes);
            }
            Self::Want(hashes) => {
                out.push(WANT);
                put_hashes(out, hashes);
            }
            Self::Answer { last, transactions } => {
                out.extend_from_slice(&[ANSWER, u8::from(*last)]);
                put_transactions(out, transactions);
            }
        }
        let length = u32::try_from(out.len() - start - LENGTH_BYTES).unwrap_or(u32::MAX);
        if let Some(prefix) = out.get_mut(start..start + LENGTH_BYTES) {
            prefix.copy_from_slice(&length.to_le_bytes());
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str, max: usize) {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(text.as_bytes());
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_le_bytes());
}

fn put_hashes(out: &mut Vec<u8>, hashes: &[B256]) {
    put_count(out, hashes.len());
    hashes.iter().for_each(|hash| out.extend_from_slice(hash.as_slice()));
}

fn put_transactions(out: &mut Vec<u8>, transactions: &[Bytes]) {
    put_count(out, transactions.len());
    for raw in transactions {
        out.extend_from_slice(&u32::try_from(raw.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(raw);
    }
}

/// How many of the first transactions fit into one frame.
pub(super) fn fitting<'a>(transactions: impl Iterator<Item = &'a Bytes>) -> usize {
    // Kind, mark and count.
    let mut bytes = 4;
    transactions
        .take(TXS_PER_FRAME_MAX)
        .take_while(|raw| {
            bytes += LENGTH_BYTES + raw.len();
            bytes <= FRAME_BYTES_MAX
        })
        .count()
}
