//! Windows: gives the sockets to the programs that ask for them, as systemfd 0.4 does.
//!
//! A program connects to `SYSTEMFD_SOCKET_SERVER`, and sends `SYSTEMFD_SOCKET_SECRET`, a bar and its process
//! id. The answer is a `WSAPROTOCOL_INFOW` for each socket, which only that process can use. `request` reads
//! what it sends, `clients` bounds how many are answered at once, `receivers` knows which processes have the
//! sockets, and `server` answers.
//!
//! Not here: the side of the program, which is in listenfd-core.

#[cfg(windows)]
mod clients;
#[cfg(windows)]
mod receivers;
mod request;
#[cfg(windows)]
mod server;
#[cfg(test)]
#[cfg(windows)]
mod tests;

#[cfg(windows)]
pub use receivers::Receiver;
#[cfg(windows)]
pub use server::SocketServer;
