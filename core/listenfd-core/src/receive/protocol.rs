//! The variables that announce handed sockets, parsed and written. Nothing is opened here.
//!
//! The variables of `sd_listen_fds(3)`:
//!
//! * `LISTEN_FDS` is the number of sockets. The first is at fd 3.
//! * `LISTEN_PID` is the process that they are for.
//! * `LISTEN_FDNAMES` is their names, separated by colons.
//! * `LISTEN_PIDFDID` (systemd 258) is the inode number of the receiver's own pidfd, in case the pid is
//!   used again.
//!
//! Two extensions come from the `listenfd` crate: without `LISTEN_PID` any process may take the sockets,
//! and `LISTEN_FDS_FIRST_FD` is the first fd if it is not 3.
//!
//! This module is for suppliers and receivers in other packages. Applications use
//! [`ListenFd`](crate::ListenFd).

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;

use crate::error::Error;

use super::handed::MAX_SOCKETS;
pub use super::handed::{Foreign, Handed, Receiver, Sockets};

/// `SD_LISTEN_FDS_START` of `sd_listen_fds(3)`: the first fd that is handed over.
pub const FIRST_FD: u32 = 3;

/// All variables of the protocol.
pub const VARIABLES: [&str; 5] =
    ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "LISTEN_FDS_FIRST_FD"];

// Their positions in the array.
const FDS: usize = 0;
const PID: usize = 1;
const FDNAMES: usize = 2;
const PIDFDID: usize = 3;
const FDS_FIRST_FD: usize = 4;

/// The values of [`VARIABLES`]. `None` is unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vars {
    values: [Option<OsString>; VARIABLES.len()],
}

impl Vars {
    /// Calls `lookup` for each variable. An empty value counts as unset.
    pub fn from_fn(mut lookup: impl FnMut(&str) -> Option<OsString>) -> Self {
        let mut value = |variable: usize| lookup(VARIABLES[variable]).filter(|v| !v.is_empty());
        let pid = value(PID);
        // It has no meaning without the pid.
        let pidfd_id = if pid.is_some() { value(PIDFDID) } else { None };
        Vars { values: [value(FDS), pid, value(FDNAMES), pidfd_id, value(FDS_FIRST_FD)] }
    }

    /// Each variable with its value. `None` means that it must not be set.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<&OsStr>)> {
        VARIABLES.into_iter().zip(self.values.iter().map(Option::as_deref))
    }

    /// This process, as far as the variables need it: each part takes system calls.
    #[cfg(unix)]
    pub(crate) fn receiver(&self) -> Receiver {
        Receiver {
            pid: self.value(PID).map_or(0, |_| std::process::id()),
            pidfd_id: self.value(PIDFDID).and_then(|_| crate::sys::pidfd_id()),
        }
    }

    fn value(&self, variable: usize) -> Option<&OsStr> {
        self.values[variable].as_deref()
    }
}

/// Reads the variables on behalf of `receiver`.
///
/// Variables for another process are not checked any further, so they may be malformed.
///
/// # Errors
///
/// When a variable is malformed, when a number is out of range, or when the number of names is not that of
/// the sockets.
pub fn parse(vars: &Vars, receiver: &Receiver) -> Result<Handed, Error> {
    let Some(count) = vars.value(FDS) else {
        return Ok(Handed::Nothing);
    };
    let pid = number(vars, PID, "a process id", 1..=u32::MAX)?;
    let pidfd_id = number(vars, PIDFDID, "a pidfd's inode number", 0..=u64::MAX)?;
    if let Some(meant_for) = pid {
        let reused = matches!((pidfd_id, receiver.pidfd_id), (Some(a), Some(b)) if a != b);
        if meant_for != receiver.pid || reused {
            return Ok(Handed::Foreign(Foreign { meant_for, found_by: receiver.pid }));
        }
    }
    let what = "a number of sockets";
    let count = checked(FDS, count, what, 0..=MAX_SOCKETS)?;
    if count == 0 {
        return Ok(Handed::Nothing);
    }
    let last = i32::MAX.unsigned_abs() - MAX_SOCKETS;
    let first_fd = number(vars, FDS_FIRST_FD, "an fd", FIRST_FD..=last)?.unwrap_or(FIRST_FD);
    Ok(Handed::Sockets(Sockets { first_fd, names: names(vars, count)? }))
}

/// Writes the variables that hand `sockets` to `receiver`, or to the first process that takes them.
///
/// `parse(&encode(sockets, receiver), receiver)` returns `sockets` again, for names that
/// [`is_valid_name`] accepts.
#[must_use]
pub fn encode(sockets: &Sockets, receiver: Option<&Receiver>) -> Vars {
    let named = sockets.names.iter().any(Option::is_some);
    let names = sockets.names.iter().map(|name| name.as_deref().unwrap_or(NO_NAME));
    let values = [
        Some(sockets.names.len().to_string()),
        receiver.map(|receiver| receiver.pid.to_string()),
        named.then(|| names.collect::<Vec<_>>().join(":")),
        receiver.and_then(|receiver| receiver.pidfd_id).map(|id| id.to_string()),
        Some(sockets.first_fd.to_string()),
    ];
    Vars { values: values.map(|value| value.map(OsString::from)) }
}

/// Whether `LISTEN_FDNAMES` can carry this name: 1 to 255 printable ASCII characters except the colon
/// (`FileDescriptorName=`, `systemd.socket(5)`), and not `unknown`, which means no name.
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b':')
        && name != NO_NAME
}

/// The entry in `LISTEN_FDNAMES` of a socket without a name.
const NO_NAME: &str = "unknown";

fn names(vars: &Vars, count: u32) -> Result<Vec<Option<String>>, Error> {
    parse_names(vars.value(FDNAMES), count as usize)
}

/// The names of this many sockets that came without the other variables.
#[cfg(windows)]
pub(super) fn names_of(
    lookup: impl FnOnce(&str) -> Option<OsString>,
    count: usize,
) -> Result<Vec<Option<String>>, Error> {
    parse_names(lookup(VARIABLES[FDNAMES]).as_deref(), count)
}

fn parse_names(value: Option<&OsStr>, count: usize) -> Result<Vec<Option<String>>, Error> {
    let Some(value) = value else {
        return Ok(vec![None; count]);
    };
    let text = value.to_str().ok_or_else(|| Error::Variable {
        variable: VARIABLES[FDNAMES],
        found: value.to_string_lossy().into_owned(),
        expected: "names in UTF-8, separated by colons".into(),
    })?;
    let names: Vec<_> = text
        .split(':')
        .map(|name| (!name.is_empty() && name != NO_NAME).then(|| name.to_owned()))
        .collect();
    if names.len() != count {
        return Err(Error::Variable {
            variable: VARIABLES[FDNAMES],
            found: text.to_owned(),
            expected: format!("as many names as there are sockets, {count}"),
        });
    }
    Ok(names)
}

fn number<T>(
    vars: &Vars,
    variable: usize,
    what: &str,
    range: RangeInclusive<T>,
) -> Result<Option<T>, Error>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    vars.value(variable).map(|value| checked(variable, value, what, range)).transpose()
}

fn checked<T>(
    variable: usize,
    value: &OsStr,
    what: &str,
    range: RangeInclusive<T>,
) -> Result<T, Error>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    value
        .to_str()
        // `from_str` of a number accepts a plus sign, which no supplier writes.
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| Error::Variable {
            variable: VARIABLES[variable],
            found: value.to_string_lossy().into_owned(),
            expected: format!("{what} from {} to {}", range.start(), range.end()),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ME: Receiver = Receiver { pid: 100, pidfd_id: Some(7) };

    fn vars(pairs: &[(&str, &str)]) -> Vars {
        Vars::from_fn(|name| {
            pairs.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.into())
        })
    }

    fn sockets(names: &[Option<&str>]) -> Handed {
        Handed::Sockets(Sockets {
            first_fd: 3,
            names: names.iter().map(|name| name.map(str::to_owned)).collect(),
        })
    }

    #[track_caller]
    fn refused(pairs: &[(&str, &str)], variable: &str, part: &str) {
        let err = parse(&vars(pairs), &ME).unwrap_err().to_string();
        assert!(err.contains(variable) && err.contains(part), "{err}");
    }

    #[test]
    fn no_variables_or_no_sockets_is_nothing() {
        for pairs in [&[][..], &[("LISTEN_PID", "100")], &[("LISTEN_FDS", "")]] {
            assert_eq!(parse(&vars(pairs), &ME).unwrap(), Handed::Nothing);
        }
        assert_eq!(parse(&vars(&[("LISTEN_FDS", "0")]), &ME).unwrap(), Handed::Nothing);
    }

    #[test]
    fn without_a_pid_the_sockets_are_for_any_process() {
        for pairs in [&[("LISTEN_FDS", "1")][..], &[("LISTEN_FDS", "1"), ("LISTEN_PID", "")]] {
            assert_eq!(parse(&vars(pairs), &ME).unwrap(), sockets(&[None]));
        }
    }

    #[test]
    fn variables_for_another_pid_or_pidfd_may_be_malformed() {
        let foreign = Handed::Foreign(Foreign { meant_for: 99, found_by: 100 });
        let found = parse(&vars(&[("LISTEN_FDS", "many"), ("LISTEN_PID", "99")]), &ME);
        assert_eq!(found.unwrap(), foreign);
        let reused = [("LISTEN_FDS", "1"), ("LISTEN_PID", "100"), ("LISTEN_PIDFDID", "8")];
        let foreign = Handed::Foreign(Foreign { meant_for: 100, found_by: 100 });
        assert_eq!(parse(&vars(&reused), &ME).unwrap(), foreign);
        let old_kernel = Receiver { pidfd_id: None, ..ME };
        assert_eq!(parse(&vars(&reused), &old_kernel).unwrap(), sockets(&[None]));
    }

    #[test]
    fn names_belong_to_sockets_in_order_and_unknown_is_none() {
        let pairs = [("LISTEN_FDS", "4"), ("LISTEN_FDNAMES", "web:unknown::web")];
        assert_eq!(
            parse(&vars(&pairs), &ME).unwrap(),
            sockets(&[Some("web"), None, None, Some("web")])
        );
    }

    #[test]
    fn malformed_variables_are_named() {
        for count in ["many", "-1", "99999999", "+1", " 1", "1.0", "184467440737095516160"] {
            refused(&[("LISTEN_FDS", count)], "LISTEN_FDS", count);
        }
        refused(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "me")], "LISTEN_PID", "me");
        refused(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "0")], "LISTEN_PID", "0");
        let pairs = [("LISTEN_FDS", "1"), ("LISTEN_PID", "100"), ("LISTEN_PIDFDID", "x")];
        refused(&pairs, "LISTEN_PIDFDID", "x");
        refused(&[("LISTEN_FDS", "1"), ("LISTEN_FDS_FIRST_FD", "2")], "FIRST_FD", "from 3");
        refused(&[("LISTEN_FDS", "2"), ("LISTEN_FDNAMES", "web")], "LISTEN_FDNAMES", "2");
        refused(&[("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "a:b")], "LISTEN_FDNAMES", "a:b");
    }

    #[test]
    fn names_that_the_variable_cannot_carry() {
        for name in ["", "unknown", "a:b", "tab\t", "ü", &"x".repeat(256)] {
            assert!(!is_valid_name(name), "{name:?}");
        }
        assert!(is_valid_name("web") && is_valid_name("a b-c.socket"));
    }

    fn name() -> impl Strategy<Value = String> {
        "[ -9;-~]{1,20}".prop_filter("valid", |name| is_valid_name(name))
    }

    proptest! {
        #[test]
        fn parse_reads_what_encode_writes(
            first_fd in 3u32..1000,
            names in prop::collection::vec(prop::option::of(name()), 1..20),
            pid in 1u32..,
            pidfd_id in prop::option::of(any::<u64>()),
            with_pid: bool,
        ) {
            let (sockets, receiver) = (Sockets { first_fd, names }, Receiver { pid, pidfd_id });
            let vars = encode(&sockets, with_pid.then_some(&receiver));
            prop_assert_eq!(parse(&vars, &receiver).unwrap(), Handed::Sockets(sockets));
        }

        #[test]
        fn never_panics(values in prop::collection::vec(prop::option::of("\\PC{0,12}|[0-9]{1,25}"), 5)) {
            let mut values = values.into_iter();
            let vars = Vars::from_fn(|_| values.next().flatten().map(OsString::from));
            let _ = parse(&vars, &ME);
        }
    }
}
