//! The screen and the keyboard.
//!
//! A `report` of what happens is printed by `screen`, without waiting for a reader (`output`). `hints` and
//! `excerpt` say what may be wrong. `keys` reads the keyboard, and `modes` are the terminal's.

pub(crate) mod excerpt;
pub(crate) mod hints;
pub(crate) mod keys;
pub(crate) mod modes;
pub(crate) mod output;
pub(crate) mod report;
pub(crate) mod screen;
