//! The sockets that a supplier opens: what to open (`spec`), read from what users type (`parse`), opened
//! (`open`), and held and shown (`opened`).

mod open;
mod opened;
mod parse;
mod spec;

pub use open::{OpenError, Options};
pub use opened::Sockets;
pub use parse::SpecError;
pub use spec::{Owner, Scheme, Spec};
