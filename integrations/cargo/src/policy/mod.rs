//! What happens next: (state, event) to (state, actions). Pure; nothing here does anything.
//!
//! `build` decides when to build, `program` which programs run; neither knows of the other. `state`
//! joins them: a good build is a reason to swap the program. It also decides when requests are
//! answered, when a crashed program is tried again, and what is reported. `phase` is a state in one
//! word.

mod action;
mod build;
mod event;
mod phase;
mod program;
mod state;

pub(crate) use action::Action;
pub(crate) use event::{BuildEnd, Change, Event, Run, Writer};
pub(crate) use phase::Phase;
pub(crate) use state::State;

#[cfg(test)]
mod tests;
