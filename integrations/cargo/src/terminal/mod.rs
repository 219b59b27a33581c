//! The screen and the keyboard: reports (`report`) are printed (`screen`) without waiting for a reader
//! (`output`); keys are read.

pub(crate) mod excerpt;
pub(crate) mod hints;
pub(crate) mod keys;
pub(crate) mod modes;
pub(crate) mod output;
pub(crate) mod report;
pub(crate) mod screen;
