//! The sockets that a supplier opens: what to open (`spec`), read from what users type (`parse`), and
//! opened (`open`).

mod open;
mod parse;
mod spec;

pub use open::{OpenError, Options, Sockets};
pub use parse::SpecError;
pub use spec::{Owner, Scheme, Spec};
