//! Binds a Unix socket to a path, and decides which file it may replace there.
//!
//! A dead socket is replaced. A live server is an error, and so is any other file, which stays. A lock on
//! the directory keeps two programs apart that find the same dead socket at once.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use socket2::{SockAddr, Socket, Type};

use super::SocketFile;
use crate::address::Address;
use crate::error::{Error, Holder};
use crate::sys;

/// Binds `socket` to `path`, replacing a dead socket.
pub(crate) fn bind(socket: &Socket, path: &Path) -> Result<Placed, Error> {
    let address = Address::Unix(path.to_owned());
    let name =
        SockAddr::unix(path).map_err(Error::bind(&address, "fitting the path into an address"))?;
    let ty = socket.r#type().map_err(Error::bind(&address, "asking for the socket's type"))?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Best effort: if the directory cannot be read or the file system has no locks, binding goes on
    // without one.
    let lock = sys::lock_directory(parent).ok();
    clear(path, &name, ty)?;
    socket.bind(&name).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::in_use(&address, holder(&name, ty)),
        _ => Error::bind(&address, "bind")(source),
    })?;
    Ok(Placed { file: SocketFile::at(path), keep: false, _lock: lock })
}

/// The process that listens at a Unix socket's address.
pub(crate) fn holder(name: &SockAddr, ty: Type) -> Option<Holder> {
    match probe(name, ty) {
        Ok(Answer::Live(holder)) => holder,
        _ => None,
    }
}

/// A socket file that this process has just made. It is removed again unless kept.
///
/// Until it listens, other programs would think that it is dead, so the lock is held that long.
#[must_use]
pub(crate) struct Placed {
    file: SocketFile,
    keep: bool,
    _lock: Option<fs::File>,
}

impl Placed {
    /// Call it before `listen(2)`, so that no client connects under other permissions.
    pub(crate) fn set_owner_and_mode(
        &self,
        (uid, gid): (Option<u32>, Option<u32>),
        mode: Option<u32>,
    ) -> io::Result<()> {
        if uid.is_none() && gid.is_none() && mode.is_none() {
            return Ok(());
        }
        sys::set_owner_and_mode(self.file.path(), (uid, gid), mode)
    }

    pub(crate) fn keep(mut self) -> SocketFile {
        self.keep = true;
        self.file.clone()
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if !self.keep {
            self.file.remove();
        }
    }
}

/// Makes room for a socket at `path`, or returns why that is not possible.
fn clear(path: &Path, name: &SockAddr, ty: Type) -> Result<(), Error> {
    let address = || Address::Unix(path.to_owned());
    match fs::symlink_metadata(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(Error::bind(&address(), "looking at the path")(err)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(Error::Occupied { path: path.to_owned(), found: describe(&found) });
        }
        Ok(_) => {}
    }
    match probe(name, ty).map_err(Error::bind(&address(), "asking whether a server lives there"))? {
        Answer::Live(holder) => Err(Error::in_use(&address(), holder)),
        Answer::Gone => Ok(()),
        Answer::Dead => {
            fs::remove_file(path).map_err(Error::bind(&address(), "removing the dead socket"))
        }
    }
}

enum Answer {
    Live(Option<Holder>),
    Dead,
    Gone,
}

/// Connects without waiting. A full queue is a sign of life, too.
fn probe(name: &SockAddr, ty: Type) -> io::Result<Answer> {
    let socket = Socket::new(socket2::Domain::UNIX, ty, None)?;
    socket.set_nonblocking(true)?;
    let Err(err) = socket.connect(name) else {
        return Ok(Answer::Live(sys::peer_process(&socket)));
    };
    match (err.kind(), err.raw_os_error()) {
        (io::ErrorKind::ConnectionRefused, _) => Ok(Answer::Dead),
        (io::ErrorKind::NotFound, _) => Ok(Answer::Gone),
        // A socket of another type is alive. The system does not tell its process.
        (io::ErrorKind::WouldBlock, _)
        | (_, Some(libc::EINPROGRESS | libc::EPROTOTYPE | libc::ENOBUFS)) => Ok(Answer::Live(None)),
        _ => Err(err),
    }
}

fn describe(found: &fs::Metadata) -> &'static str {
    let ty = found.file_type();
    if ty.is_dir() {
        "a directory"
    } else if ty.is_symlink() {
        "a symbolic link"
    } else if ty.is_fifo() {
        "a pipe"
    } else if ty.is_file() {
        "a regular file"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    use std::path::PathBuf;

    use super::*;
    use crate::Bind;

    /// The directory of a test, removed with its contents.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("listenfd-{name}-{}", std::process::id()));
            fs::create_dir(&dir).unwrap();
            Folder(dir)
        }

        fn path(&self) -> PathBuf {
            self.0.join("app.sock")
        }

        fn address(&self) -> Address {
            Address::Unix(self.path())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_dead_socket_is_replaced() {
        let folder = Folder::new("dead");
        drop(UnixListener::bind(folder.path()).unwrap());
        let _listening = Bind::new().listen(&folder.address()).unwrap();
        UnixStream::connect(folder.path()).unwrap();
    }

    #[test]
    fn a_live_server_of_this_process_is_an_error_that_says_so() {
        let folder = Folder::new("live");
        let _live = UnixListener::bind(folder.path()).unwrap();
        let err = Bind::new().listen(&folder.address()).unwrap_err();
        if cfg!(target_os = "linux") {
            assert!(matches!(err, Error::Overlap { .. }), "{err}");
        }
        assert_eq!(io::Error::from(err).kind(), io::ErrorKind::AddrInUse);
        UnixStream::connect(folder.path()).unwrap();
    }

    #[test]
    fn a_live_socket_of_another_type_is_an_error() {
        let folder = Folder::new("type");
        let _live = UnixDatagram::bind(folder.path()).unwrap();
        let err = Bind::new().listen(&folder.address()).unwrap_err();
        assert!(matches!(err, Error::InUse { .. }), "{err}");
    }

    #[test]
    fn anything_else_is_never_touched() {
        let folder = Folder::new("file");
        fs::write(folder.path(), "precious").unwrap();
        let err = Bind::new().listen(&folder.address()).unwrap_err();
        assert!(err.to_string().contains("a regular file"), "{err}");
        assert_eq!(fs::read_to_string(folder.path()).unwrap(), "precious");

        fs::remove_file(folder.path()).unwrap();
        std::os::unix::fs::symlink("elsewhere", folder.path()).unwrap();
        let err = Bind::new().listen(&folder.address()).unwrap_err();
        assert!(err.to_string().contains("a symbolic link"), "{err}");
    }

    #[test]
    fn the_mode_is_in_force_and_survives_the_umask() {
        let folder = Folder::new("mode");
        for (bind, mode) in [
            (Bind::new().unix_mode(0o600), 0o600),
            (Bind::new().unix_mode(0o666), 0o666),
            (Bind::new().datagram().unix_mode(0o620), 0o620),
            (Bind::new().seqpacket().unix_mode(0o606), 0o606),
        ] {
            let fds = bind.open(&folder.address()).unwrap();
            assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o7777, mode);
            drop(fds);
        }
    }

    #[test]
    fn a_path_that_cannot_be_finished_leaves_nothing_behind() {
        let folder = Folder::new("unfinished");
        let socket = Socket::new(socket2::Domain::UNIX, Type::STREAM, None).unwrap();
        let placed = bind(&socket, &folder.path()).unwrap();
        assert!(folder.path().exists());
        drop(placed);
        assert!(!folder.path().exists());
        let socket = Socket::new(socket2::Domain::UNIX, Type::STREAM, None).unwrap();
        let file = bind(&socket, &folder.path()).unwrap().keep();
        assert!(folder.path().exists());
        file.remove();
        assert!(!folder.path().exists());
    }

    /// As root it is set; for others there is an error, and no file.
    #[test]
    fn an_owner_is_set_or_nothing_is_left_behind() {
        let folder = Folder::new("chown");
        let opened = Bind::new().unix_owner(Some(12345), None).listen(&folder.address());
        // The folder belongs to the user of this process.
        let is_root = fs::metadata(&folder.0).unwrap().uid() == 0;
        assert_eq!(opened.is_ok(), is_root, "{opened:?}");
        let owner = fs::metadata(folder.path()).ok().map(|found| found.uid());
        assert_eq!(owner, is_root.then_some(12345));
    }

    #[test]
    fn a_file_that_another_program_puts_in_the_socket_s_place_is_not_changed_or_removed() {
        let folder = Folder::new("swapped");
        let precious = folder.0.join("precious");
        fs::write(&precious, "").unwrap();
        fs::set_permissions(&precious, fs::Permissions::from_mode(0o600)).unwrap();
        let before = fs::metadata(&precious).unwrap();
        let another = folder.0.join("another.sock");
        let _another = UnixListener::bind(&another).unwrap();
        let link = |target: &Path| std::os::unix::fs::symlink(target, folder.path());
        let hard_link = |target: &Path| fs::hard_link(target, folder.path());
        let swaps = [(&precious, true), (&precious, false), (&another, true), (&another, false)];
        for (target, is_symbolic) in swaps {
            let socket = Socket::new(socket2::Domain::UNIX, Type::STREAM, None).unwrap();
            let placed = bind(&socket, &folder.path()).unwrap();
            fs::remove_file(folder.path()).unwrap();
            if is_symbolic { link(target) } else { hard_link(target) }.unwrap();
            let err = placed.set_owner_and_mode((Some(12345), Some(12345)), Some(0o777));
            assert!(err.unwrap_err().to_string().contains("has replaced the socket"));
            drop(placed);
            // This fails if the drop has removed the path.
            fs::remove_file(folder.path()).unwrap();
        }
        let after = fs::metadata(&precious).unwrap();
        assert_eq!((after.uid(), after.mode()), (before.uid(), before.mode()));
        assert_ne!(fs::metadata(&another).unwrap().uid(), 12345);
    }

    /// As when a later address of several cannot be bound.
    #[test]
    fn what_has_taken_the_place_of_a_socket_that_is_given_up_is_not_removed() {
        let (folder, mut files) = (Folder::new("given-up"), Vec::new());
        let _opened = Bind::new().open_one_noting(&folder.address(), &mut files).unwrap();
        fs::remove_file(folder.path()).unwrap();
        fs::write(folder.path(), "precious").unwrap();
        files.iter().for_each(SocketFile::remove);
        assert_eq!(fs::read_to_string(folder.path()).unwrap(), "precious");
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn a_path_too_long_for_an_address_says_so() {
        let folder = Folder::new("long");
        let path = folder.0.join("x".repeat(120));
        let err = Bind::new().listen(&Address::Unix(path)).unwrap_err();
        assert!(format!("{err:?}").contains("SUN_LEN"), "{err:?}");
    }
}
