//! The limit of open files (`RLIMIT_NOFILE`, `getrlimit(2)`). A process that keeps connections raises
//! it for itself, and restores it for the programs that it starts.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::fmt;
use std::io;
use std::num::ParseIntError;
use std::str::FromStr;

/// How many files a process may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles(libc::rlim_t);

impl OpenFiles {
    /// The limit of this process.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn current() -> io::Result<Self> {
        limit().map(|(soft, _)| OpenFiles(soft))
    }

    /// Raises the limit of this process as far as the system allows; returns the limit before.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn raise() -> io::Result<Self> {
        let (soft, hard) = limit()?;
        // Where none of them is allowed, it stays as it is.
        let _ = higher(soft, hard).find(|limit| set_limit(*limit, hard).is_ok());
        Ok(OpenFiles(soft))
    }

    /// Sets the limit of this process. It allocates nothing, so it may be called between fork and exec.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn restore(self) -> io::Result<()> {
        let (_, hard) = limit()?;
        set_limit(self.0, hard)
    }

    /// The number of files; `None` when there is no limit.
    #[must_use]
    pub fn count(self) -> Option<usize> {
        let count = usize::try_from(self.0).ok();
        count.filter(|_| self.0 != libc::RLIM_INFINITY)
    }
}

/// The limits to try, above this soft limit and not above the hard one.
fn higher(soft: libc::rlim_t, hard: libc::rlim_t) -> impl Iterator<Item = libc::rlim_t> {
    /// macOS refuses more, although the hard limit is infinite there (`OPEN_MAX`, `setrlimit(2)`).
    const OPEN_MAX: libc::rlim_t = 10_240;
    [hard, OPEN_MAX.min(hard)].into_iter().filter(move |limit| *limit > soft)
}

/// The soft and the hard limit of this process.
fn limit() -> io::Result<(libc::rlim_t, libc::rlim_t)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live structure.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } {
        0 => Ok((limit.rlim_cur, limit.rlim_max)),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set_limit(soft: libc::rlim_t, hard: libc::rlim_t) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the pointer is to a live structure.
    match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

impl fmt::Display for OpenFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OpenFiles {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(OpenFiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_only_raised() {
        let tried = |soft, hard| higher(soft, hard).collect::<Vec<_>>();
        assert_eq!(tried(256, libc::RLIM_INFINITY), [libc::RLIM_INFINITY, 10_240]);
        assert_eq!(tried(1024, 4096), [4096, 4096]);
        assert_eq!(tried(65_536, 1 << 20), [1 << 20]);
        assert!(tried(4096, 4096).is_empty());
    }

    #[test]
    fn a_limit_can_be_passed_on_as_an_argument() {
        for limit in [OpenFiles::current().unwrap(), OpenFiles(libc::RLIM_INFINITY)] {
            assert_eq!(limit.to_string().parse(), Ok(limit));
        }
        assert_eq!(OpenFiles(libc::RLIM_INFINITY).count(), None);
        assert_eq!(OpenFiles(1024).count(), Some(1024));
    }
}
