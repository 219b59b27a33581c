//! The keys and the end of the console. Each process of a console is told of them by itself.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};

type OnClose = Arc<dyn Fn() + Send + Sync>;

/// What is called when the console closes. While it is set, keys are ignored.
static ON_CLOSE: Mutex<Option<OnClose>> = Mutex::new(None);

/// Whether the handler was added. It is never removed: the system would wait for the handlers that run, and the
/// one of a console that closes does not return.
static IS_ADDED: Mutex<bool> = Mutex::new(false);

/// Ignores Ctrl-C and Ctrl-Break in this process until the result is dropped. Its children get them.
///
/// When the console closes, the user logs off or the system shuts down, it calls `on_close`. This process
/// may then go on until the system ends it, after some seconds.
pub(crate) fn ignore_keys(on_close: impl Fn() + Send + Sync + 'static) -> io::Result<KeysIgnored> {
    // It is changed in one step, so it is right even after a panic.
    let mut is_added = IS_ADDED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_added {
        // Without a handler, the call would be inherited: children would ignore Ctrl-C, too.
        // SAFETY: the handler is a function, which is there as long as this process.
        if unsafe { SetConsoleCtrlHandler(Some(handle), 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        *is_added = true;
    }
    set_on_close(Some(Arc::new(on_close)));
    Ok(KeysIgnored)
}

/// Keys are ignored until it is dropped.
#[must_use]
pub(crate) struct KeysIgnored;

impl Drop for KeysIgnored {
    fn drop(&mut self) {
        set_on_close(None);
    }
}

fn set_on_close(on_close: Option<OnClose>) {
    // It is replaced as a whole, so it is right even after a panic.
    *ON_CLOSE.lock().unwrap_or_else(PoisonError::into_inner) = on_close;
}

/// Runs in a thread of its own. Returns whether no other handler is called, the last of which ends this
/// process.
extern "system" fn handle(event: u32) -> i32 {
    let on_close = ON_CLOSE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(on_close) = on_close else { return 0 };
    if matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        return 1;
    }
    on_close();
    // The system ends this process when the handler returns, or after some seconds. Until then, the main
    // thread waits for the child, and ends this process with it.
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use windows_sys::Win32::System::Console::CTRL_CLOSE_EVENT;

    use super::*;

    #[test]
    fn keys_change_nothing_and_the_end_of_the_console_is_told() {
        let (tx, closes) = mpsc::channel();
        let keys = ignore_keys(move || tx.send(()).unwrap()).unwrap();
        for key in [CTRL_C_EVENT, CTRL_C_EVENT, CTRL_BREAK_EVENT] {
            assert_eq!(handle(key), 1);
        }
        assert!(closes.try_recv().is_err());
        // It does not return, as that would end a process.
        let handler = thread::spawn(|| handle(CTRL_CLOSE_EVENT));
        closes.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(!handler.is_finished());
        drop(keys);
        for event in [CTRL_C_EVENT, CTRL_CLOSE_EVENT] {
            assert_eq!(handle(event), 0, "nothing is ignored any more");
        }
    }
}
