//! The counterpart of `mod.rs` in a build that has no part in the pages of `cargo devserver`.

use hyper::Response;
use listenfd_lifecycle::ConnectionInfo;

use crate::stream::Stream;

/// The application's service, as it is.
pub(crate) fn with_pages<S>(service: S, _: &ConnectionInfo) -> S {
    service
}

pub(crate) fn is_relayed_stream<B>(_: &Response<B>) -> bool {
    false
}

/// Finds nothing.
#[derive(Debug)]
pub(crate) struct OwnHeads;

impl OwnHeads {
    pub(crate) fn of_this_process() -> Self {
        OwnHeads
    }

    pub(crate) fn are_announced(&self) -> bool {
        false
    }

    pub(crate) fn is_next(&self, _: &Stream) -> bool {
        false
    }

    pub(crate) fn give(&self, _: &Stream, _: &[u8]) -> bool {
        false
    }
}
