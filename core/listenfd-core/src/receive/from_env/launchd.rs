//! What launchd has opened for this process, as slots. `sys/launchd.rs` asks; here is what its answers mean.
//!
//! launchd (`launchd.plist(5)`) announces nothing in the environment, and has no list of names: it gives the
//! sockets of a name to a process that asks for it, once. A server that has no name asks for
//! [`DEFAULT_NAME`].

use std::ffi::{CStr, CString};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
use crate::receive::slot::Slot;
use crate::sys;

/// The key below `Sockets` that programs with one group of sockets use by custom.
pub(in crate::receive) const DEFAULT_NAME: &str = "Listeners";

/// [`sys::launchd::take_sockets`], or a test's own.
pub(in crate::receive) type TakeSockets = fn(&CStr) -> Result<Vec<sys::Owned>, i32>;

/// This process as a job of launchd.
pub(in crate::receive) struct Job {
    take_sockets: TakeSockets,
    /// The sockets of the names that were asked for.
    names: Mutex<Vec<(String, &'static [Slot])>>,
    /// Whether other code of this process has taken the sockets of [`DEFAULT_NAME`].
    pub(in crate::receive) is_default_taken: bool,
}

impl Job {
    /// The job, with the sockets of [`DEFAULT_NAME`]. There may be none. `None` for a process that launchd does
    /// not manage.
    pub(in crate::receive) fn of_this_process(
        take_sockets: TakeSockets,
    ) -> Result<Option<(Job, Vec<Slot>)>, Error> {
        let job =
            |is_default_taken| Job { take_sockets, names: Mutex::default(), is_default_taken };
        match ask(take_sockets, DEFAULT_NAME)? {
            Answer::NotManaged => Ok(None),
            Answer::Sockets(slots) => Ok(Some((job(false), slots))),
            Answer::UnknownName => Ok(Some((job(false), Vec::new()))),
            Answer::TakenBefore => Ok(Some((job(true), Vec::new()))),
        }
    }

    /// The sockets of a name, at least one, taken or not.
    pub(in crate::receive) fn sockets(&self, name: &str) -> Result<&'static [Slot], Error> {
        // Each change is complete, so a panic elsewhere cannot leave it half done. Two servers that ask for
        // the same name at once take turns, so both see the same slots.
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slots)) = names.iter().find(|(known, _)| known == name) {
            return Ok(slots);
        }
        match ask(self.take_sockets, name)? {
            Answer::Sockets(slots) if !slots.is_empty() => {
                // They live as long as the process, as those that the environment announces.
                let slots: &'static [Slot] = Box::leak(slots.into_boxed_slice());
                names.push((name.to_owned(), slots));
                Ok(slots)
            }
            Answer::TakenBefore => Err(Error::AlreadyTaken { name: Some(name.to_owned()) }),
            Answer::Sockets(_) | Answer::UnknownName | Answer::NotManaged => {
                Err(Error::UnknownToLaunchd { name: name.to_owned() })
            }
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("names", &self.names).finish_non_exhaustive()
    }
}

/// What launchd answers about a name.
enum Answer {
    Sockets(Vec<Slot>),
    NotManaged,
    UnknownName,
    TakenBefore,
}

fn ask(take_sockets: TakeSockets, name: &str) -> Result<Answer, Error> {
    // A key of a property list has no NUL byte.
    let Ok(key) = CString::new(name) else { return Ok(Answer::UnknownName) };
    match take_sockets(&key) {
        Ok(fds) => {
            let slot = |fd| Slot::new(Some(name.to_owned()), fd);
            Ok(Answer::Sockets(fds.into_iter().map(slot).collect()))
        }
        Err(sys::launchd::NOT_MANAGED) => Ok(Answer::NotManaged),
        Err(sys::launchd::UNKNOWN_NAME) => Ok(Answer::UnknownName),
        Err(sys::launchd::TAKEN_BEFORE) => Ok(Answer::TakenBefore),
        Err(number) => Err(Error::Launchd {
            name: name.to_owned(),
            source: Arc::new(io::Error::from_raw_os_error(number)),
        }),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::receive::ListenFd;
    use crate::receive::from_env::Received;
    use crate::receive::inherited::InheritedFds;
    use std::net::{TcpListener, UdpSocket};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use sys::launchd::{NOT_MANAGED, TAKEN_BEFORE, UNKNOWN_NAME};

    const ANY: &str = "127.0.0.1:0";

    fn job(take_sockets: TakeSockets) -> ListenFd {
        let inherited = InheritedFds::from(Received::of_launchd(None, take_sockets).unwrap());
        ListenFd { inherited: Box::leak(Box::new(inherited)) }
    }

    fn tcp() -> sys::Owned {
        TcpListener::bind(ANY).unwrap().into()
    }

    /// A job with two listeners for servers without a name, one more named `web`, and a UDP socket.
    fn full(name: &CStr) -> Result<Vec<sys::Owned>, i32> {
        match name.to_bytes() {
            b"Listeners" => Ok(vec![tcp(), tcp()]),
            b"web" => Ok(vec![tcp()]),
            b"dns" => Ok(vec![UdpSocket::bind(ANY).unwrap().into()]),
            b"empty" => Ok(vec![]),
            b"broken" => Err(5),
            _ => Err(UNKNOWN_NAME),
        }
    }

    /// A job that has only sockets of another name.
    fn only_web(name: &CStr) -> Result<Vec<sys::Owned>, i32> {
        if name.to_bytes() == b"web" { Ok(vec![tcp()]) } else { Err(UNKNOWN_NAME) }
    }

    #[test]
    fn without_launchd_every_server_binds() {
        let handed = job(|_| Err(NOT_MANAGED));
        for name in [None, Some("web"), Some(DEFAULT_NAME)] {
            let bound = handed.listen_or_bind(name, ANY).unwrap();
            assert!(bound.iter().all(|listener| !listener.is_handed()));
        }
        assert!(handed.take_tcp_listener("web").unwrap().is_none() && handed.is_empty());
    }

    #[test]
    fn a_server_without_a_name_gets_all_of_the_default_name() {
        let handed = job(full);
        assert_eq!((handed.len(), handed.iter().next().unwrap().name()), (2, Some(DEFAULT_NAME)));
        let listeners = handed.listen_or_bind(None, ANY).unwrap();
        assert!(listeners.len() == 2 && listeners.iter().all(|listener| listener.is_handed()));
        let crate::Listener::Tcp(listener) = &listeners[0] else { panic!("{listeners:?}") };
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let again = handed.listen_or_bind(None, ANY).unwrap_err();
        assert!(matches!(again, Error::AlreadyTaken { name: None }), "{again}");
    }

    #[test]
    fn the_default_name_is_taken_by_index_and_by_name_too() {
        let handed = job(full);
        assert!(handed.take_tcp_listener(0).unwrap().is_some());
        assert_eq!(handed.take_listeners_named(DEFAULT_NAME).unwrap().len(), 1);
        assert!(handed.take_tcp_listener(DEFAULT_NAME).unwrap().is_none());
    }

    #[test]
    fn launchd_is_asked_once_for_each_name() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let handed = job(|name| match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 => Err(UNKNOWN_NAME),
            1 if name == c"web" => Ok(vec![tcp(), tcp()]),
            _ => Err(TAKEN_BEFORE),
        });
        let taken = std::thread::scope(|scope| {
            let take = || scope.spawn(|| handed.take_tcp_listener("web").unwrap().is_some());
            [take(), take(), take()].map(|thread| usize::from(thread.join().unwrap()))
        });
        assert_eq!((taken.iter().sum::<usize>(), ASKED.load(Ordering::Relaxed)), (2, 2));
        let again = handed.listen_or_bind(Some("web"), ANY).unwrap_err();
        assert!(matches!(again, Error::AlreadyTaken { name: Some(_) }), "{again}");
    }

    #[test]
    fn an_unknown_name_is_an_error_that_names_the_key() {
        for (name, shown) in [("wbe", "Sockets"), ("empty", "empty"), ("a\0b", "property list")] {
            for handed in [job(full), job(only_web)] {
                let err = handed.listen_or_bind(Some(name), ANY).unwrap_err();
                assert!(matches!(err, Error::UnknownToLaunchd { .. }), "{err}");
                assert!(err.to_string().contains(shown) && err.to_string().contains("launchd"));
                assert!(handed.take_udp_socket(name).is_err());
                assert_eq!(io::Error::from(err).kind(), io::ErrorKind::NotFound);
            }
        }
    }

    #[test]
    fn without_sockets_of_the_default_name_a_server_binds() {
        let handed = job(only_web);
        assert!(!handed.listen_or_bind(None, ANY).unwrap()[0].is_handed());
        assert!(handed.listen_or_bind(Some("web"), ANY).unwrap()[0].is_handed());
    }

    #[test]
    fn an_address_that_launchd_may_hold_explains_the_name() {
        let holder = TcpListener::bind(ANY).unwrap();
        let inherited = InheritedFds::from(Received::of_launchd(None, only_web).unwrap());
        let addr = holder.local_addr().unwrap().into();
        let err = inherited.explain(Error::in_use(&addr, None));
        assert!(err.to_string().contains("rename the key under Sockets to Listeners"), "{err}");
    }

    #[test]
    fn other_code_that_has_taken_the_default_name_leaves_other_names() {
        let handed = job(|name| if name == c"web" { full(name) } else { Err(TAKEN_BEFORE) });
        let err = handed.listen_or_bind(None, ANY).unwrap_err();
        assert!(err.to_string().contains("taken before"), "{err}");
        assert!(handed.take_tcp_listener("web").unwrap().is_some());
        let err = handed.take_tcp_listener("admin").unwrap_err();
        assert!(matches!(err, Error::AlreadyTaken { .. }), "{err}");
    }

    #[test]
    fn a_socket_of_another_kind_stays_where_it_is() {
        let handed = job(full);
        let err = handed.listen_or_bind(Some("dns"), ANY).unwrap_err();
        assert!(matches!(err, Error::WrongKind { .. }) && err.to_string().contains("UDP"), "{err}");
        assert!(handed.take_udp_socket("dns").unwrap().is_some());
    }

    #[test]
    fn another_error_of_launchd_is_passed_on() {
        let err = job(full).listen_or_bind(Some("broken"), ANY).unwrap_err();
        assert!(err.to_string().contains("broken") && std::error::Error::source(&err).is_some());
        let err = Received::of_launchd(None, |_| Err(5)).unwrap_err();
        assert!(err.to_string().contains(DEFAULT_NAME), "{err}");
    }

    #[test]
    fn code_that_switches_socket_activation_off_binds() {
        assert!(!ListenFd::empty().listen_or_bind(Some("web"), ANY).unwrap()[0].is_handed());
    }
}
