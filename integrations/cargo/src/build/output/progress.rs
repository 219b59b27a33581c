//! cargo's text on stderr: its progress, and its messages.

use anstream::adapter::strip_str;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::build::output::bar::{WithoutBar, numbers};
use crate::build::output::count::Count;
use crate::build::output::kept_text::push;
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
/// The verbs that cargo uses only after it has resolved the dependencies.
const COMPILES: [&str; 5] = ["Checking", "Compiling", "Dirty", "Finished", "Fresh"];
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
    "Finished",
    "Fresh",
    "Locking",
    "Removing",
    "Running",
    "Updating",
    BLOCKED,
];
/// The rest of a longer line is not kept.
const LONGEST_LINE: usize = 64 * 1024;

/// Shows the text and returns its messages, without colors. cargo draws its progress bar always;
/// it is shown where the screen shows one.
pub(crate) async fn read(
    stderr: Option<impl AsyncRead + Unpin>,
    screen: &Screen,
    count: &Count,
    progress: &impl Fn(Progress<'_>),
) -> String {
    let mut messages = String::new();
    let Some(mut stderr) = stderr else { return messages };
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
                    take_line(plain(&line).trim_end(), &mut messages, count, progress);
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
    messages
}

fn plain(line: &[u8]) -> String {
    strip_str(&String::from_utf8_lossy(line)).to_string()
}

fn take_line(line: &str, messages: &mut String, count: &Count, progress: &impl Fn(Progress<'_>)) {
    // Verbs are right-aligned in twelve columns.
    let verb = line.trim_start().split(' ').next().unwrap_or_default();
    let is_progress =
        line.find(verb).is_some_and(|at| at + verb.len() == 12) && VERBS.contains(&verb);
    if is_progress && WORKS.contains(&verb) {
        count.note_work();
    }
    if !is_progress {
        push(messages, &format!("{line}\n"));
    } else if verb == BLOCKED {
        progress(Progress::Blocked(line.trim_start()));
    } else if COMPILES.contains(&verb) {
        progress(Progress::Compiles);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_progress_are_no_messages_and_all_others_are() {
        let (mut kept, blocks) = (String::new(), std::cell::Cell::new(0));
        for line in [
            "   Compiling app v0.1.0 (/app)",
            "    Blocking waiting for file lock on build directory",
            "error: failed to parse manifest",
            "  Building is what the user wrote",
        ] {
            take_line(line, &mut kept, &Count::default(), &|progress| {
                if let Progress::Blocked(_) = progress {
                    blocks.set(blocks.get() + 1);
                }
            });
        }
        assert_eq!(kept, "error: failed to parse manifest\n  Building is what the user wrote\n");
        assert_eq!(blocks.get(), 1);
    }
}
