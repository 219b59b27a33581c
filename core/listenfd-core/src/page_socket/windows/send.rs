//! The side of a program.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::super::{NOTE, RELAY, cut};
use super::Place;

/// How long a note may take: the system tries for two seconds to connect to a port that is closed.
const TIMEOUT: Duration = Duration::from_millis(250);

/// What a relay begins with: the token and the message, as far as the request's head. Connect to the place,
/// send this and the head, and read the answer.
#[must_use]
pub fn relay_preface(place: &Place) -> Vec<u8> {
    // No client of Windows has a user id.
    [place.opening().as_bytes(), &[RELAY], b"-\n"].concat()
}

/// Sends a note for the terminal, cut to [`MAX_NOTE`](super::super::MAX_NOTE) bytes.
///
/// # Errors
///
/// When no process listens at the place, or it is busy.
pub fn note(place: &Place, text: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&place.addr(), TIMEOUT)?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(&[place.opening().as_bytes(), &[NOTE], cut(text).as_bytes()].concat())
}
