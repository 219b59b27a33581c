//! The event streams of pages (the HTML standard, section 9.2).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::answers::body::Content;
use crate::children::spare_fds;
use crate::page::live::Live;
use crate::page::state::{LogLevel, LogLine};

/// How many streams there may be; the oldest one makes room. Half of the connections that there may
/// be, wherever they are accepted: so other requests find room.
const STREAMS: usize = 128;
/// But at most this part of the files that this process may open.
const SHARE: usize = 8;
/// The shortest time between two states.
const PAUSE: Duration = Duration::from_millis(50);
/// After this time without an event a comment is sent, so that nothing in between gives the
/// connection up.
const COMMENT_AFTER: Duration = Duration::from_secs(15);
/// How large a part with lines of output may be; others wait.
const LARGEST_PART: usize = 64 * 1024;

/// All streams.
#[derive(Debug)]
pub(super) struct Streams {
    live: Live,
    /// The newest state as an event.
    states: watch::Receiver<Bytes>,
    running: RefCell<VecDeque<JoinHandle<()>>>,
    most: usize,
}

impl Streams {
    pub(super) fn new(live: &Live) -> Self {
        let (sender, states) = watch::channel(event("state", &live.for_pages()));
        tokio::task::spawn_local(write_states(live.clone(), sender));
        let share = spare_fds::files().map_or(STREAMS, |files| files / SHARE);
        let most = share.clamp(1, STREAMS);
        Streams { live: live.clone(), states, running: RefCell::default(), most }
    }

    /// Opens a stream. It begins with the state as it is now.
    pub(super) fn open(&self) -> Content {
        // One part waits here while the connection takes the one before. So a reader that is slow
        // gets the newest state next.
        let (sender, parts) = mpsc::channel(1);
        let stream = Stream {
            states: self.states.clone(),
            lines: self.live.subscribe_to_log(),
            parts: sender,
        };
        let task = tokio::task::spawn_local(stream.run());
        let mut running = self.running.borrow_mut();
        running.retain(|task| !task.is_finished());
        running.push_back(task);
        if running.len() > self.most
            && let Some(oldest) = running.pop_front()
        {
            oldest.abort();
        }
        Content::Parts(parts)
    }
}

/// Writes each change of the state once for all streams. Ends with the session.
async fn write_states(live: Live, events: watch::Sender<Bytes>) {
    let mut states = live.subscribe();
    let paths = live.paths().clone();
    drop(live);
    while states.changed().await.is_ok() {
        let mut state = states.borrow_and_update().clone();
        paths.apply_to(&mut state);
        let event = event("state", &state);
        if events.send(event).is_err() {
            return;
        }
        sleep(PAUSE).await;
    }
}

/// A stream, as its task sees it.
struct Stream {
    states: watch::Receiver<Bytes>,
    lines: broadcast::Receiver<LogLine>,
    parts: mpsc::Sender<Bytes>,
}

impl Stream {
    async fn run(mut self) {
        let mut next = Some(Bytes::from_static(b"retry: 500\n\n"));
        self.states.mark_changed();
        while let Some(part) = next {
            if self.parts.send(part).await.is_err() {
                return;
            }
            next = self.next().await;
        }
    }

    /// The next part; `None` at the end of the session, or when the page is gone.
    async fn next(&mut self) -> Option<Bytes> {
        let quiet_until = Instant::now() + COMMENT_AFTER;
        tokio::select! {
            biased;
            () = self.parts.closed() => None,
            changed = self.states.changed() => {
                changed.ok()?;
                Some(self.states.borrow_and_update().clone())
            }
            line = self.lines.recv() => self.lines_from(line),
            () = sleep_until(quiet_until) => Some(Bytes::from_static(b":\n\n")),
        }
    }

    /// This line and those that wait behind it.
    fn lines_from(&mut self, first: Result<LogLine, RecvError>) -> Option<Bytes> {
        let mut part = Vec::new();
        let mut next = first;
        loop {
            match next {
                Ok(line) => part.extend_from_slice(&event("log", &line)),
                Err(RecvError::Lagged(count)) => {
                    let text = format!("[{count} lines are left out]");
                    let line = LogLine { level: LogLevel::Warn, text };
                    part.extend_from_slice(&event("log", &line));
                }
                Err(RecvError::Closed) => return None,
            }
            if part.len() >= LARGEST_PART {
                break;
            }
            next = match self.lines.try_recv() {
                Ok(line) => Ok(line),
                Err(broadcast::error::TryRecvError::Lagged(count)) => Err(RecvError::Lagged(count)),
                Err(_) => break,
            };
        }
        Some(part.into())
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    // JSON has no line breaks outside of strings, and none as they are in them.
    let data = serde_json::to_string(data).unwrap_or_else(|_| "null".into());
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::state::PageState;

    async fn part(content: &mut Content) -> Option<String> {
        let Content::Parts(parts) = content else { panic!("{content:?}") };
        parts.recv().await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn warnings(part: &str) -> u64 {
        let data = part.strip_prefix("event: state\ndata: ").unwrap();
        let state: serde_json::Value = serde_json::from_str(data.trim_end()).unwrap();
        state["warnings"].as_u64().unwrap()
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn a_stream_begins_with_the_state_and_a_slow_reader_gets_the_newest() {
        let live = Live::new(PageState { warnings: 1, ..PageState::default() });
        let streams = Streams::new(&live);
        sleep(PAUSE).await;
        let mut stream = streams.open();
        assert_eq!(part(&mut stream).await.unwrap(), "retry: 500\n\n");
        assert_eq!(warnings(&part(&mut stream).await.unwrap()), 1);
        for warnings in 2..1000 {
            live.update(|state| state.warnings = warnings);
            sleep(Duration::from_millis(5)).await;
        }
        sleep(PAUSE).await;
        // One waits since the first change.
        let mut told = Vec::new();
        while told.last() != Some(&999) {
            told.push(warnings(&part(&mut stream).await.unwrap()));
        }
        assert!(told.len() <= 3, "{told:?}");
        assert_eq!(part(&mut stream).await.unwrap(), ":\n\n");
        drop((live, streams));
        assert_eq!(part(&mut stream).await, None);
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn lines_are_told_together_and_those_left_out_are_counted() {
        let live = Live::new(PageState::default());
        let streams = Streams::new(&live);
        sleep(PAUSE).await;
        let mut stream = streams.open();
        part(&mut stream).await;
        part(&mut stream).await;
        for number in 0..1024 + 44 {
            live.log(LogLine { level: LogLevel::Info, text: format!("line {number}\n\u{2028}") });
        }
        let lines = part(&mut stream).await.unwrap();
        assert!(lines.starts_with("event: log\ndata: {\"level\":\"warn\",\"text\":\"[44 lines"));
        assert_eq!(lines.matches("event: log\ndata: {").count(), 1025);
        assert!(lines.ends_with("\"text\":\"line 1067\\n\u{2028}\"}\n\n"), "{lines}");
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn the_oldest_stream_makes_room() {
        let live = Live::new(PageState::default());
        let mut streams = Streams::new(&live);
        streams.most = 2;
        let mut all = [streams.open(), streams.open(), streams.open()];
        while part(&mut all[0]).await.is_some() {}
        assert!(part(&mut all[1]).await.is_some() && part(&mut all[2]).await.is_some());
    }
}
