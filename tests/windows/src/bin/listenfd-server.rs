//! A server on the published `listenfd` crate and `std`: takes the first TCP listener, and answers each connection once.

#![allow(clippy::print_stdout, reason = "it reports to the test")]

use listenfd_test_windows::{answer_once, take_listener};
use serde_json::json;

fn main() -> std::io::Result<()> {
    let listener = take_listener()?;
    println!("{}", json!({ "pid": std::process::id(), "addrs": [listener.local_addr()?] }));
    loop {
        // The client may have gone.
        let _ = answer_once(&listener.accept()?.0, "hello");
    }
}
