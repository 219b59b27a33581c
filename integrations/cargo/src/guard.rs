//! The guard: a process that ends what is left when `cargo devserver` has been killed.
//!
//! Nothing can be done about SIGKILL from within, so this runs beside: it is told of each process
//! group before that becomes a program, and when its stdin ends, which `cargo devserver` alone holds
//! open, it ends those groups, sets the terminal as it was, and removes the temporary folder.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::sys;

/// The hidden argument that makes this program the guard: `__guard FOLDER`.
pub(crate) const ARGUMENT: &str = "__guard";

/// The name of its socket in the folder.
pub(crate) const SOCKET: &str = "guard";

/// How long what is left may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// Runs until stdin ends.
pub(crate) fn run(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return ExitCode::FAILURE;
    };
    // So that `pkill cargo-devserver` does not end both.
    sys::name_this_process(c"devserver-guard");
    let terminal = tcgetattr(io::stderr()).ok();
    let groups = match listen(&folder) {
        Ok(groups) => groups,
        Err(_) => return ExitCode::FAILURE,
    };
    end(&groups);
    if let Some(terminal) = terminal {
        restore(&terminal);
    }
    let _ = std::fs::remove_dir_all(&folder);
    ExitCode::SUCCESS
}

/// The groups that there are when stdin ends.
fn listen(folder: &Path) -> io::Result<BTreeSet<i32>> {
    const OVER: &[u8] = b"!";
    let path = folder.join(SOCKET);
    let socket = UnixDatagram::bind(&path)?;
    writeln!(io::stdout(), "ready")?;
    std::thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let sent = UnixDatagram::unbound().and_then(|socket| socket.send_to(OVER, path));
        // Without it the guard would wait for ever.
        sent.is_err().then(|| std::process::abort());
    });
    let mut groups = BTreeSet::new();
    let mut message = [0; 32];
    loop {
        match socket.recv(&mut message) {
            Ok(length) if &message[..length] == OVER => {
                // What was sent before the end, and not yet read, is read.
                socket.set_nonblocking(true)?;
            }
            Ok(length) => note(&mut groups, &message[..length]),
            Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Ok(groups),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
}

/// `+PID` or `-PID`.
fn note(groups: &mut BTreeSet<i32>, message: &[u8]) {
    let text = std::str::from_utf8(message).unwrap_or_default();
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(pid), _) => drop(pid.parse().map(|pid| groups.insert(pid))),
        (_, Some(pid)) => drop(pid.parse().map(|pid| groups.remove(&pid))),
        _ => {}
    }
}

fn end(groups: &BTreeSet<i32>) {
    let mut groups: Vec<Pid> = groups.iter().filter_map(|pid| Pid::from_raw(*pid)).collect();
    for group in &groups {
        signal(*group, Signal::TERM);
    }
    let deadline = Instant::now() + GRACE;
    while !groups.is_empty() && Instant::now() < deadline {
        groups.retain(|group| {
            test_kill_process_group(*group).is_ok() || test_kill_process(*group).is_ok()
        });
        std::thread::sleep(Duration::from_millis(10));
    }
    for group in groups {
        signal(group, Signal::KILL);
    }
}

/// To the group, or to the process that has none of its own.
fn signal(pid: Pid, signal: Signal) {
    if kill_process_group(pid, signal).is_err() {
        let _ = kill_process(pid, signal);
    }
}

fn restore(terminal: &Termios) {
    let is_as_it_was = tcgetattr(io::stderr()).is_ok_and(|now| {
        now.local_modes == terminal.local_modes && now.input_modes == terminal.input_modes
    });
    if !is_as_it_was {
        sys::ignore_terminal_output_stop();
        let _ = tcsetattr(io::stderr(), OptionalActions::Now, terminal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_and_go_and_nonsense_is_nothing() {
        let mut groups = BTreeSet::new();
        for message in ["+12", "+7", "-12", "+x", "", "8", "-9"] {
            note(&mut groups, message.as_bytes());
        }
        assert_eq!(groups, BTreeSet::from([7]));
    }
}
