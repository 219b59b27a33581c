//! Windows.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

pub(crate) mod console;
pub(crate) mod files;
pub(crate) mod system;

use std::fs::Metadata;
use std::io;
use std::mem::zeroed;
use std::net::TcpListener;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::MetadataExt;
use std::os::windows::io::{
    AsHandle, AsRawHandle, AsRawSocket, AsSocket, BorrowedSocket, OwnedHandle, OwnedSocket,
};
use std::path::{Component, Path, PathBuf};

use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Storage::FileSystem::GetDriveTypeW;
use windows_sys::Win32::System::Console::{
    CONSOLE_SCREEN_BUFFER_INFO, CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent,
    GetConsoleScreenBufferInfo,
};
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;
use windows_sys::Win32::System::WindowsProgramming::DRIVE_REMOTE;

/// A socket.
pub(crate) type Owned = OwnedSocket;

/// A socket that has another owner.
pub(crate) type Borrowed<'a> = BorrowedSocket<'a>;

pub(crate) fn borrowed(socket: &Owned) -> Borrowed<'_> {
    socket.as_socket()
}

/// Where the system looks for shared libraries ("Dynamic-link library search order").
pub(crate) const LIBRARY_PATH: &str = "PATH";

/// The folders in which it looks only while that variable is not set.
pub(crate) fn default_library_folders() -> Vec<PathBuf> {
    Vec::new()
}

/// `ReadDirectoryChangesW` watches a folder with all that is in it.
pub(crate) const WATCHES_WHOLE_TREES: bool = true;

/// Why there can be no overlap of two programs.
pub(crate) const NO_OVERLAP: Option<&str> = Some(
    "on Windows, two programs must not accept from one socket at once: both are woken for a \
     connection, and the one that comes too late blocks. Without --overlap, requests wait for the \
     next program",
);

/// The creation flag of a process with a process group of its own, to which CTRL_BREAK can be sent.
pub(crate) const NEW_PROCESS_GROUP: u32 = CREATE_NEW_PROCESS_GROUP;

/// Unknown: the system does not tell.
pub(crate) fn waiting_connections(_socket: Borrowed<'_>) -> Option<u32> {
    None
}

/// The numbers at which sockets are handed over: none, for a program asks for them.
pub(crate) fn handed_fds() -> impl Iterator<Item = Option<u32>> {
    std::iter::repeat(None)
}

/// Times and size of a file.
pub(crate) type FileIdentity = (u64, u64, u64);

pub(crate) fn file_identity(metadata: &Metadata) -> FileIdentity {
    (metadata.creation_time(), metadata.file_size(), metadata.last_write_time())
}

/// Our stderr, once more.
pub(crate) fn our_stderr() -> io::Result<OwnedHandle> {
    io::stderr().as_handle().try_clone_to_owned()
}

/// Copies the bytes that have arrived on a non-blocking socket; they stay unread.
pub(crate) fn peek(socket: &impl AsSocket, buffer: &mut [u8]) -> io::Result<usize> {
    listenfd_core::internal::peek(socket.as_socket(), buffer)
}

/// Makes a socket a blocking one.
pub(crate) fn set_blocking(socket: Borrowed<'_>) -> io::Result<()> {
    // The type does not matter for this call.
    TcpListener::from(socket.try_clone_to_owned()?).set_nonblocking(false)
}

/// Keeps a socket out of children: one that was accepted is inherited otherwise, and its client
/// would not see the end of the connection.
pub(crate) fn hide_from_children(socket: &impl AsSocket) -> io::Result<()> {
    let socket = socket.as_socket().as_raw_socket() as HANDLE;
    // SAFETY: the socket is open while it is borrowed, and the call touches no memory of ours.
    succeeded(unsafe { SetHandleInformation(socket, HANDLE_FLAG_INHERIT, 0) })
}

/// Sends CTRL_BREAK to a process group, which has the id of its first process.
pub(crate) fn send_break(group: u32) -> io::Result<()> {
    // SAFETY: the call touches no memory.
    succeeded(unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, group) })
}

/// The width of the console that shows our stderr.
pub(crate) fn terminal_columns() -> Option<u16> {
    // SAFETY: the structure has numbers only, for which zero is valid.
    let mut info: CONSOLE_SCREEN_BUFFER_INFO = unsafe { zeroed() };
    let stderr = io::stderr();
    let console = stderr.as_handle().as_raw_handle();
    // SAFETY: the handle is open while `stderr` lives, and the pointer is to a live structure.
    succeeded(unsafe { GetConsoleScreenBufferInfo(console, &raw mut info) }).ok()?;
    let window = info.srWindow;
    u16::try_from(i32::from(window.Right) - i32::from(window.Left) + 1).ok()
}

/// The kind of the file system that holds `path`, if it does not report changes that are made on
/// another machine.
pub(crate) fn polled_file_system(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let Some(Component::Prefix(prefix)) = path.components().next() else { return None };
    let root: Vec<u16> =
        prefix.as_os_str().encode_wide().chain(r"\".encode_utf16()).chain([0]).collect();
    // SAFETY: the pointer is to a text that ends with zero.
    let kind = unsafe { GetDriveTypeW(root.as_ptr()) };
    (kind == DRIVE_REMOTE).then(|| "network drive".to_owned())
}

fn succeeded(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
