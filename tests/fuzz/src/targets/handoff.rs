//! The handoff channel in both directions: messages with connections, and their acks. In the input, one byte
//! is the number of descriptors of a message, and the next byte its length.

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use listenfd_core::internal::{HandoffChannel, TakenOver};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "handoff",
    check,
    seeds: &[
        b"\x01\x05\x00\x00\x00\x00\x01",
        b"\x02\x06\x00\x00\x00\x00\x01\x00\x01\x05\x01\x00\x00\x00\x00",
        b"\x00\x08\x00\x00\x00\x00\x02\x00\x00\x00",
        b"\x00\x08\x01\x00\x00\x00\x00\x00\x00\x00",
    ],
    words: &["\0\0\0\0", "\u{1}\0\0\0", "\u{2}\u{6}", "\u{7f}\u{7f}\u{7f}\u{7f}"],
};

/// The largest number of descriptors of a message here.
const MOST: usize = 4;

fn check(input: &[u8]) {
    static CONNECTION: OnceLock<(TcpStream, TcpStream)> = OnceLock::new();
    let (_, accepted) = CONNECTION.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    });
    let (sender, kept) = UnixStream::pair().unwrap();
    let (channel, end) = HandoffChannel::new().unwrap();
    let mut acking = UnixStream::from(end);
    let number = usize::from(input.first().copied().unwrap_or_default()) % 4;
    for _ in 0..number {
        channel.send(&[(accepted.as_fd(), true)]).unwrap();
    }
    let (mut rest, mut sent) = (input, 0);
    while let [fds, length, after @ ..] = rest {
        let (message, later) = after.split_at(after.len().min(usize::from(*length)));
        let fds = vec![accepted.as_fd(); usize::from(*fds) % (MOST + 1)];
        if !message.is_empty() {
            send(&sender, message, &fds);
            acking.write_all(message).unwrap();
            sent += fds.len();
        }
        rest = later;
    }
    let taken = TakenOver::from_fd(kept.into());
    assert!(taken.connections.len() <= sent);
    drop(taken);
    // An ack may be invalid, but it never covers more than was sent.
    let _ = (channel.has_update(), channel.is_partly_acked());
    let before = channel.acked();
    drop(acking);
    let after = channel.acked().expect("the other end is closed");
    if let Some(before) = before {
        assert!((0..number).all(|it| !before.contains(it) || after.contains(it)));
    }
}

fn send(socket: &UnixStream, message: &[u8], fds: &[BorrowedFd<'_>]) {
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    if !fds.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(fds)));
    }
    sendmsg(socket, &[IoSlice::new(message)], &mut control, SendFlags::empty()).unwrap();
}
