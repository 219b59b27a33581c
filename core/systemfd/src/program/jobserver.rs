//! The jobserver of `make -j`: a pair of fds that `MAKEFLAGS` announces. Where sockets take their place,
//! the announcement is removed, or a make or cargo below would write job tokens into a socket.

use std::ffi::{OsStr, OsString};
use std::ops::Range;

/// The variables that announce it, of GNU make and of cargo.
pub(super) const VARIABLES: [&str; 3] = ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// The flags without a jobserver at one of the `replaced` fds; `None` when there is none.
pub(super) fn without(flags: &OsStr, replaced: Range<u32>) -> Option<OsString> {
    let text = flags.to_str()?;
    let kept: Vec<_> = text.split(' ').filter(|word| !announces(word, &replaced)).collect();
    let kept = kept.join(" ");
    (kept != text).then(|| kept.into())
}

fn announces(word: &str, replaced: &Range<u32>) -> bool {
    let fds =
        word.strip_prefix("--jobserver-auth=").or_else(|| word.strip_prefix("--jobserver-fds="));
    fds.is_some_and(|fds| {
        fds.split(',').any(|fd| fd.parse().is_ok_and(|fd| replaced.contains(&fd)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_jobserver_at_our_fds_is_removed() {
        let without = |flags: &str| without(flags.as_ref(), 3..5);
        assert_eq!(without(" -j2 --jobserver-auth=3,4").unwrap(), " -j2");
        assert_eq!(without("-j --jobserver-fds=4,5 --x").unwrap(), "-j --x");
        assert_eq!(without(" -j2 --jobserver-auth=7,8"), None);
        assert_eq!(without("--jobserver-auth=fifo:/tmp/GMfifo1"), None);
        assert_eq!(without(""), None);
    }
}
