//! What a server reads again while it runs: its certificate.

use std::fmt;
use std::pin::Pin;

/// Reads the server's certificate again while it runs, if there is one. Run it beside the server.
#[derive(Default)]
#[must_use = "it does nothing until run"]
pub struct Reload {
    watch: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Reload {
    #[cfg(feature = "tls-no-provider")]
    pub(crate) fn new(watch: impl Future<Output = ()> + Send + 'static) -> Self {
        Reload { watch: Some(Box::pin(watch)) }
    }

    /// Never ends. Cancel safe.
    pub async fn run(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.await;
        }
        self.watch = None;
        std::future::pending().await
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("is_nothing", &self.watch.is_none()).finish()
    }
}
