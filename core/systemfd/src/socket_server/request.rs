//! What a program sends: `SECRET|PID`. Pure, and tested on each platform.

use std::fmt;
use std::hint::black_box;

/// The largest request. A valid one has less than 50 bytes.
pub(super) const MAX_REQUEST: usize = 1024;

/// What only the programs of this supplier know: the text of a random UUID (RFC 9562, version 4), as
/// systemfd 0.4 makes it and the `listenfd` crate reads it.
pub(super) struct Secret(String);

impl Secret {
    /// Makes it of random bytes.
    pub(super) fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push_str(&format!("{byte:02x}"));
        }
        Secret(text)
    }

    /// For the variable of the programs.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Compares in the same time for each text of the right length, so that time tells nothing.
    fn is(&self, text: &[u8]) -> bool {
        let own = self.0.as_bytes();
        let differences = own.iter().zip(text).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        differences == 0 && own.len() == text.len()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not begin with the secret.
    WrongSecret,
    /// The secret is followed by something other than a bar and a process id.
    NoProcess,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::WrongSecret => {
                "a program asked for the sockets with a wrong secret (SYSTEMFD_SOCKET_SECRET) and got \
                 nothing"
            }
            Refused::NoProcess => {
                "a program asked for the sockets without its process id and got nothing"
            }
        })
    }
}

/// The process that requests the sockets.
pub(super) fn parse(request: &[u8], secret: &Secret) -> Result<u32, Refused> {
    let mut parts = request.splitn(2, |byte| *byte == b'|');
    if !secret.is(parts.next().unwrap_or_default()) {
        return Err(Refused::WrongSecret);
    }
    let pid = parts.next().filter(|pid| pid.iter().all(u8::is_ascii_digit));
    let pid = pid.and_then(|pid| std::str::from_utf8(pid).ok()?.parse().ok());
    pid.filter(|pid| *pid != 0).ok_or(Refused::NoProcess)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Secret {
        Secret::from_random(*b"0123456789abcdef")
    }

    #[test]
    fn the_secret_is_the_text_of_a_random_uuid() {
        assert_eq!(secret().text(), "30313233-3435-4637-b839-616263646566");
        assert_eq!(Secret::from_random([0xff; 16]).text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(format!("{:?}", secret()), "Secret");
    }

    #[test]
    fn a_request_has_the_secret_and_a_process_id() {
        let secret = secret();
        let parse = |request: String| parse(request.as_bytes(), &secret);
        let text = secret.text();
        assert_eq!(parse(format!("{text}|1234")), Ok(1234));
        assert_eq!(parse(format!("{text}|4294967295")), Ok(u32::MAX));
        for wrong in ["", "|1234", &text[1..], &format!("{text}0|1234"), &format!(" {text}|1")] {
            assert_eq!(parse(wrong.to_owned()), Err(Refused::WrongSecret), "{wrong}");
        }
        assert_eq!(parse(text.replace('3', "4") + "|1"), Err(Refused::WrongSecret));
        for pid in ["", "|", "|0", "|-1", "|+1", "| 1", "|1|", "|1\n", "|4294967296", "|x"] {
            assert_eq!(parse(format!("{text}{pid}")), Err(Refused::NoProcess), "{pid:?}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..MAX_REQUEST)) {
            prop_assert_eq!(parse(&bytes, &secret()), Err(Refused::WrongSecret));
        }

        #[test]
        fn each_process_id_is_read(pid in 1u32..) {
            let secret = secret();
            prop_assert_eq!(parse(format!("{}|{pid}", secret.text()).as_bytes(), &secret), Ok(pid));
        }

        #[test]
        fn a_secret_with_one_other_bit_is_wrong(byte in 0usize..36, bit in 0u8..8) {
            let secret = secret();
            let mut request = secret.text().as_bytes().to_vec();
            request[byte] ^= 1 << bit;
            request.extend(b"|1");
            prop_assert_eq!(parse(&request, &secret), Err(Refused::WrongSecret));
        }
    }
}
