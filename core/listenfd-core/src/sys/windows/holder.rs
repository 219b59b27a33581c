//! Which process holds a port (`GetExtendedTcpTable`, `GetExtendedUdpTable`).
#![allow(unsafe_code, reason = "calls of the IP helper that no crate wraps")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, MIB_TCP6ROW_OWNER_PID, MIB_TCPROW_OWNER_PID,
    MIB_UDP6ROW_OWNER_PID, MIB_UDPROW_OWNER_PID, TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW,
};

use crate::error::Holder;

/// The process that listens on a TCP address or has a UDP address, and the address of its socket.
pub(crate) fn in_the_way(addr: SocketAddr, udp: bool) -> Option<(Holder, SocketAddr)> {
    let mut held: Vec<(SocketAddr, u32)> = Vec::new();
    for family in [AF_INET, AF_INET6] {
        // What one table does not tell, the other may.
        let table = table(family, udp).unwrap_or_default();
        held.extend(rows(&table, family, udp));
    }
    let wanted = addr.ip().to_canonical();
    let is_in_the_way =
        |ip: IpAddr| ip.to_canonical() == wanted || ip.is_unspecified() || wanted.is_unspecified();
    // Wine says 0 for processes that it does not know.
    held.retain(|(found, pid)| {
        *pid != 0 && found.port() == addr.port() && is_in_the_way(found.ip())
    });
    // A socket at exactly this address comes first: one of all interfaces may be for the other family only.
    let this = std::process::id();
    let (found, pid) = held
        .into_iter()
        .min_by_key(|(found, pid)| (found.ip().to_canonical() != wanted, *pid != this))?;
    Some((Holder { pid, name: name(pid) }, found))
}

/// The bytes of a table: the number of rows, then the rows.
fn table(family: u16, udp: bool) -> io::Result<Vec<u8>> {
    /// The table can grow between two calls.
    const ATTEMPTS: usize = 4;
    let mut size = 16 << 10;
    for _ in 0..ATTEMPTS {
        let mut table = vec![0_u8; size as usize];
        let place = table.as_mut_ptr().cast();
        let family = u32::from(family);
        let result = if udp {
            // SAFETY: the pointers are to live variables, and `size` is the length of the table's buffer.
            unsafe { GetExtendedUdpTable(place, &raw mut size, 0, family, UDP_TABLE_OWNER_PID, 0) }
        } else {
            let class = TCP_TABLE_OWNER_PID_LISTENER;
            // SAFETY: as above.
            unsafe { GetExtendedTcpTable(place, &raw mut size, 0, family, class, 0) }
        };
        match result {
            NO_ERROR => return Ok(table),
            // `size` is what it needs now.
            ERROR_INSUFFICIENT_BUFFER => {}
            number => return Err(io::Error::from_raw_os_error(number as i32)),
        }
    }
    Err(io::Error::other("the table grows faster than it can be read"))
}

/// The address and the process of each row.
fn rows(table: &[u8], family: u16, udp: bool) -> Vec<(SocketAddr, u32)> {
    match (family, udp) {
        (AF_INET, false) => each(table, |row: MIB_TCPROW_OWNER_PID| {
            (v4(row.dwLocalAddr, row.dwLocalPort), row.dwOwningPid)
        }),
        (AF_INET, true) => each(table, |row: MIB_UDPROW_OWNER_PID| {
            (v4(row.dwLocalAddr, row.dwLocalPort), row.dwOwningPid)
        }),
        (_, false) => each(table, |row: MIB_TCP6ROW_OWNER_PID| {
            (v6(row.ucLocalAddr, row.dwLocalPort), row.dwOwningPid)
        }),
        (_, true) => each(table, |row: MIB_UDP6ROW_OWNER_PID| {
            (v6(row.ucLocalAddr, row.dwLocalPort), row.dwOwningPid)
        }),
    }
}

fn each<Row: Copy>(
    table: &[u8],
    read: impl Fn(Row) -> (SocketAddr, u32),
) -> Vec<(SocketAddr, u32)> {
    let Some((count, _)) = table.split_first_chunk() else { return Vec::new() };
    let count = u32::from_ne_bytes(*count) as usize;
    // The rows begin where their alignment allows.
    let start = size_of::<u32>().next_multiple_of(align_of::<Row>());
    let rows = table.get(start..).unwrap_or_default().chunks_exact(size_of::<Row>()).take(count);
    rows.map(|bytes| {
        // SAFETY: a row has numbers and arrays of numbers only, so all bytes are valid, and there are as many
        // as it has. `read_unaligned` needs no alignment.
        read(unsafe { bytes.as_ptr().cast::<Row>().read_unaligned() })
    })
    .collect()
}

fn v4(addr: u32, port: u32) -> SocketAddr {
    (Ipv4Addr::from(addr.to_ne_bytes()), host_order(port)).into()
}

fn v6(addr: [u8; 16], port: u32) -> SocketAddr {
    (Ipv6Addr::from(addr), host_order(port)).into()
}

/// The port is in network order in the first two bytes; the others are not defined.
fn host_order(port: u32) -> u16 {
    let [high, low, ..] = port.to_ne_bytes();
    u16::from_be_bytes([high, low])
}

/// The file name of a process's program.
fn name(pid: u32) -> String {
    let path = program(pid).unwrap_or_default();
    let name = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "a process".to_owned())
}

fn program(pid: u32) -> io::Result<String> {
    // SAFETY: the call takes numbers only.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just opened this handle for us.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    let mut path = [0_u16; 1024];
    let mut length = path.len() as u32;
    // SAFETY: the handle is open while `process` lives; `length` is the length of `path`, and both live.
    let result = unsafe {
        QueryFullProcessImageNameW(process.as_raw_handle(), 0, path.as_mut_ptr(), &raw mut length)
    };
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(String::from_utf16_lossy(&path[..path.len().min(length as usize)])),
    }
}
