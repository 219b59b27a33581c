//! The signals that children start with, an allocator that counts, and every `unsafe` block of this package.
#![allow(unsafe_code, reason = "the standard library has no safe function for this")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The signals that matter here and that a shell, `nohup(1)` or a CI runner may ignore for its children.
const SIGNALS: [libc::c_int; 11] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGPIPE,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGCHLD,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// Makes a command start with the default action of each signal. Ignored signals stay ignored through
/// exec (`signal(7)`), so the command would obey the caller of the tests.
pub(crate) fn with_default_signals(command: &mut Command) -> &mut Command {
    let set = || SIGNALS.into_iter().try_for_each(set_default);
    // SAFETY: between fork and exec, the closure makes calls that are allowed there
    // (`signal-safety(7)`), and allocates nothing.
    unsafe { command.pre_exec(set) }
}

fn set_default(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: SIG_DFL runs no code of ours.
    match unsafe { libc::signal(signal, libc::SIG_DFL) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The allocator of the system, which counts the bytes that are in use.
#[derive(Debug, Default)]
pub struct CountingAllocator {
    live: AtomicUsize,
}

impl CountingAllocator {
    /// An allocator that has given out nothing.
    #[must_use]
    pub const fn new() -> Self {
        CountingAllocator { live: AtomicUsize::new(0) }
    }

    /// How many bytes are in use.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}

// SAFETY: `System` does it all, and the counter allocates nothing.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.live.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller upholds what `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; the memory is from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}
