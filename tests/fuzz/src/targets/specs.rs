//! Addresses and specs of sockets, as people type them.

use listenfd_core::Address;
use listenfd_systemfd::Spec;

use super::is_harmless;
use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "specs",
    check,
    seeds: &[
        b"web=http::3000",
        b"unix::/run/a.sock,mode=660,user=www,group=33",
        b"[::1]:3000",
        b"udp::localhost:53",
        b"unix::@app",
        b":3000",
    ],
    words: &[
        "tcp::",
        "http::",
        "unix:",
        "unixgram::",
        "seqpacket::",
        ",mode=",
        ",user=",
        ",group=",
        "localhost",
        "[::1]",
        "127.0.0.1",
        "://",
        "65535",
        "65536",
        "%1",
        "unknown",
    ],
};

fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    // Other text is escaped when printed, so it cannot be parsed again.
    let is_plain = is_harmless(&text);
    match text.parse::<Spec>() {
        Ok(spec) => {
            let printed = spec.to_string();
            assert!(is_harmless(&printed), "{printed}");
            if is_plain {
                assert_eq!(printed.parse::<Spec>().unwrap(), spec, "{printed}");
            }
        }
        Err(err) => assert!(is_harmless(&err.to_string()), "{err}"),
    }
    match text.parse::<Address>() {
        Ok(address) => {
            let printed = address.to_string();
            assert!(is_harmless(&printed), "{printed}");
            if is_plain {
                assert_eq!(printed.parse::<Address>().unwrap(), address, "{printed}");
            }
        }
        Err(err) => assert!(is_harmless(&format!("{err}{}", err.reason())), "{err}"),
    }
}
