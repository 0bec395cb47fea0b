//! The body of one page on its way to the client: through the rewriter, and where it is coded, through its codec.
//!
//! Until something has gone to the client, a coded page can still pass as it came: so it does where its coding turns out to
//! be damaged, and where the page itself turns out to be none that is tagged. Behind that a fault ends the answer.

use bytes::{Bytes, BytesMut};
use sync_wrapper::SyncWrapper;
use thiserror::Error;

use super::codec::{Codec, Coding, Edit, Fault, Recoder};
use super::{Outcome, Plan, Reason, Rewriter};

/// How many coded bytes are kept at most while nothing has gone to the client.
const MAX_HELD: usize = 256 * 1024;

/// In which codings a tagged page comes and goes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Codings {
    /// The origin's.
    pub(super) from: Option<Coding>,
    /// The one that is sent. Where the origin's is some, it is the same.
    pub(super) to: Option<Coding>,
    /// Whether it was chosen by what the client accepts.
    pub(super) chosen: bool,
}

impl Codings {
    /// A page that comes and goes in the same coding.
    pub fn kept(coding: Coding) -> Codings {
        Codings { from: Some(coding), to: Some(coding), chosen: false }
    }

    /// A page that comes in none, and goes in the one that was chosen for the client, if any.
    pub fn chosen(to: Option<Coding>) -> Codings {
        Codings { from: None, to, chosen: true }
    }

    /// Whether the page comes in a coding: then it may be broken.
    pub fn may_break(&self) -> bool {
        self.from.is_some()
    }
}

/// A page's coding that broke when a part of the page had been given out already.
#[derive(Debug, Error)]
#[error("{fault}")]
pub struct Broken {
    /// What is wrong.
    pub fault: Fault,
    /// What follows what was given out, up to the fault; without an end of the coding.
    pub left: Bytes,
}

/// One page's body.
#[derive(Debug)]
pub struct Body {
    rewriter: Rewriter,
    way: Way,
}

/// How pieces go.
#[derive(Debug)]
enum Way {
    /// In no coding: through the rewriter alone.
    Plain,
    /// Through a codec.
    Coded {
        codec: SyncWrapper<Box<dyn Codec>>,
        /// What has come, while nothing has gone and it may pass as it is.
        held: Option<Vec<Bytes>>,
        /// Whether any byte has come.
        begun: bool,
    },
    /// As they came, for the reason why; none where the rewriter's holds.
    AsItCame(Option<Reason>),
}

impl Body {
    /// A body for a plan. `length`: the origin's exact length, where the client is told a length: never with codings.
    pub fn new(plan: Plan, length: Option<u64>, codings: Codings) -> Body {
        let way = codings.to.map_or(Way::Plain, |to| Way::Coded {
            codec: SyncWrapper::new(Box::new(Recoder::new(codings.from, to))),
            held: (codings.from == codings.to).then(Vec::new),
            begun: false,
        });
        Body { rewriter: Rewriter::new(plan, length), way }
    }

    /// Takes the next piece and gives what can be sent; `end`: no more will come.
    ///
    /// # Errors
    ///
    /// The page's coding is damaged, or ends early, and a part of the page was given out already.
    pub fn piece(&mut self, piece: Option<Bytes>, end: bool) -> Result<Option<Bytes>, Broken> {
        let sent = match &mut self.way {
            Way::AsItCame(_) => piece,
            Way::Plain => plain(&mut self.rewriter, piece, end),
            Way::Coded { .. } => self.coded(piece.unwrap_or_default(), end)?,
        };
        // An empty piece in the midst of a chunked body would be its end (RFC 9112 section 7.1).
        Ok(sent.filter(|sent| !sent.is_empty()))
    }

    /// The final word about the page.
    pub fn outcome(&self) -> Outcome {
        match &self.way {
            Way::AsItCame(Some(reason)) => Outcome::Skipped(*reason),
            Way::AsItCame(None) | Way::Plain | Way::Coded { .. } => self.rewriter.outcome(),
        }
    }

    fn coded(&mut self, piece: Bytes, end: bool) -> Result<Option<Bytes>, Broken> {
        let Way::Coded { codec, held, begun } = &mut self.way else { return Ok(Some(piece)) };
        *begun |= !piece.is_empty();
        if !*begun && held.is_some() {
            // A body without a byte is whole in any coding, for browsers.
            return Ok(None);
        }
        let mut kept = held.take();
        if let Some(kept) = &mut kept {
            kept.push(piece.clone());
        }
        // About what it will be, so that it need not grow.
        let mut sent = Vec::with_capacity(if piece.len() <= 8 * 1024 { 16 * 1024 } else { 96 * 1024 });
        let result = codec.get_mut().piece(piece, end, &mut self.rewriter, &mut sent);
        match (result, kept) {
            (Err(_), Some(kept)) => Ok(self.pass(kept, Some(Reason::Encoding))),
            (Err(fault), None) => Err(Broken { fault, left: sent.into() }),
            (Ok(()), Some(kept)) if self.rewriter.has_given_up() => Ok(self.pass(kept, None)),
            (Ok(()), kept) => {
                let few = |kept: &Vec<Bytes>| kept.iter().map(Bytes::len).sum::<usize>() <= MAX_HELD;
                *held = kept.filter(|kept| sent.is_empty() && few(kept));
                Ok(Some(sent.into()))
            }
        }
    }

    /// From here on everything goes as it came, what was kept first.
    fn pass(&mut self, kept: Vec<Bytes>, reason: Option<Reason>) -> Option<Bytes> {
        self.way = Way::AsItCame(reason);
        Some(joined(kept))
    }
}

fn plain(rewriter: &mut Rewriter, piece: Option<Bytes>, end: bool) -> Option<Bytes> {
    let sent = piece.map(|piece| rewriter.push(piece));
    if !end {
        return sent;
    }
    let rest = rewriter.end();
    Some(match sent {
        Some(sent) if rest.is_empty() => sent,
        Some(sent) => joined([sent, rest]),
        None => rest,
    })
}

fn joined(pieces: impl IntoIterator<Item = Bytes, IntoIter: Clone>) -> Bytes {
    let pieces = pieces.into_iter();
    let mut all = BytesMut::with_capacity(pieces.clone().map(|piece| piece.len()).sum());
    pieces.for_each(|piece| all.extend_from_slice(&piece));
    all.freeze()
}

impl Edit for Rewriter {
    fn push(&mut self, plain: Bytes) -> Bytes {
        Rewriter::push(self, plain)
    }

    fn end(&mut self) -> Bytes {
        Rewriter::end(self)
    }

    fn is_done(&self) -> bool {
        Rewriter::is_done(self)
    }
}
