//! The page socket: its variable, and the beginning of a message. The first byte of the input is the number of
//! descriptors.

use std::ffi::OsStr;
use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use listenfd_core::internal::page_socket::{Announcement, First, is_valid_path, receive_first};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "page_socket",
    check,
    seeds: &[
        b"1 3f9a-12 /.devserver/ /tmp/d/pages",
        b"1 a /a/b/ /with spaces  in/it",
        b"\x01GGET / HTTP/1.1\r\n",
        b"\x00R-\nGET / HTTP/1.0\r\n\r\n",
        b"\x00Ntext",
    ],
    words: &["1 ", "2 ", " /", "/ /", "..", "//", "G", "R", "N"],
};

/// The largest number of descriptors of a message here.
const MOST: usize = 4;

fn check(input: &[u8]) {
    if let Some(announced) = Announcement::parse(OsStr::from_bytes(input)) {
        assert!(is_valid_path(&announced.path) && announced.socket.is_absolute());
        assert_eq!(announced.value().as_bytes(), input);
        assert_eq!(Announcement::parse(&announced.value()), Some(announced));
    }
    if let [fds, message @ ..] = input {
        check_message(usize::from(*fds) % (MOST + 1), message);
    }
}

fn check_message(number: usize, message: &[u8]) {
    let (sender, mut receiver) = UnixStream::pair().unwrap();
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    let fds = vec![sender.as_fd(); number];
    if !fds.is_empty() && !message.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    }
    let flags = SendFlags::empty();
    let sent = sendmsg(&sender, &[IoSlice::new(message)], &mut control, flags).unwrap();
    receiver.set_nonblocking(true).unwrap();
    let first = receive_first(receiver.as_fd());
    assert_eq!(
        first.is_ok(),
        match message.first() {
            Some(b'G') => number == 1,
            Some(b'R' | b'N') => true,
            _ => false,
        }
    );
    assert!(!matches!(first, Ok(First::Give(_))) || message[0] == b'G');
    // One byte was taken, and the rest is there.
    let mut rest = vec![0; sent];
    let length = receiver.read(&mut rest).unwrap_or_default();
    assert_eq!(&rest[..length], message.get(1..sent).unwrap_or_default());
}
