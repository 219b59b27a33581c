//! Text that nobody can guess.

use std::fs::File;
use std::io::{self, Read};

/// `BYTES` random bytes in hexadecimal.
///
/// # Errors
///
/// When the system has no random bytes.
pub(crate) fn text<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
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
