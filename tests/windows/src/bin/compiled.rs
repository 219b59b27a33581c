//! What the stand-in for cargo makes programs of: a server that answers with the first line of its source. With
//! `crash` there, it panics. With `plain` before the line, it has none of our adapters, and a process of its own.

use std::process::Command;

use axum::Router;
use listenfd_test_windows::{answer_once, own_source, take_listener};

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("stay") {
        loop {
            std::thread::park();
        }
    }
    let source = own_source()?;
    let answer = source.lines().next().unwrap_or_default().to_owned();
    assert_ne!(answer, "crash");
    match answer.strip_prefix("plain ") {
        Some(answer) => plain(answer),
        None => adapted(answer),
    }
}

#[tokio::main]
async fn adapted(answer: String) -> std::io::Result<()> {
    let app = Router::new().fallback(move || async move { answer.clone() });
    axum_listenfd::serve_or_bind(app, "127.0.0.1:0").await
}

fn plain(answer: &str) -> std::io::Result<()> {
    let listener = take_listener()?;
    Command::new(std::env::current_exe()?).arg("stay").spawn()?;
    loop {
        // The client may have gone.
        let _ = answer_once(&listener.accept()?.0, answer);
    }
}
