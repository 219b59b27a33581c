//! Messages of `sd_notify(3)` for a supplier, separated by NUL bytes.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};

use listenfd_core::internal::notify_socket;
use listenfd_core::protocol;
use listenfd_systemfd::internal::FdStore;

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "notify",
    check,
    seeds: &[
        b"READY=1\nSTATUS=up\nMAINPID=1",
        b"FDSTORE=1\nFDNAME=listenfd-connections\nFDPOLL=0\0READY=1",
        b"FDSTORE=1\nFDNAME=log\0FDSTOREREMOVE=1\nFDNAME=log",
        b"BARRIER=1\0STOPPING=1\0WATCHDOG=1",
    ],
    words: &[
        "READY=1\n",
        "FDSTORE=1\n",
        "FDSTOREREMOVE=1\n",
        "FDNAME=",
        "FDPOLL=0\n",
        "BARRIER=1\n",
        "listenfd-connections",
        "STATUS=",
        "\0",
    ],
};

const MESSAGES: usize = 16;

fn check(input: &[u8]) {
    let (to, socket) = UnixDatagram::pair().unwrap();
    let mut stores = [FdStore::new(), FdStore::for_connections()];
    let mut sent = 0;
    for bytes in input.split(|byte| *byte == 0).take(MESSAGES) {
        for store in &mut stores {
            to.send(bytes).unwrap();
            let mut message = notify_socket::receive(socket.as_fd()).unwrap();
            let text = message.text.clone();
            message.fds.push(UnixStream::pair().unwrap().0.into());
            message.sender = Some(std::process::id());
            let notice = store.apply(message);
            // Each line that is passed on was in the message.
            let came = |line: &str| text.split('\n').any(|own| own.trim_end() == line.trim_end());
            assert!(notice.rest.lines().all(came), "{:?}", notice.rest);
            assert!(!notice.is_ready || came("READY=1"));
        }
        sent += 1;
    }
    for store in &mut stores {
        assert!(store.other_entries().all(|(name, _)| protocol::is_valid_name(name)));
        let offer = store.offer(None).unwrap();
        assert!(offer.fds.len() + store.other_entries().count() <= sent);
        store.forget(&offer);
        assert!(store.take_connections().is_empty());
    }
}
