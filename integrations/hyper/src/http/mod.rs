//! HTTP on a connection, by hyper. `builder` has the settings, `detect_version` tells by the first bytes which
//! version a client speaks, and `protocol` runs it. `parts` are left when a connection is taken apart, and
//! `rewind` gives bytes again that were read before. A connection that waits is only asked whether it is
//! `readable`. `missing_http2` warns where a build speaks HTTP/1 only.

mod builder;
#[cfg(feature = "http2")]
mod detect_version;
mod missing_http2;
mod parts;
mod protocol;
mod readable;
mod rewind;

pub use builder::HttpBuilder;
pub(crate) use missing_http2::note_preface;
pub(crate) use parts::Apart;
pub(crate) use protocol::Http;
pub(crate) use readable::Readable;
