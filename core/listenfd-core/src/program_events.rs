//! `LISTENFD_EVENTS`: what a supplier and a program tell each other on Windows, where signals are missing.
//!
//! The variable has a prefix. For each process that takes the supplier's sockets there are three named events,
//! `PREFIX-PID-stop`, `-ready` and `-closed`. Each side creates the events or opens those of the other, so
//! neither has to be first. An event stays set. It ends with the last handle to it.

use std::fmt::Write;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::OnceLock;
use std::time::Duration;

use crate::env::env_var;
use crate::receive;
use crate::sys;

/// The variable with the prefix of the events.
pub const EVENTS_VARIABLE: &str = "LISTENFD_EVENTS";

/// The three events of a process.
#[derive(Debug)]
struct Events {
    stop: OwnedHandle,
    ready: OwnedHandle,
    closed: OwnedHandle,
}

impl Events {
    fn open(prefix: &str, pid: u32) -> io::Result<Self> {
        let open = |event| sys::open_event(&format!("{prefix}-{pid}-{event}"));
        Ok(Events { stop: open("stop")?, ready: open("ready")?, closed: open("closed")? })
    }
}

/// The program's side.
#[derive(Debug)]
pub struct ProgramEvents {
    events: Events,
}

impl ProgramEvents {
    /// Those of this process; `None` when no supplier has announced any. The first caller reads the
    /// environment.
    ///
    /// # Errors
    ///
    /// When the events cannot be opened.
    pub fn of_this_process() -> io::Result<Option<&'static Self>> {
        static OPENED: OnceLock<Result<Option<ProgramEvents>, (io::ErrorKind, String)>> =
            OnceLock::new();
        let opened =
            OPENED.get_or_init(|| Self::from_env().map_err(|err| (err.kind(), err.to_string())));
        opened
            .as_ref()
            .map(Option::as_ref)
            .map_err(|(kind, text)| io::Error::new(*kind, text.as_str()))
    }

    fn from_env() -> io::Result<Option<Self>> {
        let Some(prefix) = env_var(EVENTS_VARIABLE) else { return Ok(None) };
        let opened = match prefix.to_str() {
            Some(prefix) => Self::open(prefix, std::process::id()),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not Unicode text")),
        };
        opened.map(Some).map_err(|err| {
            let prefix = prefix.to_string_lossy();
            let text = format!(
                "cannot open the events of {EVENTS_VARIABLE}={prefix}: {err}; start the program by its \
                 supplier (systemfd, cargo devserver), or without the variable"
            );
            io::Error::new(err.kind(), text)
        })
    }

    fn open(prefix: &str, pid: u32) -> io::Result<Self> {
        Ok(ProgramEvents { events: Events::open(prefix, pid)? })
    }

    /// Waits until the supplier requests that the process stops. Blocks the thread.
    ///
    /// # Errors
    ///
    /// When the system cannot wait.
    pub fn wait_for_stop(&self) -> io::Result<()> {
        sys::wait_for_any(&[self.events.stop.as_handle()], None).map(drop)
    }

    /// Tells that a server of this process accepts connections (`READY=1` of `sd_notify(3)`).
    ///
    /// # Errors
    ///
    /// When the event cannot be set.
    pub fn set_ready(&self) -> io::Result<()> {
        sys::set_event(&self.events.ready)
    }

    /// Tells that this process has closed all its copies of handed listeners and accepts from none again. Of
    /// the servers of a process, only the last one may say so: see [`note_closed`].
    ///
    /// # Errors
    ///
    /// When the event cannot be set.
    pub fn set_closed(&self) -> io::Result<()> {
        sys::set_event(&self.events.closed)
    }
}

/// Notes that servers of this process have closed this many handed listeners, or will not accept from them
/// again. When all that were taken are closed, closes those that were not taken, and tells the supplier. From
/// then on, this process gets no handed listener.
///
/// A listener that was taken otherwise counts as open: the supplier then waits for the end of the process.
///
/// # Errors
///
/// When the supplier cannot be told.
pub fn note_closed(listeners: usize) -> io::Result<()> {
    if listeners == 0 {
        return Ok(());
    }
    match ProgramEvents::of_this_process()? {
        Some(events) if receive::close_if_last(listeners) => events.set_closed(),
        // Without a supplier that waits for it, the listeners that were not taken can still be.
        _ => Ok(()),
    }
}

/// The supplier's side, for one process that takes its sockets.
#[derive(Debug)]
pub struct ReceiverEvents {
    events: Events,
    /// `None` if it had ended already. Closed after the events: as long as it is open, no other process gets
    /// this process id, and with it these events.
    process: Option<OwnedHandle>,
}

impl ReceiverEvents {
    /// The events of the process `pid`.
    ///
    /// # Errors
    ///
    /// When the process may not be opened, such as one with more rights, or the events cannot be created.
    pub fn create(prefix: &str, pid: u32) -> io::Result<Self> {
        let process = sys::open_process(pid)?;
        Ok(ReceiverEvents { events: Events::open(prefix, pid)?, process })
    }

    /// Requests that the process stops.
    ///
    /// # Errors
    ///
    /// When the event cannot be set.
    pub fn request_stop(&self) -> io::Result<()> {
        sys::set_event(&self.events.stop)
    }

    /// Whether a server of the process accepts connections, or has done so.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        sys::is_signaled(&self.events.ready)
    }

    /// Whether the process has said that it has closed its copies of the listeners.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        sys::is_signaled(&self.events.closed)
    }

    /// The event that it sets then, to wait for.
    #[must_use]
    pub fn closed_handle(&self) -> BorrowedHandle<'_> {
        self.events.closed.as_handle()
    }

    /// Whether the process has ended.
    #[must_use]
    pub fn is_process_gone(&self) -> bool {
        self.process.as_ref().is_none_or(sys::is_signaled)
    }

    /// Waits until the process has closed its copies or has ended. Returns whether that is so.
    #[must_use]
    pub fn wait_until_closed(&self, timeout: Duration) -> bool {
        let Some(process) = &self.process else { return true };
        let objects = [self.closed_handle(), process.as_handle()];
        matches!(sys::wait_for_any(&objects, Some(timeout)), Ok(Some(_)))
    }
}

/// A prefix that no other supplier has, and nobody can guess.
///
/// # Errors
///
/// When the system has no random numbers.
pub fn new_prefix() -> io::Result<String> {
    let mut prefix = String::from(r"Local\listenfd-");
    for byte in sys::random_bytes()? {
        // Text can always be added to text.
        let _ = write!(prefix, "{byte:02x}");
    }
    Ok(prefix)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(20);

    fn both_sides() -> (ProgramEvents, ReceiverEvents) {
        let (prefix, pid) = (new_prefix().unwrap(), std::process::id());
        (ProgramEvents::open(&prefix, pid).unwrap(), ReceiverEvents::create(&prefix, pid).unwrap())
    }

    #[test]
    fn a_prefix_is_new_and_of_this_session() {
        let prefix = new_prefix().unwrap();
        let digits = prefix.strip_prefix(r"Local\listenfd-").unwrap();
        assert!(digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_ne!(prefix, new_prefix().unwrap());
    }

    #[test]
    fn the_request_to_stop_ends_the_wait_for_it() {
        let (program, receiver) = both_sides();
        let waiting = thread::spawn(move || program.wait_for_stop());
        receiver.request_stop().unwrap();
        waiting.join().unwrap().unwrap();
    }

    #[test]
    fn a_request_before_the_program_has_started_is_not_lost() {
        let (prefix, pid) = (new_prefix().unwrap(), std::process::id());
        let receiver = ReceiverEvents::create(&prefix, pid).unwrap();
        receiver.request_stop().unwrap();
        ProgramEvents::open(&prefix, pid).unwrap().wait_for_stop().unwrap();
    }

    #[test]
    fn the_supplier_learns_what_the_program_tells() {
        let (program, receiver) = both_sides();
        assert!(!receiver.is_ready() && !receiver.is_closed() && !receiver.is_process_gone());
        assert!(!receiver.wait_until_closed(SHORT));
        program.set_ready().unwrap();
        assert!(receiver.is_ready() && !receiver.is_closed());
        let waiting = thread::spawn(move || (receiver.wait_until_closed(LONG), receiver));
        program.set_closed().unwrap();
        let (is_closed, receiver) = waiting.join().unwrap();
        assert!(is_closed && receiver.is_closed() && !receiver.is_process_gone());
    }

    #[test]
    fn events_of_two_processes_are_not_the_same() {
        let (program, receiver) = both_sides();
        let other = ReceiverEvents::create(&new_prefix().unwrap(), std::process::id()).unwrap();
        program.set_closed().unwrap();
        assert!(receiver.is_closed() && !other.is_closed());
    }

    #[test]
    fn a_process_that_ends_without_a_word_counts_as_closed() {
        let mut child = Command::new("cmd").args(["/c", "exit"]).spawn().unwrap();
        let receiver = ReceiverEvents::create(&new_prefix().unwrap(), child.id()).unwrap();
        assert!(receiver.wait_until_closed(LONG));
        assert!(receiver.is_process_gone() && !receiver.is_closed());
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_never_was_is_gone() {
        // Process ids are multiples of four.
        let receiver = ReceiverEvents::create(&new_prefix().unwrap(), u32::MAX).unwrap();
        assert!(receiver.is_process_gone() && receiver.wait_until_closed(SHORT));
    }
}
