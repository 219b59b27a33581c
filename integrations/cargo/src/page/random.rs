//! Text that nobody can guess.

use std::io;

#[cfg(windows)]
use crate::sys::system::fill_with_random;

/// `BYTES` random bytes in hexadecimal.
///
/// # Errors
///
/// When the system has no random bytes.
pub(crate) fn text<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    fill_with_random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two texts are equal. Takes the same time wherever the first difference is.
pub(crate) fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (left, right)| all | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differences) == 0
}

#[cfg(unix)]
fn fill_with_random(bytes: &mut [u8]) -> io::Result<()> {
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_long_and_another_each_time() {
        let texts = [(); 2].map(|()| text::<16>().unwrap());
        assert!(texts[0] != texts[1] && texts[0].len() == 32, "{texts:?}");
        assert!(texts[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
