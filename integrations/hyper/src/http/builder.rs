//! hyper's settings for both versions of HTTP.

use std::fmt;

use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;

/// hyper's settings for both versions of HTTP. See [`configure`](crate::ServeOrBind::configure).
#[derive(Clone)]
pub struct HttpBuilder {
    pub(super) http1: http1::Builder,
    #[cfg(feature = "http2")]
    pub(super) http2: http2::Builder<TokioExecutor>,
}

impl HttpBuilder {
    pub(crate) fn new() -> Self {
        let mut http1 = http1::Builder::new();
        // A timer for settings of `configure`. hyper's own timeout for the head is off: ours counts from the
        // accept, and costs nothing while requests keep coming.
        http1.timer(TokioTimer::new()).header_read_timeout(None);
        HttpBuilder {
            http1,
            #[cfg(feature = "http2")]
            http2: {
                let mut http2 = http2::Builder::new(TokioExecutor::new());
                http2.timer(TokioTimer::new());
                http2
            },
        }
    }

    /// The settings for HTTP/1.
    pub fn http1(&mut self) -> &mut http1::Builder {
        &mut self.http1
    }

    /// The settings for HTTP/2.
    #[cfg(feature = "http2")]
    pub fn http2(&mut self) -> &mut http2::Builder<TokioExecutor> {
        &mut self.http2
    }
}

impl fmt::Debug for HttpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBuilder").finish_non_exhaustive()
    }
}
