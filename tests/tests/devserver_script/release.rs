//! Builds that have no part in `cargo devserver`: nothing of it is in the program.

use std::path::PathBuf;

use listenfd_core::internal::env_var;
use listenfd_tests::{Connection, PageSocket, Project, Server, Supplier};

use super::{NAVIGATION, TAG, request};

const MAIN: &str = "
    use axum::{Router, response::Html, routing::get};

    #[tokio::main(flavor = \"current_thread\")]
    async fn main() -> std::io::Result<()> {
        let app = Router::new().route(\"/\", get(|| async { Html(\"<p>page\") }));
        let ready = |addrs: &[_]| println!(\"{{\\\"addrs\\\":[\\\"{}\\\"]}}\", addrs[0]);
        axum_listenfd::serve_or_bind(app, \"127.0.0.1:0\").on_ready(ready).await
    }";

/// Text from each part of it: the variable, the tag, the headers that it looks at, its errors.
const TEXTS: [&str; 7] = [
    "LISTENFD_DEVSERVER",
    "page.js",
    "data-boot",
    "datastar-request",
    "strict-dynamic",
    "cargo devserver does not answer",
    "security_policy",
];

/// Builds the app in release mode. Nothing is optimized, which is faster, and could only leave more in.
fn build(project: &Project, features: &[&str]) -> PathBuf {
    let target = Project::axum_target();
    let cargo = env_var("CARGO").unwrap_or("cargo".into());
    let mut build = project.command(cargo);
    build.args(["build", "--release", &target]).args(features);
    build.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let target = target.strip_prefix("--target-dir=").unwrap();
    PathBuf::from(target).join("release/release-script")
}

fn texts_in(program: &PathBuf) -> Vec<&'static str> {
    let program = std::fs::read(program).unwrap();
    let is_in = |text: &&str| memchr::memmem::find(&program, text.as_bytes()).is_some();
    TEXTS.into_iter().filter(is_in).collect()
}

/// The body of a page of the program, which is told of a `cargo devserver`.
async fn page(program: &PathBuf) -> String {
    let (pages, sockets) = (PageSocket::new(), Supplier::one());
    let (variable, value) = pages.variable();
    let server = Server::start_command(sockets.command(program).env(variable, value));
    let mut client = Connection::open(server.addr()).await.unwrap();
    client.send(&request("GET", "/", NAVIGATION)).await.unwrap();
    String::from_utf8(client.read_answer().await.unwrap().body).unwrap()
}

#[tokio::test]
async fn a_release_build_has_nothing_of_it_unless_the_feature_asks() {
    let project = Project::axum("release-script", MAIN);
    let program = build(&project, &[]);
    assert_eq!(texts_in(&program), [""; 0]);
    assert_eq!(page(&program).await, "<p>page");

    let program = build(&project, &["--features", "axum-listenfd/devserver"]);
    assert_eq!(texts_in(&program), TEXTS);
    let body = page(&program).await;
    assert_eq!(body, format!("{TAG}<p>page"));
}
