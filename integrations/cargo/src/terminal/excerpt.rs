//! The lines in the stderr of a crashed program that tell why it has crashed.

use crate::run::output::panic_text;

/// How many lines are shown.
const LINES: usize = 5;

/// The message of a panic, or the error that `main` has returned, and the first frame in the user's
/// own code; where there is neither, the last lines.
pub(crate) fn of(stderr: &str) -> Vec<String> {
    let Some(cause) = panic_text::last_in(stderr) else {
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        return last.iter().map(|line| (*line).to_owned()).collect();
    };
    let frame = cause.frame.map(|frame| format!("{} at {}", frame.line, frame.place));
    let room = LINES - usize::from(frame.is_some());
    let message = std::iter::once(cause.heading).chain(cause.lines).take(room);
    message.chain(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "listening\n
thread 'main' (1357) panicked at src/state.rs:20:9:
called `Result::unwrap()` on an `Err` value: Database(NotFound)
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: core::panicking::panic_fmt
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs:80:14
   2: sqlx::connect
             at /home/dev/.cargo/registry/src/index-0123456789abcdef/sqlx-0.8/src/lib.rs:1:1
   3: app::state::open
             at ./src/state.rs:20:9
   4: app::main
             at ./src/main.rs:5:5
   5: core::ops::function::FnOnce::call_once
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops/function.rs:250:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
";

    #[test]
    fn a_panic_shows_its_message_and_the_first_own_frame() {
        let expected = [
            "thread 'main' (1357) panicked at src/state.rs:20:9:",
            "called `Result::unwrap()` on an `Err` value: Database(NotFound)",
            "3: app::state::open at ./src/state.rs:20:9",
        ];
        assert_eq!(of(PANIC), expected);
        // Whatever another thread says then is no part of it, and neither is how it is ended.
        let aborted = format!(
            "{PANIC}\nthread 'main' (1357) panicked at /rustc/5/library/core/src/panicking.rs:2:5:\n\
             panic in a function that cannot unwind\nstack backtrace:\n   0: x\n             at ./x.rs:1\n\
             thread caused non-unwinding panic. aborting.\n"
        );
        assert_eq!(of(&aborted), expected);
    }

    #[test]
    fn a_long_message_leaves_room_for_the_frame() {
        let long = PANIC.replace("Database(NotFound)", "a\nb\nc\nd\ne\nf");
        let found = of(&long);
        assert_eq!(found.len(), 5);
        assert!(found[0].contains("panicked at") && found[4].contains("app::state::open"));
    }

    #[test]
    fn without_a_backtrace_only_the_message_is_shown() {
        let panic =
            "thread 'main' panicked at src/main.rs:1:1:\nno\nnote: run with `RUST_BACKTRACE=1`";
        assert_eq!(of(panic), ["thread 'main' panicked at src/main.rs:1:1:", "no"]);
        let error = "started\nError: cannot bind\n\nCaused by:\n    in use\n\nStack backtrace:\n   \
                     0: anyhow::Error::msg\n             at /home/dev/.cargo/registry/src/i/anyhow-1/src/e.rs:1\n   \
                     1: app::main\n             at /home/dev/app/src/main.rs:9:3\n";
        let expected = [
            "Error: cannot bind",
            "Caused by:",
            "    in use",
            "1: app::main at /home/dev/app/src/main.rs:9:3",
        ];
        assert_eq!(of(error), expected);
    }

    #[test]
    fn without_a_message_the_last_lines_are_shown() {
        let lines: Vec<_> = (0..9).map(|n| format!("line {n}")).collect();
        assert_eq!(of(&lines.join("\n")), lines[4..]);
        assert!(of("").is_empty());
    }
}
