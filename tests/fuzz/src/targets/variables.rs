//! `LISTEN_FDS` and the other variables: a line for each, in the order of [`VARIABLES`].

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use listenfd_core::protocol::{Handed, Receiver, VARIABLES, Vars, encode, is_valid_name, parse};

use super::is_harmless;
use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "variables",
    check,
    seeds: &[b"2\n100\nweb:admin\n7\n3", b"1", b"3\n\nweb:unknown:\n\n5", b"0\n1", b"1\n100"],
    words: &["LISTEN_FDS", "unknown", "web", "100", "-1", "+1", "1048576", "4294967296"],
};

fn check(input: &[u8]) {
    const ME: Receiver = Receiver::new(100, Some(7));
    let values: Vec<_> = input.splitn(VARIABLES.len(), |byte| *byte == b'\n').collect();
    let vars = Vars::from_fn(|name| {
        let place = VARIABLES.iter().position(|variable| *variable == name)?;
        values.get(place).map(|value| OsStr::from_bytes(value).to_owned())
    });
    match parse(&vars, &ME) {
        Ok(Handed::Sockets(sockets)) => {
            assert_eq!(sockets.fds().len(), sockets.names.len());
            assert!(sockets.fds().start >= 3 && i32::try_from(sockets.fds().end).is_ok());
            if sockets.names.iter().flatten().all(|name| is_valid_name(name)) {
                let again = parse(&encode(&sockets, Some(&ME)), &ME).unwrap();
                assert_eq!(again, Handed::Sockets(sockets));
            }
        }
        Ok(_) => {}
        Err(err) => assert!(is_harmless(&err.to_string()), "{err}"),
    }
}
