//! The rewriter: one page's body goes through it, and comes out with the plan's tags in their places.
//!
//! What holds, whatever the page is and however it is cut into pieces:
//!
//! - Every byte that leaves is the origin's or the plan's: output is made of slices of the origin's pieces with tags between
//!   them, never of what a parser wrote. So a parser that fails, or is wrong, can misplace a tag and harm nothing else.
//! - The place of the next tag is looked for by one reader at a time, and **a place is found by leaving the reader there**:
//!   the [`Prologue`] for the common beginning of a page, else [`Places`] with lol_html, whose handler returns an error at the
//!   place. When the last tag is placed, nothing reads the body any more, and its pieces pass as they are, uncopied.
//! - A reader never delays what could be sent: held back is a token that is not complete yet, and behind our place white
//!   space, comments and the beginning of a `<script`, which may be our own.
//! - Tags are found by offset instead of being written by lol_html's bail-out handlers. That places a tag before a text without
//!   a text handler's re-encoding ever being sent, settles a kept length in the very push that brings the last byte, and
//!   leaves nothing to repair when the parser gives up for want of memory.
//! - A place that never comes is given up. With a kept length its bytes are made up with blanks ([`Length`]).
//! - The final word is `tagged` where our own tag stands and no place of the owner's was lost by what we cannot read. Where
//!   one was, behind a `<meta>` of ISO-2022-JP or because the parser failed, the word is `charset` or `parser`, though our tag
//!   runs: a page is counted once, and its owner has to see that a snippet is missing. The view is recorded all the same. A
//!   place that the page never had (frames have no body, a script is left open) leaves the word `tagged`.
//! - A page counts as tagged already where our script follows our place, behind white space and comments, in its first
//!   [`PATIENCE`] bytes. One that was put elsewhere by hand is not looked for: the page gets a second tag, and the script,
//!   which runs once a document, makes nothing of it.
//!
//! The answer's body is the only thing known here; whether a page is to be tagged is `eligible`'s question.

mod length;
mod markup;
mod output;
mod places;
mod prologue;
#[cfg(test)]
mod tests;
mod window;

use bytes::Bytes;

use self::length::Length;
use self::markup::Follows;
use self::output::Output;
use self::places::{Fed, Left, Places};
use self::prologue::{Prologue, Read};
use self::window::Window;
use super::{Outcome, Plan, Reason};
use crate::config::Place;

/// How many bytes of a token in the prologue, or behind our place, are waited for.
const PATIENCE: usize = 8 * 1024;

/// Puts a plan's tags into one body.
#[derive(Debug)]
pub struct Rewriter {
    plan: Plan,
    stage: Stage,
    window: Window,
    length: Length,
    /// The last place that was come to.
    placed: Option<Place>,
    outcome: Outcome,
}

/// Who reads the body, and for what.
#[derive(Debug)]
enum Stage {
    /// The prologue machine: is it a page, and where is its head?
    Prologue(Prologue),
    /// lol_html, for the place of our own tag.
    Opening(Places),
    /// The place of our own tag is known; what follows it may be our own tag already.
    Own(u64),
    /// lol_html, for the end of the head and the start of the body.
    Head(Places),
    /// lol_html, for the end of the body.
    Body(Places),
    /// Nobody: the rest passes.
    Done,
}

impl Rewriter {
    /// A rewriter for one body. `length`: the origin's exact body length in bytes, where the length sent to the client is that
    /// and [`Plan::len`]; `None` where no length is sent.
    pub fn new(plan: Plan, length: Option<u64>) -> Rewriter {
        let prologue = Prologue::new(plan.ask_body());
        Rewriter {
            length: Length::new(length, plan.len()),
            plan,
            stage: Stage::Prologue(prologue),
            window: Window::default(),
            placed: None,
            outcome: Outcome::Skipped(Reason::NoPlace),
        }
    }

    /// Takes the body's next piece and returns what can be sent: perhaps nothing yet, perhaps more than came. When nothing is
    /// looked for any more, that is the piece itself.
    pub fn push(&mut self, piece: Bytes) -> Bytes {
        self.length.pass(piece.len());
        if matches!(self.stage, Stage::Done) {
            return if self.length.is_owing() { Output::of([piece, self.length.make_up()]).join() } else { piece };
        }
        let mut out = Output::default();
        self.window.add(piece);
        self.read(&mut out);
        if self.length.is_complete() {
            self.close(&mut out);
        } else {
            let unread = if let Stage::Prologue(prologue) = &self.stage { prologue.at() } else { self.window.end() };
            self.window.keep(unread);
        }
        out.join()
    }

    /// The origin's body is over: the rest.
    pub fn end(&mut self) -> Bytes {
        let mut out = Output::default();
        if self.length.is_short() {
            // An aborted answer: whoever gets it sees that, and a tag more or less makes it no better.
            self.stage = Stage::Done;
            out.push(self.window.rest());
        } else {
            self.close(&mut out);
        }
        out.join()
    }

    /// The final word: tagged as soon as our own tag is placed, unless a place of the owner's had to be given up behind it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether nothing is looked for any more, and nothing held back.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Whether it is done, and the body has stayed as it came.
    pub(super) fn has_given_up(&self) -> bool {
        self.is_done() && self.placed.is_none()
    }

    /// Reads what is there until more is needed, or nothing is looked for any more.
    fn read(&mut self, out: &mut Output) {
        while let Some(next) = self.step(out) {
            self.stage = next;
            if matches!(self.stage, Stage::Done) {
                out.push(self.window.rest());
                return;
            }
        }
    }

    /// One reader's turn: the next stage, or `None` where it needs more.
    fn step(&mut self, out: &mut Output) -> Option<Stage> {
        match &mut self.stage {
            Stage::Prologue(prologue) => {
                let read = prologue.read(self.window.from(prologue.at()));
                let at = prologue.at();
                self.after_prologue(read, at, out)
            }
            Stage::Opening(places) => {
                let fed = places.feed(&self.window);
                let own = places.at(Place::HeadStart);
                self.after(fed, own.map(Stage::Own), out)
            }
            Stage::Own(at) => {
                let at = *at;
                self.own(at, out)
            }
            Stage::Head(places) => {
                let fed = places.feed(&self.window);
                let [head_end, body_start] = [Place::HeadEnd, Place::BodyStart].map(|place| places.at(place));
                self.put(Place::HeadEnd, head_end, out);
                self.put(Place::BodyStart, body_start, out);
                let body = body_start.filter(|_| self.plan.last_place() == Place::BodyEnd);
                self.after(fed, body.map(|at| Stage::Body(Places::body(at))), out)
            }
            Stage::Body(places) => {
                let fed = places.feed(&self.window);
                let body_end = places.at(Place::BodyEnd);
                self.put(Place::BodyEnd, body_end, out);
                self.after(fed, None, out)
            }
            Stage::Done => None,
        }
    }

    /// What comes after a turn of the prologue machine, which has read up to the offset `at`.
    fn after_prologue(&mut self, read: Read, at: u64, out: &mut Output) -> Option<Stage> {
        Some(match read {
            Read::More { safe } if self.window.from(at).len() <= PATIENCE => {
                out.push(self.window.take_until(safe));
                return None;
            }
            Read::More { .. } | Read::Unsure => Stage::Opening(Places::opening(at)),
            Read::Place(at) => Stage::Own(at),
            Read::Not(reason) => self.skip(reason),
            Read::Utf16(blank) => {
                self.length.blank = blank;
                self.skip(Reason::Charset)
            }
        })
    }

    /// Our place is known: our own tag goes there, unless it stands there already.
    fn own(&mut self, at: u64, out: &mut Output) -> Option<Stage> {
        out.push(self.window.take_until(at));
        let behind = self.window.from(at);
        let looked_at = behind.get(..PATIENCE).unwrap_or(behind);
        match markup::own_script(looked_at, self.plan.own_src()) {
            Follows::Ours => Some(self.skip(Reason::AlreadyTagged)),
            Follows::Unsure if behind.len() < PATIENCE => None,
            Follows::Unsure | Follows::Other => Some(self.place_own(at, out)),
        }
    }

    /// What comes after a turn of lol_html. `next`: where it goes on if the place was found.
    fn after(&mut self, fed: Fed, next: Option<Stage>, out: &mut Output) -> Option<Stage> {
        match fed {
            Fed::On { emitted } => {
                out.push(self.window.take_until(emitted));
                None
            }
            Fed::Left(Left::There) => Some(next.unwrap_or(Stage::Done)),
            Fed::Left(Left::Nowhere) => Some(Stage::Done),
            Fed::Left(Left::Not(reason)) => Some(self.skip(reason)),
            Fed::Failed => Some(self.skip(Reason::Parser)),
        }
    }

    /// Places our own tag, and the owner's snippets that stand with it.
    fn place_own(&mut self, at: u64, out: &mut Output) -> Stage {
        self.put(Place::HeadStart, Some(at), out);
        self.outcome = Outcome::Tagged;
        match self.plan.last_place() {
            Place::HeadStart => Stage::Done,
            last => Stage::Head(Places::head(at, last)),
        }
    }

    /// Puts a place's tags behind what is sent up to it, once.
    fn put(&mut self, place: Place, at: Option<u64>, out: &mut Output) {
        let Some(at) = at.filter(|_| self.placed < Some(place)) else { return };
        self.placed = Some(place);
        out.push(self.window.take_until(at));
        for tag in self.plan.at(place) {
            self.length.placed(tag.len());
            out.push(tag.clone());
        }
    }

    /// Gives up what is not placed yet, and says why.
    fn skip(&mut self, reason: Reason) -> Stage {
        self.outcome = Outcome::Skipped(reason);
        Stage::Done
    }

    /// The body is whole: places at its very end are taken, the rest is sent, and what a kept length still lacks is made up.
    fn close(&mut self, out: &mut Output) {
        if let Stage::Own(at) = self.stage {
            self.stage = self.place_own(at, out);
            self.read(out);
        }
        let end = self.window.end();
        let open = match &mut self.stage {
            Stage::Head(places) => places.ends_in_head(end),
            Stage::Body(places) => places.ends_in_body(end),
            Stage::Prologue(_) | Stage::Opening(_) | Stage::Own(_) | Stage::Done => false,
        };
        for place in [Place::HeadEnd, Place::BodyStart, Place::BodyEnd] {
            self.put(place, open.then_some(end), out);
        }
        out.push(self.window.rest());
        self.stage = Stage::Done;
        out.push(self.length.make_up());
    }
}
