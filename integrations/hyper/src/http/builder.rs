//! hyper's settings for both versions of HTTP.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;

/// hyper's settings for both versions of HTTP. See [`configure`](crate::ServeOrBind::configure).
#[derive(Clone)]
pub struct HttpBuilder {
    /// hyper has a timeout of its own for HTTP/1, as the application has asked for with `configure`.
    has_timeout: Arc<AtomicBool>,
    pub(super) http1: http1::Builder,
    #[cfg(feature = "http2")]
    pub(super) http2: http2::Builder<TokioExecutor>,
}

impl HttpBuilder {
    pub(crate) fn new() -> Self {
        let mut http1 = http1::Builder::new();
        let has_timeout = Arc::new(AtomicBool::new(false));
        let timer = NotedTimer { is_used: Arc::clone(&has_timeout), timer: TokioTimer::new() };
        // A timer for settings of `configure`. hyper's own timeout for the head is off: ours counts from the
        // accept, and costs nothing while requests keep coming.
        http1.timer(timer).header_read_timeout(None);
        HttpBuilder {
            has_timeout,
            http1,
            #[cfg(feature = "http2")]
            http2: {
                let mut http2 = http2::Builder::new(TokioExecutor::new());
                http2.timer(TokioTimer::new());
                http2
            },
        }
    }

    /// Whether hyper does without a connection that waits. A timeout of hyper, which ends also connections
    /// that are idle, would be lost with it.
    pub(crate) fn allows_parking(&self) -> bool {
        !self.has_timeout.load(Ordering::Relaxed)
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

/// A timer that notes its use.
#[derive(Debug)]
struct NotedTimer {
    is_used: Arc<AtomicBool>,
    timer: TokioTimer,
}

impl Timer for NotedTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.is_used.store(true, Ordering::Relaxed);
        self.timer.sleep(duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.is_used.store(true, Ordering::Relaxed);
        self.timer.sleep_until(deadline)
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        self.timer.reset(sleep, deadline);
    }

    fn now(&self) -> Instant {
        self.timer.now()
    }
}
