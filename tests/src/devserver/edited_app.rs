//! An app that restarts at each edit.

use std::net::SocketAddr;

use super::dev_server::DevServer;
use super::project::Project;
use crate::app::{CHUNK, CHUNKS};
use crate::restart::Restart;

/// An axum app under `cargo devserver`. Each edit of one of its data files restarts it.
#[derive(Debug)]
pub struct EditedApp {
    project: Project,
    /// The `cargo devserver`.
    pub server: DevServer,
    edits: u32,
}

impl EditedApp {
    /// Starts it in a package of this name; see [`Project::axum`]. It answers at `/`, `/slow` and
    /// `/streamed`.
    ///
    /// # Panics
    ///
    /// When it does not serve in time.
    #[must_use]
    pub fn start(name: &str) -> Self {
        const APP: &str = r#"
            use axum::{Router, body::Body, routing::get};
            use std::{convert::Infallible, time::Duration};

            #[tokio::main]
            async fn main() -> std::io::Result<()> {
                let slow = || async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    "slow"
                };
                let app = Router::new().route("/", get(|| async { "hello" }));
                let app = app.route("/slow", get(slow)).route("/streamed", get(streamed));
                axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
            }

            async fn streamed() -> Body {
                Body::from_stream(futures_util::stream::unfold(0, |sent| async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    (sent < CHUNKS).then_some((Ok::<_, Infallible>("CHUNK"), sent + 1))
                }))
            }
        "#;
        let app = APP.replace("CHUNKS", &CHUNKS.to_string()).replace("CHUNK", CHUNK);
        let project = Project::axum(name, &app);
        let server = project.axum_devserver(&["--restart", "*.html"]);
        EditedApp { project, server, edits: 0 }
    }
}

impl Restart for EditedApp {
    fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    fn restart(&mut self) {
        self.edits += 1;
        self.project.write("page.html", &self.edits.to_string());
        self.server.wait_for_event("serving");
    }
}
