//! Windows needs no cleanup process: job objects end the children of a killed `cargo devserver`,
//! there is no folder to remove, and a shell sets the modes of its console itself.

/// Nothing is left to clean up.
#[derive(Debug)]
pub(crate) struct Cleanup;
