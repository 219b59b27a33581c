//! Writes to stdout or stderr in a thread of its own, so that a reader that has stopped, such as a
//! paused pager or a terminal after Ctrl-S, stops nothing else.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::terminal::queue::{OTHERS, Piece, Queue};

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
}

impl Output {
    /// Begins to write to a file. `note` is the note about lines that were dropped.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub(crate) fn new(
        file: impl Write + Send + 'static,
        note: fn(usize) -> Vec<u8>,
    ) -> io::Result<Self> {
        let queue = Mutex::new(Queue::new(note));
        let shared = Arc::new(Shared { queue, changed: Condvar::new(), room: Notify::new() });
        let writing = Arc::clone(&shared);
        // It ends with this process, even in the middle of a line that nobody reads.
        std::thread::Builder::new().spawn(move || writing.write_to(file))?;
        Ok(Output { shared })
    }

    /// Writes a piece, sooner or later. Returns whether there is room for it.
    pub(crate) fn push(&self, piece: Piece) -> bool {
        let has_room = self.shared.lock().push(piece);
        if has_room {
            self.shared.changed.notify_all();
        }
        has_room
    }

    /// Waits until there is room for more, if the reader goes on.
    pub(crate) async fn room(&self) {
        loop {
            let room = self.shared.room.notified();
            let left = {
                let queue = self.shared.lock();
                if queue.bytes() <= OTHERS / 2 {
                    return;
                }
                READER_TIMEOUT.checked_sub(queue.moved().elapsed())
            };
            let Some(left) = left else { return };
            let _ = tokio::time::timeout(left, room).await;
        }
    }

    /// Waits until all is written, if the reader goes on.
    pub(crate) fn finish(&self) {
        let end = Instant::now() + FINISH_TIMEOUT;
        let mut queue = self.shared.lock();
        while !queue.is_empty() {
            let deadline = (queue.moved() + READER_TIMEOUT).min(end);
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return };
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
                self.lock().note_written(step.len());
                self.changed.notify_all();
                self.room.notify_waiters();
            }
        }
    }

    /// Waits for the next piece.
    fn next(&self) -> Piece {
        let mut queue = self.lock();
        loop {
            if let Some(piece) = queue.pop() {
                return piece;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::io::{BufRead, BufReader, Read, pipe};

    use super::*;
    use crate::terminal::queue::Kind;

    fn piece(bytes: &[u8], kind: Kind) -> Piece {
        Piece { bytes: bytes.to_vec(), kind }
    }

    #[cfg(unix)]
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
    fn a_reader_that_has_stopped_misses_whole_lines_and_is_told_how_many() {
        let (mut reader, file) = pipe().unwrap();
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
        let (mut reader, file) = pipe().unwrap();
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
        let (_reader, file) = pipe().unwrap();
        let output = Output::new(file, note).unwrap();
        assert!(output.push(piece(&vec![b'x'; OTHERS], Kind::Others)));
        let began = Instant::now();
        output.finish();
        assert!(began.elapsed() < FINISH_TIMEOUT, "{:?}", began.elapsed());
    }

    /// A pipe of Windows takes nothing of what does not fit whole.
    #[cfg(unix)]
    #[test]
    fn progress_makes_room_for_lines() {
        let (mut reader, file) = pipe().unwrap();
        let output = Output::new(file, note).unwrap();
        // More than the system takes, so that the rest waits.
        let (first, words) = (vec![b'x'; OTHERS / 2], vec![b'w'; OTHERS / 2]);
        assert!(output.push(piece(&first, Kind::Others)));
        for _ in 0..100 {
            assert!(output.push(piece(&[b'p'; 4096], Kind::Progress)));
        }
        eventually(|| output.shared.lock().bytes() < OTHERS / 2 + 100 * 4096);
        assert!(output.push(piece(&words, Kind::Others)));
        let mut found = vec![0; first.len() + words.len()];
        reader.read_exact(&mut found).unwrap();
        assert!(found[..first.len()] == first && found[first.len()..] == words);
    }
}
