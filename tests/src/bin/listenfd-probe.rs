//! A receiver on the published `listenfd` crate: takes a TCP listener, a Unix listener and a UDP
//! socket, and reports their addresses.

#![allow(clippy::print_stdout, reason = "it reports to the test")]

use serde_json::json;

fn main() -> std::io::Result<()> {
    let mut sockets = listenfd::ListenFd::from_env();
    let count = sockets.len();
    let tcp = sockets.take_tcp_listener(0)?.map(|tcp| tcp.local_addr()).transpose()?;
    let unix = sockets.take_unix_listener(1)?.map(|unix| unix.local_addr()).transpose()?;
    let udp = sockets.take_udp_socket(2)?.map(|udp| udp.local_addr()).transpose()?;
    let unix = unix.and_then(|addr| addr.as_pathname().map(|path| path.display().to_string()));
    let udp = udp.map(|addr| addr.to_string());
    println!(
        "{}",
        json!({ "count": count, "tcp": tcp.map(|a| a.to_string()), "unix": unix, "udp": udp })
    );
    Ok(())
}
