//! How programs write a panic, or the error that `main` returns, and the backtrace after it.

use crate::terminal::places::is_own;

/// A panic, or the error that `main` has returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Its first line.
    pub(crate) heading: String,
    /// The lines of the message after the first, as far as they are kept; none is empty.
    pub(crate) lines: Vec<String>,
    /// The first frame of the user's own code in the backtrace.
    pub(crate) frame: Option<Frame>,
}

/// A frame of a backtrace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Such as `3: app::main`.
    pub(crate) line: String,
    /// Such as `./src/main.rs:3:5`.
    pub(crate) place: String,
}

/// Reads lines and puts causes together.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    cause: Option<Cause>,
    /// Whether the message has ended, and the backtrace or other lines follow.
    is_after_message: bool,
    is_in_backtrace: bool,
    /// The last frame that was named.
    name: Option<String>,
}

/// How many lines of a message are kept.
const LINES: usize = 64;

const COLOR_EYRE: &str = "The application panicked (crashed).";

impl Parser {
    /// Takes the next line. If another cause begins with it, the one before is complete.
    pub(crate) fn take(&mut self, line: &str) -> Option<Cause> {
        if begins(line) {
            let before = self.finish();
            self.cause = Some(Cause { heading: line.to_owned(), ..Cause::default() });
            return before;
        }
        let cause = self.cause.as_mut()?;
        if ends_message(line) {
            self.is_after_message = true;
            self.is_in_backtrace = !line.trim_start().starts_with("note: ");
        }
        if self.is_after_message {
            if cause.frame.is_none() {
                cause.frame = own_frame(line.trim(), &mut self.name);
            }
        } else if cause.lines.len() < LINES && !line.trim().is_empty() {
            cause.lines.push(line.to_owned());
        }
        None
    }

    /// What was read is complete.
    pub(crate) fn finish(&mut self) -> Option<Cause> {
        std::mem::take(self).cause
    }

    /// Whether a cause has begun.
    pub(crate) fn is_within(&self) -> bool {
        self.cause.is_some()
    }

    /// Whether the backtrace has begun, and no note has ended it.
    pub(crate) fn is_in_backtrace(&self) -> bool {
        self.is_in_backtrace
    }

    /// Whether the line goes on with the cause before it.
    pub(crate) fn goes_on_with(&self, line: &str) -> bool {
        self.is_within() && (!self.is_after_message || is_of_backtrace(line))
    }
}

impl Cause {
    pub(crate) fn is_panic(&self) -> bool {
        !self.heading.starts_with("Error:")
    }

    /// Whether it is only the consequence of a panic before it.
    pub(crate) fn is_consequence(&self) -> bool {
        std::iter::once(&self.heading).chain(self.lines.first()).any(|line| {
            line.contains("panic in a function that cannot unwind")
                || line.contains("panic in a destructor during cleanup")
        })
    }

    /// The thread's name.
    pub(crate) fn thread(&self) -> &str {
        let name = self.heading.split_once("thread '").and_then(|(_, rest)| rest.split_once('\''));
        name.map_or("", |(name, _)| name)
    }

    /// The message, without what is around it.
    pub(crate) fn message(&self) -> String {
        let mut lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        if let Some(error) = self.heading.strip_prefix("Error:") {
            lines.insert(0, error.trim_start());
        } else if let Some((message, _)) = quoted(&self.heading) {
            lines.insert(0, message);
        } else if self.heading == COLOR_EYRE {
            lines.retain(|line| !line.starts_with("Location:"));
            if let Some(first) = lines.first_mut() {
                *first = first.strip_prefix("Message:").unwrap_or(first).trim_start();
            }
        }
        lines.join("\n")
    }

    /// Where it has panicked, such as `src/main.rs:3:5`.
    pub(crate) fn place(&self) -> Option<&str> {
        if self.heading == COLOR_EYRE {
            let place = self.lines.iter().find_map(|line| line.strip_prefix("Location:"));
            return place.map(str::trim);
        }
        let after = self.heading.split_once(" panicked at ")?.1;
        let place = quoted(&self.heading).map_or(after, |(_, place)| place);
        Some(place.trim_end_matches(':'))
    }
}

impl Frame {
    /// The function's name, such as `app::main`.
    pub(crate) fn name(&self) -> &str {
        self.line.split_once(": ").map_or(&self.line, |(_, name)| name)
    }
}

/// The last cause in a text; of a panic in a panic, the first.
pub(crate) fn last_in(text: &str) -> Option<Cause> {
    let (mut parser, mut last, mut before) = (Parser::default(), None, None);
    let mut take = |cause: Option<Cause>| {
        if cause.is_some() {
            before = std::mem::replace(&mut last, cause);
        }
    };
    for line in text.lines() {
        take(parser.take(line));
    }
    take(parser.finish());
    match last {
        Some(last) if last.is_consequence() => before.or(Some(last)),
        last => last,
    }
}

fn begins(line: &str) -> bool {
    (line.contains(" panicked at ") && line.contains("thread"))
        || line.starts_with("Error:")
        || line == COLOR_EYRE
}

/// Whether the message has ended: a backtrace or a note begins.
fn ends_message(line: &str) -> bool {
    let start = line.trim_start().to_ascii_lowercase();
    start.starts_with("stack backtrace:")
        || start.starts_with("note: ")
        || (line.contains('━') && line.contains("BACKTRACE"))
}

fn is_of_backtrace(line: &str) -> bool {
    let start = line.trim_start();
    is_named_frame(start) || start.starts_with("at ") || ends_message(line)
}

fn is_named_frame(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

/// The frame that a line completes, if it is one of the user's own code.
fn own_frame(line: &str, name: &mut Option<String>) -> Option<Frame> {
    if is_named_frame(line) {
        *name = Some(line.to_owned());
        return None;
    }
    let place = line.strip_prefix("at ").filter(|place| is_own(place))?;
    Some(Frame { line: name.take()?, place: place.to_owned() })
}

/// The message and the place in the heading of an older Rust:
/// `thread 'main' panicked at 'no', src/main.rs:3:5`.
fn quoted(heading: &str) -> Option<(&str, &str)> {
    let (message, place) = heading.split_once(" panicked at '")?.1.rsplit_once("', ")?;
    Some((message, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_has_a_thread_a_message_and_a_place() {
        let now = "\nthread 'tokio-runtime-worker' (1357) panicked at src/state.rs:20:9:\n\
                   assertion `left == right` failed\n  left: 1\n right: 2\n\
                   note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n\
                   GET / 500\n";
        let assertion = "assertion `left == right` failed\n  left: 1\n right: 2";
        let old = "thread 'main' panicked at 'it's over', src/main.rs:3:5";
        let eyre = "The application panicked (crashed).\nMessage:  no database\n\
                    Location: src/main.rs:12\n\n  ━━━━━━━━ BACKTRACE ━━━━━━━━\n   \
                    7: app::main::h0123456789abcdef\n      at /home/dev/app/src/main.rs:12\n";
        for (text, thread, message, place) in [
            (now, "tokio-runtime-worker", assertion, "src/state.rs:20:9"),
            (old, "main", "it's over", "src/main.rs:3:5"),
            (eyre, "", "no database", "src/main.rs:12"),
        ] {
            let cause = last_in(text).unwrap();
            assert!(cause.is_panic());
            assert_eq!((cause.thread(), cause.message().as_str()), (thread, message));
            assert_eq!(cause.place(), Some(place));
        }
        let frame = last_in(eyre).unwrap().frame.unwrap();
        assert_eq!(frame.place, "/home/dev/app/src/main.rs:12");
        assert_eq!(frame.name(), "app::main::h0123456789abcdef");
    }

    #[test]
    fn the_error_of_main_is_no_panic() {
        let cause = last_in("ready\nError: cannot bind\n\nCaused by:\n    in use\n").unwrap();
        assert!(!cause.is_panic());
        assert_eq!(
            (cause.message().as_str(), cause.place()),
            ("cannot bind\nCaused by:\n    in use", None)
        );
        assert_eq!(last_in("all is well\n"), None);
    }

    #[test]
    fn each_of_several_panics_is_found() {
        let mut parser = Parser::default();
        let one = |n| format!("thread 't{n}' panicked at src/main.rs:{n}:1:");
        assert_eq!(parser.take(&one(1)), None);
        assert_eq!(parser.take("first"), None);
        assert!(parser.goes_on_with("more"));
        let first = parser.take(&one(2)).unwrap();
        assert_eq!((first.thread(), first.message().as_str()), ("t1", "first"));
        assert_eq!(parser.take("second"), None);
        assert_eq!(parser.take("stack backtrace:"), None);
        assert!(parser.goes_on_with("   0: app::main") && !parser.goes_on_with("GET / 200"));
        assert_eq!(parser.finish().unwrap().message(), "second");
        assert_eq!(parser.finish(), None);
    }
}
