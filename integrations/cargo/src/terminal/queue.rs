//! The texts that wait for a reader. The number of their bytes is bounded.
//!
//! Beyond the bound, progress is dropped first, and then the newest lines. A note tells how many
//! lines are missing when the reader goes on.

use std::collections::VecDeque;
use std::time::Instant;

/// How many bytes of other programs may wait for the reader.
pub(super) const OTHERS: usize = 2 << 20;
/// How many more bytes of our own may wait.
const OWN: usize = 2 << 20;

#[derive(Debug)]
pub(super) struct Queue {
    pieces: VecDeque<Piece>,
    /// How many bytes wait, those of the piece that is being written included.
    bytes: usize,
    /// When the reader has last taken bytes.
    moved: Instant,
    /// How many lines were dropped since the last note.
    dropped: usize,
    /// The note about lines that were dropped.
    note: fn(usize) -> Vec<u8>,
}

/// A text that is written or dropped as a whole.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: Kind,
}

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our own reports.
    Own,
    /// Output of a program or a compiler.
    Others,
    /// A progress bar, which is drawn again.
    Progress,
}

impl Queue {
    pub(super) fn new(note: fn(usize) -> Vec<u8>) -> Self {
        Queue { pieces: VecDeque::new(), bytes: 0, moved: Instant::now(), dropped: 0, note }
    }

    /// Adds a piece. Returns whether there is room for it.
    pub(super) fn push(&mut self, piece: Piece) -> bool {
        let most = if piece.kind == Kind::Own { OTHERS + OWN } else { OTHERS };
        if self.bytes + piece.bytes.len() > most {
            self.drop_progress();
        }
        // A piece that is always too large is written when nothing else waits.
        if self.bytes > 0 && self.bytes + piece.bytes.len() > most {
            self.dropped += piece.lines();
            return false;
        }
        if self.bytes == 0 {
            self.moved = Instant::now();
        }
        if let Some(note) = self.take_note() {
            self.add(note);
        }
        self.add(piece);
        true
    }

    /// Takes the next piece. Its bytes still count, until they are written.
    pub(super) fn pop(&mut self) -> Option<Piece> {
        if let Some(piece) = self.pieces.pop_front() {
            return Some(piece);
        }
        let note = self.take_note()?;
        self.bytes += note.bytes.len();
        Some(note)
    }

    /// The reader has taken bytes.
    pub(super) fn note_written(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.moved = Instant::now();
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn moved(&self) -> Instant {
        self.moved
    }

    /// Whether everything is written, notes included.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0 && self.dropped == 0
    }

    fn take_note(&mut self) -> Option<Piece> {
        let dropped = std::mem::take(&mut self.dropped);
        (dropped > 0).then(|| Piece { bytes: (self.note)(dropped), kind: Kind::Own })
    }

    fn add(&mut self, piece: Piece) {
        self.bytes += piece.bytes.len();
        self.pieces.push_back(piece);
    }

    fn drop_progress(&mut self) {
        self.pieces.retain(|piece| {
            piece.kind != Kind::Progress || {
                self.bytes -= piece.bytes.len();
                false
            }
        });
    }
}

impl Piece {
    fn lines(&self) -> usize {
        match self.kind {
            Kind::Progress => 0,
            _ => self.bytes.iter().filter(|byte| **byte == b'\n').count().max(1),
        }
    }
}
