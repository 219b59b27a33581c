//! What a browser gets from `cargo devserver`: the state of the session, live.
//!
//! `state` is what pages are told, and `live` tells it. `serve` answers the requests below the
//! reserved path, and `guard` says whose. `editor` opens source files. `document` is a whole page,
//! for when nothing runs. `clock` is the form of times in all of it.

pub(crate) mod assets;
pub(crate) mod clock;
pub(crate) mod document;
pub(crate) mod editor;
pub(crate) mod guard;
pub(crate) mod live;
pub(crate) mod random;
pub(crate) mod serve;
pub(crate) mod state;
