//! Writes to stdout or stderr in a thread of its own, so that a reader that has stopped, such as a paused
//! pager or a terminal after Ctrl-S, stops nothing else.
//!
//! The number of bytes that wait for the reader is bounded. Beyond it, progress is dropped first, and then
//! the newest lines. A note tells how many lines are missing when the reader goes on.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many bytes of other programs may wait for the reader.
const OTHERS: usize = 2 << 20;
/// How many more bytes of our own may wait.
const OWN: usize = 2 << 20;
/// How many bytes are written at once. Short pieces show that a reader goes on.
const STEP: usize = 8 << 10;
/// A reader that takes nothing for this long has stopped.
const READER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long writing the rest may take at the end.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause before the next attempt, where another process has made the file non-blocking.
const RETRY: Duration = Duration::from_millis(10);

/// A file that is written to.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// The queue has changed.
    changed: Condvar,
    /// The queue has become shorter.
    room: Notify,
    /// The note about lines that were dropped.
    note: fn(usize) -> Vec<u8>,
}

#[derive(Debug)]
struct Queue {
    pieces: VecDeque<Piece>,
    /// How many bytes wait, those of the piece that is being written included.
    bytes: usize,
    /// When the reader has last taken bytes.
    moved: Instant,
    /// How many lines were dropped since the last note.
    dropped: usize,
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

impl Output {
    /// Begins to write to a file.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn new(
        file: impl Write + Send + 'static,
        note: fn(usize) -> Vec<u8>,
    ) -> io::Result<Self> {
        let queue = Queue { pieces: VecDeque::new(), bytes: 0, moved: Instant::now(), dropped: 0 };
        let (changed, room) = (Condvar::new(), Notify::new());
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed, room, note });
        let writing = Arc::clone(&shared);
        // It ends with this process, even in the middle of a line that nobody reads.
        std::thread::Builder::new().spawn(move || writing.write_to(file))?;
        Ok(Output { shared })
    }

    /// Writes a piece, sooner or later. Returns whether there is room for it.
    pub(crate) fn push(&self, piece: Piece) -> bool {
        let mut queue = self.shared.lock();
        let most = if piece.kind == Kind::Own { OTHERS + OWN } else { OTHERS };
        if queue.bytes + piece.bytes.len() > most {
            queue.drop_progress();
        }
        // A piece that is always too large is written when nothing else waits.
        if queue.bytes > 0 && queue.bytes + piece.bytes.len() > most {
            queue.dropped += piece.lines();
            return false;
        }
        if queue.bytes == 0 {
            queue.moved = Instant::now();
        }
        if queue.dropped > 0 {
            let bytes = (self.shared.note)(std::mem::take(&mut queue.dropped));
            queue.add(Piece { bytes, kind: Kind::Own });
        }
        queue.add(piece);
        self.shared.changed.notify_all();
        true
    }

    /// Waits until there is room for more, if the reader goes on.
    pub(crate) async fn room(&self) {
        loop {
            let room = self.shared.room.notified();
            let left = {
                let queue = self.shared.lock();
                if queue.bytes <= OTHERS / 2 {
                    return;
                }
                READER_TIMEOUT.checked_sub(queue.moved.elapsed())
            };
            let Some(left) = left else { return };
            let _ = tokio::time::timeout(left, room).await;
        }
    }

    /// Waits until all is written, if the reader goes on.
    pub(crate) fn finish(&self) {
        let end = Instant::now() + FINISH_TIMEOUT;
        let mut queue = self.shared.lock();
        while queue.bytes > 0 || queue.dropped > 0 {
            let left =
                (queue.moved + READER_TIMEOUT).min(end).checked_duration_since(Instant::now());
            let Some(left) = left else { return };
            queue = match self.shared.changed.wait_timeout(queue, left) {
                Ok((queue, _)) => queue,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Shared {
    fn write_to(&self, mut file: impl Write) {
        loop {
            let piece = self.next();
            for step in piece.bytes.chunks(STEP) {
                write(&mut file, step);
                let mut queue = self.lock();
                queue.bytes -= step.len();
                queue.moved = Instant::now();
                self.changed.notify_all();
                self.room.notify_waiters();
            }
        }
    }

    /// Waits for the next piece.
    fn next(&self) -> Piece {
        let mut queue = self.lock();
        loop {
            if let Some(piece) = queue.pieces.pop_front() {
                return piece;
            }
            if queue.dropped > 0 {
                let bytes = (self.note)(std::mem::take(&mut queue.dropped));
                queue.bytes += bytes.len();
                return Piece { bytes, kind: Kind::Own };
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
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

fn write(file: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match file.write(bytes).and_then(|written| file.flush().map(|()| written)) {
            Ok(written @ 1..) => bytes = &bytes[written..],
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            // A reader that has gone is no reason to stop.
            Ok(0) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn piece(bytes: &[u8], kind: Kind) -> Piece {
        Piece { bytes: bytes.to_vec(), kind }
    }

    fn eventually(is_so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !is_so() {
            assert!(Instant::now() < end);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn note(lines: usize) -> Vec<u8> {
        format!("({lines} lines)\n").into_bytes()
    }

    #[test]
    fn what_a_reader_that_has_stopped_misses_is_whole_lines_and_it_is_told() {
        let (mut reader, file) = UnixStream::pair().unwrap();
        let output = Output::new(file, note).unwrap();
        let line = |number: usize| format!("{number} {}\n", "x".repeat(1000));
        // Nobody reads, and yet this returns.
        let taken =
            (0..4000).filter(|number| output.push(piece(line(*number).as_bytes(), Kind::Others)));
        let taken: Vec<_> = taken.collect();
        assert!((1500..3000).contains(&taken.len()), "{}", taken.len());
        assert!(output.push(piece(b"our own\n", Kind::Own)), "there is no room for it");
        // A note comes wherever lines are missing.
        let (mut next, mut shown) = (0, taken.into_iter());
        for found in BufReader::new(&mut reader).lines().map(Result::unwrap) {
            match found.strip_prefix('(').and_then(|note| note.strip_suffix(" lines)")) {
                _ if found == "our own" => break,
                Some(missing) => next += missing.parse::<usize>().unwrap(),
                None => {
                    assert_eq!((Some(next), format!("{found}\n")), (shown.next(), line(next)));
                    next += 1;
                }
            }
        }
        assert_eq!((next, shown.next()), (4000, None));
        output.finish();
    }

    #[test]
    fn lines_that_were_dropped_last_are_told_when_the_reader_goes_on() {
        let (mut reader, file) = UnixStream::pair().unwrap();
        let output = Output::new(file, note).unwrap();
        let large = vec![b'x'; OTHERS];
        assert!(output.push(piece(&large, Kind::Others)));
        // Whatever the system takes in advance, there is no room for it.
        let lines = [&large[..], b"\n\n"].concat();
        assert!(!output.push(piece(&lines, Kind::Others)));
        let mut found = vec![0; OTHERS + note(2).len()];
        reader.read_exact(&mut found).unwrap();
        assert_eq!(found[OTHERS..], note(2));
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_that_has_stopped() {
        let (_reader, file) = UnixStream::pair().unwrap();
        let output = Output::new(file, note).unwrap();
        assert!(output.push(piece(&vec![b'x'; OTHERS], Kind::Others)));
        let began = Instant::now();
        output.finish();
        assert!(began.elapsed() < FINISH_TIMEOUT, "{:?}", began.elapsed());
    }

    #[test]
    fn progress_makes_room_for_words() {
        let (mut reader, file) = UnixStream::pair().unwrap();
        let output = Output::new(file, note).unwrap();
        // More than the system takes, so that the rest waits.
        let (first, words) = (vec![b'x'; OTHERS / 2], vec![b'w'; OTHERS / 2]);
        assert!(output.push(piece(&first, Kind::Others)));
        for _ in 0..100 {
            assert!(output.push(piece(&[b'p'; 4096], Kind::Progress)));
        }
        eventually(|| output.shared.lock().bytes < OTHERS / 2 + 100 * 4096);
        assert!(output.push(piece(&words, Kind::Others)));
        let mut found = vec![0; first.len() + words.len()];
        reader.read_exact(&mut found).unwrap();
        assert!(found[..first.len()] == first && found[first.len()..] == words);
    }
}
