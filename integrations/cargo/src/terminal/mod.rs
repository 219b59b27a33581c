//! The screen and the keyboard.
//!
//! A `report` of what happens is printed by `screen`, which never waits for a reader: `output`
//! writes what waits in a `queue` to the `console`. `hints` and `excerpt` say what may be wrong, and
//! `places` where. `keys` reads the keyboard, and `modes` are the terminal's on Unix.

mod console;
pub(crate) mod excerpt;
pub(crate) mod hints;
pub(crate) mod keys;
#[cfg(unix)]
pub(crate) mod modes;
mod output;
pub(crate) mod places;
mod queue;
pub(crate) mod report;
pub(crate) mod screen;
