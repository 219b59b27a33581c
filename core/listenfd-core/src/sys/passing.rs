//! Sending descriptors to another process and receiving them (`SCM_RIGHTS`, `unix(7)`).
#![allow(unsafe_code, reason = "the standard library has no stable word for control messages")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::platform::{RECEIVE_FLAGS, SEND_FLAGS, sender};

/// How many descriptors one message can carry (`SCM_MAX_FD`, `unix(7)`).
pub(crate) const MAX_FDS: usize = 253;

/// Room for a control message with that many, aligned for its header.
type Control = [u64; 144];

// Including its header, and the sender's credentials with theirs.
const _: () = assert!(size_of::<Control>() >= MAX_FDS * size_of::<RawFd>() + 96);

/// Sends one message with descriptors, of which the receiver gets copies.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    if fds.len() > MAX_FDS {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors"));
    }
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control: Control = [0; 144];
    let message = message_with_fds(&mut part, &mut control, fds);
    loop {
        // SAFETY: `socket` is open while it is borrowed, as are `fds`; `message` points to `part`
        // and `control`, which live, and `part` to `bytes`, which is only read.
        let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, SEND_FLAGS) };
        match sent {
            -1 if is_interrupted() => {}
            -1 => return Err(io::Error::last_os_error()),
            _ => return Ok(()),
        }
    }
}

/// A received message.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Its length, cut to the size of the buffer.
    pub(crate) length: usize,
    /// Its descriptors, close-on-exec. They are fewer than were sent if this process cannot open as
    /// many.
    pub(crate) fds: Vec<OwnedFd>,
    /// The process that has sent it, if [`enable_sender_pids`](super::enable_sender_pids) was called for the socket.
    pub(crate) sender: Option<u32>,
}

/// Receives one message.
pub(crate) fn receive(socket: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<Received> {
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut control: Control = [0; 144];
    let mut message = message(&mut part, &mut control);
    let length = loop {
        // SAFETY: `socket` is open while it is borrowed; `message` points to `part` and `control`,
        // which live and are of the sizes it says, and `part` to `bytes`, which is ours to fill.
        let received =
            unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, RECEIVE_FLAGS) };
        match usize::try_from(received) {
            Ok(length) => break length,
            Err(_) if is_interrupted() => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    };
    let mut received = Received { length, ..Received::default() };
    read_control(&message, &mut received);
    if RECEIVE_FLAGS == 0 {
        for fd in &received.fds {
            super::unix::set_close_on_exec(fd)?;
        }
    }
    Ok(received)
}

/// Owns each descriptor that came with a message.
fn read_control(message: &libc::msghdr, received: &mut Received) {
    // SAFETY: recvmsg has filled the message, its control buffer and its length.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: it points to a header in the control buffer, and is aligned for it.
        let found = unsafe { header.read() };
        // SAFETY: `header` points into the control buffer; the function computes a place behind it.
        let data = unsafe { libc::CMSG_DATA(header) };
        // SAFETY: `message` tells where the control buffer is and how much of it was filled; the
        // header, and so the place behind it, is in it.
        let room = unsafe { data.offset_from(message.msg_control.cast()) };
        let filled: usize = message.msg_controllen as _;
        let room = filled.saturating_sub(room.unsigned_abs());
        // SAFETY: the function computes a number from a number.
        let before = unsafe { libc::CMSG_LEN(0) } as usize;
        // Not every system cuts the length to the size of the buffer. Its type differs.
        let length: usize = found.cmsg_len as _;
        let length = length.saturating_sub(before).min(room);
        // SAFETY: so many bytes of the control buffer stand behind the header, and nothing writes
        // to them meanwhile. The pointer is that of the buffer, not of the header alone.
        let content = unsafe { std::slice::from_raw_parts(data, length) };
        if (found.cmsg_level, found.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            for fd in content.chunks_exact(size_of::<RawFd>()) {
                let fd = fd.try_into().map_or(-1, RawFd::from_ne_bytes);
                if fd >= 0 {
                    // SAFETY: the kernel has just opened this number for us.
                    received.fds.push(unsafe { OwnedFd::from_raw_fd(fd) });
                }
            }
        } else {
            received.sender = sender(&found, content).or(received.sender);
        }
        // SAFETY: `header` is one of this message.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
}

/// A message that carries at most [`MAX_FDS`] descriptors.
fn message_with_fds(
    part: &mut libc::iovec,
    control: &mut Control,
    fds: &[BorrowedFd<'_>],
) -> libc::msghdr {
    let mut message = message(part, control);
    if fds.is_empty() {
        message.msg_control = std::ptr::null_mut();
        message.msg_controllen = 0;
        return message;
    }
    let size = size_of_val(fds) as libc::c_uint;
    // SAFETY: the function computes a number from a number.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size) } as _;
    // SAFETY: the message's control buffer is `control`, large enough for a header.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: the function computes a number from a number.
    let length = unsafe { libc::CMSG_LEN(size) };
    // SAFETY: `header` points to the beginning of `control`, which is aligned for it, and zeros
    // are a valid one.
    let content = unsafe { &mut *header };
    content.cmsg_len = length as _;
    content.cmsg_level = libc::SOL_SOCKET;
    content.cmsg_type = libc::SCM_RIGHTS;
    // SAFETY: `header` is a valid one; the function computes a place behind it.
    let data = unsafe { libc::CMSG_DATA(header) }.cast::<RawFd>();
    for (at, fd) in fds.iter().take(MAX_FDS).enumerate() {
        // SAFETY: `control` has room for MAX_FDS numbers behind the header, and `at` is less.
        let place = unsafe { data.add(at) };
        // SAFETY: as above; the alignment of the place does not matter to this function.
        unsafe { place.write_unaligned(fd.as_raw_fd()) };
    }
    message
}

fn message(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: a header without name, parts and control buffer is all zeros.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(control) as _;
    message
}

fn is_interrupted() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
}
