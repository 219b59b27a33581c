//! Sockets of Windows: made from a supplier's description, examined and prepared.
#![allow(unsafe_code, reason = "Winsock calls that no crate wraps")]

use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, OwnedSocket};

use socket2::{SockRef, Socket, Type};
use windows_sys::Wdk::Storage::FileSystem::{
    FileReplaceCompletionInformation, NtSetInformationFile,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, FROM_PROTOCOL_INFO, INVALID_SOCKET, SO_ACCEPTCONN, SO_EXCLUSIVEADDRUSE,
    SOCKET, SOL_SOCKET, WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED, WSAEAFNOSUPPORT,
    WSAPROTOCOL_INFOW, WSASocketW, getsockopt, setsockopt,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use crate::address::Address;
use crate::kind::Kind;

/// An open socket, closed when dropped.
pub(crate) type Owned = OwnedSocket;

/// An open socket of another owner.
pub(crate) type Borrowed<'a> = BorrowedSocket<'a>;

/// Opens the copy of a socket that another process has made for this one (`WSADuplicateSocketW`). Children do
/// not inherit it.
pub(crate) fn open_duplicate(info: &[u8; size_of::<WSAPROTOCOL_INFOW>()]) -> io::Result<Owned> {
    start_winsock()?;
    // SAFETY: the structure has numbers and arrays of numbers only, so all bytes are valid, and the array
    // has its size. `read_unaligned` needs no alignment.
    let info = unsafe { info.as_ptr().cast::<WSAPROTOCOL_INFOW>().read_unaligned() };
    let from = FROM_PROTOCOL_INFO;
    let flags = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
    // SAFETY: `info` lives during the call, which only reads it, and Winsock checks what it says.
    let socket = unsafe { WSASocketW(from, from, from, &raw const info, 0, flags) };
    if socket == INVALID_SOCKET {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: Winsock has just opened this socket for us.
    Ok(unsafe { OwnedSocket::from_raw_socket(raw(socket)) })
}

/// Winsock must be started before its first call. Any socket of the standard library does it.
fn start_winsock() -> io::Result<()> {
    std::net::UdpSocket::bind("127.0.0.1:0").map(drop)
}

/// Takes a socket off the completion port of the process that it was copied from, so that this process can use
/// one of its own. Returns the system's status (`NTSTATUS`).
pub(crate) fn leave_completion_port(socket: &Owned) -> i32 {
    /// `FILE_COMPLETION_INFORMATION`: no port, no key.
    #[repr(C)]
    struct Completion {
        port: usize,
        key: usize,
    }
    let none = Completion { port: 0, key: 0 };
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: the socket is open while it is borrowed; `status` and `none` live during the call, and the size
    // is that of `none`.
    unsafe {
        NtSetInformationFile(
            socket.as_raw_socket() as _,
            &raw mut status,
            (&raw const none).cast(),
            size_of::<Completion>() as u32,
            FileReplaceCompletionInformation,
        )
    }
}

/// Keeps other sockets off the address (`SO_EXCLUSIVEADDRUSE`). `SO_REUSEADDR` would let any program take the
/// port, so neither argument changes anything. An error comes with the step that failed.
pub(crate) fn set_reuse(
    socket: &Socket,
    _address: bool,
    _port: bool,
) -> Result<(), (&'static str, io::Error)> {
    let on = 1_i32;
    // SAFETY: the socket is open while it is borrowed; the pointer is to a live number of the size that is
    // given.
    let result = unsafe {
        setsockopt(
            socket.as_raw_socket() as SOCKET,
            SOL_SOCKET,
            SO_EXCLUSIVEADDRUSE,
            (&raw const on).cast(),
            size_of::<i32>() as i32,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(("setting SO_EXCLUSIVEADDRUSE", io::Error::last_os_error())),
    }
}

/// The argument of `listen` for a backlog of this many connections. Windows takes numbers above 200 only as
/// `SOMAXCONN_HINT`, which is the negative number, of 65535 at most.
pub(crate) fn as_backlog(connections: i32) -> i32 {
    -connections.clamp(200, 65535)
}

/// Whether the error means that this machine does not have the address family.
pub(crate) fn is_unknown_family(err: &io::Error) -> bool {
    err.raw_os_error() == Some(WSAEAFNOSUPPORT)
}

/// Makes a socket non-blocking.
pub(crate) fn set_nonblocking(socket: &impl AsSocket) -> io::Result<()> {
    SockRef::from(socket).set_nonblocking(true)
}

/// Reads bytes that stay in the socket. It must be non-blocking.
pub(crate) fn peek(socket: BorrowedSocket<'_>, bytes: &mut [u8]) -> io::Result<usize> {
    let mut room = vec![MaybeUninit::uninit(); bytes.len()];
    let length = SockRef::from(&socket).peek(&mut room)?;
    for (byte, came) in bytes.iter_mut().zip(&room[..length]) {
        // SAFETY: the call has filled the first `length` of them.
        *byte = unsafe { came.assume_init() };
    }
    Ok(length)
}

/// The kind of a socket.
pub(crate) fn kind(socket: &impl AsSocket) -> io::Result<Kind> {
    let socket = SockRef::from(socket);
    let family = socket.local_addr()?.family();
    if ![AF_INET, AF_INET6].contains(&family) {
        return Ok(Kind::OtherSocket);
    }
    Ok(match socket.r#type()? {
        Type::DGRAM => Kind::UdpSocket,
        Type::STREAM if is_listening(&socket)? => Kind::TcpListener,
        Type::STREAM => Kind::TcpStream,
        _ => Kind::OtherSocket,
    })
}

/// `SO_ACCEPTCONN`.
fn is_listening(socket: &SockRef<'_>) -> io::Result<bool> {
    let mut value = 0_i32;
    let mut size = size_of::<i32>() as i32;
    // SAFETY: the socket is open while it is borrowed; `value` and `size` live, and `size` is the size of
    // `value`.
    let result = unsafe {
        getsockopt(
            socket.as_raw_socket() as SOCKET,
            SOL_SOCKET,
            SO_ACCEPTCONN,
            (&raw mut value).cast(),
            &raw mut size,
        )
    };
    match result {
        0 => Ok(value != 0),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The address that a socket is bound to. `None` if it has none.
pub(crate) fn local_addr(socket: &impl AsSocket) -> Option<Address> {
    SockRef::from(socket).local_addr().ok()?.as_socket().map(Address::Inet)
}

/// `SOCKET` and the standard library's type have the same size on each Windows.
fn raw(socket: SOCKET) -> std::os::windows::io::RawSocket {
    socket as _
}
