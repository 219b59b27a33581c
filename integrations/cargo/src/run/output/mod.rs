//! The output of the program, as it comes.
//!
//! `streams` reads it. `lines` are its lines as text, `level` says how serious each of them is, and
//! `rate` bounds their number. `panics` finds panics in them, by `panic_text`, which knows how a
//! panic and its backtrace are written.

mod level;
mod lines;
pub(crate) mod panic_text;
mod panics;
mod rate;
pub(crate) mod streams;

/// The lines of an output that has ended, read in these parts, and the number of its panics.
pub(crate) fn understood(parts: &[&[u8]]) -> (Vec<String>, usize) {
    let (mut all, mut levels, mut panics) =
        (lines::Lines::default(), level::Levels::default(), panic_text::Parser::default());
    let (mut found, mut count) = (Vec::new(), 0);
    let mut take = |line: String| {
        levels.of(&line);
        let cause = panics.take(&line);
        count += usize::from(cause.is_some_and(|cause| !cause.is_consequence()));
        found.push(line);
    };
    parts.iter().for_each(|part| all.take(part, &mut take));
    all.rest().into_iter().for_each(&mut take);
    let last = panics.finish().map(|last| (last.message(), last.place().map(str::to_owned)));
    (found, count + usize::from(last.is_some()))
}
