//! Packing: committed events become the bytes of a batch. Whoever packs the same range again gets the same bytes, or learns
//! by the digest that a row has gone meanwhile.

use std::ops::ControlFlow;

use ring::digest::{SHA256, digest};

use super::backend::Backend;
use crate::event::Shape;
use crate::ledger::{EventReader, Filter, NewBatch, ReadError};

/// A batch with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// Seqs of its events; never empty.
    pub(super) seqs: Vec<i64>,
    /// The last seq that was looked at: what lies between it and the last event is wanted by nobody.
    pub(super) last_seq: i64,
    /// What is delivered.
    pub(super) body: Vec<u8>,
    pub(super) digest: [u8; 32],
    /// Whether a limit ended it, so that more is waiting.
    pub(super) full: bool,
    /// Whether rows were left out.
    pub(super) gaps: bool,
    /// What it has lives until then, milliseconds since 1970; what does not was left out.
    pub(super) alive_ms: i64,
}

/// What came of packing.
#[derive(Debug)]
pub(super) enum Pack {
    /// A batch.
    Batch(Packed),
    /// Nothing up to this seq is wanted; whether there is more behind it.
    Nothing {
        /// The last seq that was looked at.
        last_seq: i64,
        /// Whether the look ended before the end.
        more: bool,
    },
}

/// How large a batch may become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) events: usize,
    /// Of JSON, before it is encoded.
    pub(super) bytes: usize,
}

impl Limits {
    /// For ranges that are a batch's already.
    pub(super) const NONE: Limits = Limits { events: usize::MAX, bytes: usize::MAX };
}

/// Packs the events behind `range.0` up to and with `range.1`, within the limits. The first event goes whatever its size is:
/// alone, if need be.
pub(super) fn pack(
    reader: &mut EventReader,
    backend: &mut dyn Backend,
    range: (i64, i64),
    wanted: (&Filter, &Shape),
    limits: Limits,
) -> Result<Pack, ReadError> {
    let (mut lines, mut seqs) = (Vec::new(), Vec::new());
    let (filter, shape) = wanted;
    let looked = reader.events(range.0, range.1, filter, |seq, event| {
        let before = lines.len();
        event.write_shaped(shape, &mut lines);
        lines.push(b'\n');
        if !seqs.is_empty() && (seqs.len() >= limits.events || lines.len() > limits.bytes) {
            lines.truncate(before);
            return ControlFlow::Break(());
        }
        seqs.push(seq);
        ControlFlow::Continue(())
    })?;
    if seqs.is_empty() {
        return Ok(Pack::Nothing { last_seq: looked.last_seq, more: looked.stopped });
    }
    let body = backend.encode(lines);
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, &body).as_ref());
    let alive_ms = filter.alive_ms.unwrap_or_default();
    let (last_seq, full, gaps) = (looked.last_seq, looked.stopped, looked.gaps);
    Ok(Pack::Batch(Packed { seqs, last_seq, body, digest: sum, full, gaps, alive_ms }))
}

impl Packed {
    /// The batch as it is written down, for a sink that has looked up to `looked`, perhaps beyond its cursor.
    pub(super) fn as_new(&self, key: String, behind_cursor: bool, state: Option<String>) -> NewBatch {
        NewBatch {
            first_seq: self.first_seq(),
            last_seq: self.last_seq,
            events: self.seqs.len() as u64,
            gaps: self.gaps || behind_cursor,
            alive_ms: self.alive_ms,
            key,
            digest: self.digest,
            state,
        }
    }

    pub(super) fn first_seq(&self) -> i64 {
        self.seqs.first().copied().unwrap_or(self.last_seq)
    }

    /// The seq that ends the first half of the events; none where there is but one.
    pub(super) fn middle(&self) -> Option<i64> {
        self.seqs.get((self.seqs.len() / 2).checked_sub(1)?).copied()
    }
}
