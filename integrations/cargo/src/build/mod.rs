//! One build, from cargo's arguments to the files that the program depends on.
//!
//! `arguments` and `profile` are cargo's arguments; `rustc_arguments` reads those of the compiler. `cargo` runs it, `output` reads what it says, and
//! where only sources have changed, `replay` takes cargo's place. `built` is the result, with an
//! `artifact`, and `inputs` finds the files that it depends on. A build may write
//! files itself: `cargo_lock` knows of `Cargo.lock`, and `rebuild_loop` slows down builds that
//! change their own inputs.

pub(crate) mod arguments;
pub(crate) mod profile;
pub(crate) mod rustc_arguments;

pub(crate) mod cargo;
pub(crate) mod output;
pub(crate) mod replay;

pub(crate) mod artifact;
pub(crate) mod built;
pub(crate) mod inputs;

pub(crate) mod cargo_lock;
pub(crate) mod rebuild_loop;
