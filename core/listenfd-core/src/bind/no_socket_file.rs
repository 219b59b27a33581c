//! On Windows there are no Unix sockets, and so no files of them. The names are those of `socket_file.rs`.

/// The file of a Unix socket that this process has bound: there is none here.
#[derive(Clone, Debug)]
#[must_use]
pub enum SocketFile {}

impl SocketFile {
    /// Removes the file. There is none here.
    pub fn remove(&self) {
        match *self {}
    }
}
