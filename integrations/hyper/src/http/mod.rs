//! HTTP on a connection, by hyper. `builder` has the settings, `preface` and `version` find out by the first
//! bytes which version a client speaks, and `protocol` runs it. `parts` are left when a connection is taken
//! apart, and `rewind` gives bytes again that were read before.

mod builder;
mod parts;
mod preface;
mod protocol;
mod rewind;
#[cfg(feature = "http2")]
mod version;

pub use builder::HttpBuilder;
pub(crate) use parts::{Apart, Parts};
pub(crate) use preface::note_preface;
pub(crate) use protocol::Http;
