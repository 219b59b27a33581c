//! cargo's text on stderr: its progress, and its messages.

use anstream::adapter::strip_str;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::build::output::bar::{WithoutBar, numbers};
use crate::build::output::count::Count;
use crate::build::output::kept_text::push;
use crate::sys::terminal_columns;
use crate::terminal::screen::Screen;

/// What cargo is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Progress<'a> {
    /// It waits for another cargo. The line says for which lock.
    Blocked(&'a str),
    /// It compiles, or has nothing to compile. It has read `Cargo.lock` and written it if need be.
    Compiles,
    /// So many crates are done, of how many if that is known.
    Counts { done: u32, total: Option<u32> },
}

/// The verb with which cargo says that it waits for another cargo.
const BLOCKED: &str = "Blocking";
/// The verb with which cargo says that all is built.
pub(crate) const FINISHED: &str = "Finished";
/// The verbs that cargo uses only after it has resolved the dependencies.
const COMPILES: [&str; 5] = ["Checking", "Compiling", "Dirty", FINISHED, "Fresh"];
/// The verbs with which cargo says that it has something to do.
const WORKS: [&str; 6] = ["Building", "Checking", "Compiling", "Downloading", "Updating", BLOCKED];
/// The verbs of lines that tell of progress. Other lines are messages: errors, warnings and notes.
const VERBS: [&str; 14] = [
    "Adding",
    "Building",
    "Checking",
    "Compiling",
    "Dirty",
    "Downloaded",
    "Downloading",
    FINISHED,
    "Fresh",
    "Locking",
    "Removing",
    "Running",
    "Updating",
    BLOCKED,
];
/// The rest of a longer line is not kept.
const LONGEST_LINE: usize = 64 * 1024;

/// The variables for cargo's colors and its progress bar.
pub(crate) fn variables(screen: &Screen) -> [(&'static str, String); 3] {
    // cargo draws its progress bar only on a terminal, but its stderr is a pipe to us, since
    // clients see it, too. It is read for the number of crates.
    let columns = terminal_columns().filter(|columns| *columns > 0);
    [
        ("CARGO_TERM_COLOR", if screen.has_color { "always" } else { "never" }.to_owned()),
        ("CARGO_TERM_PROGRESS_WHEN", "always".to_owned()),
        ("CARGO_TERM_PROGRESS_WIDTH", columns.unwrap_or(80).to_string()),
    ]
}

/// What cargo has said on stderr.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// Its messages, without colors.
    pub(crate) messages: String,
    /// What it has finished, without the time.
    pub(crate) finished: Option<String>,
}

/// Shows the text and returns what it says. cargo draws its progress bar always;
/// it is shown where the screen shows one.
pub(crate) async fn read(
    stderr: Option<impl AsyncRead + Unpin>,
    screen: &Screen,
    count: &Count,
    progress: &impl Fn(Progress<'_>),
) -> Text {
    let mut said = Text::default();
    let Some(mut stderr) = stderr else { return said };
    let (mut buffer, mut line) = ([0; 4096], Vec::new());
    let mut filter = (!screen.has_progress_bar()).then(WithoutBar::default);
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        match &mut filter {
            None => screen.cargo_says(&buffer[..length]).await,
            Some(filter) => screen.cargo_says(&filter.take(&buffer[..length])).await,
        }
        for byte in &buffer[..length] {
            match byte {
                b'\n' => {
                    take_line(plain(&line).trim_end(), &mut said, count, progress);
                    line.clear();
                }
                // The terminal overwrites the line.
                b'\r' => {
                    if let Some((done, total)) = numbers(&plain(&line)) {
                        count.note_bar(done, total);
                    }
                    line.clear();
                }
                byte if line.len() < LONGEST_LINE => line.push(*byte),
                _ => {}
            }
        }
    }
    if let Some(mut filter) = filter {
        screen.cargo_says(&filter.rest()).await;
    }
    said
}

fn plain(line: &[u8]) -> String {
    strip_str(&String::from_utf8_lossy(line)).to_string()
}

fn take_line(line: &str, said: &mut Text, count: &Count, progress: &impl Fn(Progress<'_>)) {
    // Verbs are right-aligned in twelve columns.
    let verb = line.trim_start().split(' ').next().unwrap_or_default();
    let is_progress =
        line.find(verb).is_some_and(|at| at + verb.len() == 12) && VERBS.contains(&verb);
    if is_progress && WORKS.contains(&verb) {
        count.note_work();
    }
    if !is_progress {
        push(&mut said.messages, &format!("{line}\n"));
    } else if verb == BLOCKED {
        progress(Progress::Blocked(line.trim_start()));
    } else if COMPILES.contains(&verb) {
        if verb == FINISHED {
            let rest =
                line.trim_start().strip_prefix(FINISHED).and_then(|it| it.rsplit_once(" in "));
            said.finished = rest.map(|(what, _)| what.trim_start().to_owned());
        }
        progress(Progress::Compiles);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_progress_are_no_messages_and_all_others_are() {
        let (mut said, blocks) = (Text::default(), std::cell::Cell::new(0));
        for line in [
            "   Compiling app v0.1.0 (/app)",
            "    Blocking waiting for file lock on build directory",
            "error: failed to parse manifest",
            "  Building is what the user wrote",
            "    Finished `dev` profile [unoptimized] target(s) in 0.65s",
        ] {
            take_line(line, &mut said, &Count::default(), &|progress| {
                if let Progress::Blocked(_) = progress {
                    blocks.set(blocks.get() + 1);
                }
            });
        }
        assert_eq!(said.finished.unwrap(), "`dev` profile [unoptimized] target(s)");
        assert_eq!(
            said.messages,
            "error: failed to parse manifest\n  Building is what the user wrote\n"
        );
        assert_eq!(blocks.get(), 1);
    }
}
