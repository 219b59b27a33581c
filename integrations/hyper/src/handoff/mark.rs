//! The mark of a program that takes connections over.

/// Stands in every program with this server, and says that it takes connections over. It ends with the
/// [`HANDOFF_VERSION`](listenfd_core::internal::HANDOFF_VERSION), so a program of another version does not
/// have it.
///
/// It is not in listenfd-lifecycle: actix-web servers have that, too, and take none over.
#[used]
pub static MARK: [u8; 40] = *b"listenfd: takes over connections, form 2";

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that were built before must find it, so it changes with the version only.
    #[test]
    fn the_mark_is_byte_for_byte_that_of_this_version() {
        assert_eq!(&MARK[..], b"listenfd: takes over connections, form 2");
    }

    #[test]
    fn the_mark_ends_in_the_version_of_the_handoff() {
        let form = format!("form {}", listenfd_core::internal::HANDOFF_VERSION);
        assert!(MARK.ends_with(form.as_bytes()));
    }
}
