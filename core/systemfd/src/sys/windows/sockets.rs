//! Sockets that go to other processes, or must not.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::mem::{MaybeUninit, size_of, transmute};
use std::os::windows::io::{AsRawSocket, BorrowedSocket};

use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Networking::WinSock::{SOCKET, WSADuplicateSocketW, WSAPROTOCOL_INFOW};

/// The size of what is sent for one socket.
pub(crate) const PROTOCOL_INFO_SIZE: usize = size_of::<WSAPROTOCOL_INFOW>();

/// Makes a copy of a socket for another process, which opens it with the result (`WSASocketW`).
pub(crate) fn duplicate(
    socket: BorrowedSocket<'_>,
    pid: u32,
) -> io::Result<[u8; PROTOCOL_INFO_SIZE]> {
    let mut info = MaybeUninit::<WSAPROTOCOL_INFOW>::zeroed();
    // SAFETY: the socket is open while it is borrowed, and the pointer is to memory of the size of the
    // structure.
    match unsafe { WSADuplicateSocketW(socket.as_raw_socket() as SOCKET, pid, info.as_mut_ptr()) } {
        // SAFETY: each byte of it was zeroed or written, and any bytes are an array of bytes.
        0 => Ok(unsafe {
            transmute::<MaybeUninit<WSAPROTOCOL_INFOW>, [u8; PROTOCOL_INFO_SIZE]>(info)
        }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Hides a socket from children. One that was accepted is inherited, and would stay open in them.
pub(crate) fn set_not_inheritable(socket: BorrowedSocket<'_>) -> io::Result<()> {
    // SAFETY: the socket is open while it is borrowed, and the call touches no memory.
    match unsafe { SetHandleInformation(socket.as_raw_socket() as HANDLE, HANDLE_FLAG_INHERIT, 0) }
    {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Opens a copy that was made for this process.
#[cfg(test)]
pub(crate) fn open_copy(info: &[u8]) -> std::os::windows::io::OwnedSocket {
    use std::os::windows::io::FromRawSocket;
    use windows_sys::Win32::Networking::WinSock::{
        FROM_PROTOCOL_INFO, INVALID_SOCKET, WSA_FLAG_OVERLAPPED, WSASocketW,
    };
    assert_eq!(info.len(), PROTOCOL_INFO_SIZE);
    // SAFETY: it has the size of the structure, for which all bytes are valid.
    let info = unsafe { info.as_ptr().cast::<WSAPROTOCOL_INFOW>().read_unaligned() };
    let from = FROM_PROTOCOL_INFO;
    // SAFETY: the pointer is to a live structure, which Winsock checks.
    let socket = unsafe { WSASocketW(from, from, from, &raw const info, 0, WSA_FLAG_OVERLAPPED) };
    assert_ne!(socket, INVALID_SOCKET);
    // SAFETY: Winsock has just opened it.
    unsafe { std::os::windows::io::OwnedSocket::from_raw_socket(socket as u64) }
}
