//! What is said over a socket: one line of JSON as the request, and one as the answer.

use serde::{Deserialize, Serialize};

/// A request, such as `{"command":"wait"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// The status now, with or without the last output of the program.
    Status {
        #[serde(default)]
        output: bool,
    },
    /// The status as soon as what is on disk now is served, or cannot be.
    Wait,
    /// A build and a restart; the status now, or with `wait` as soon as that has ended.
    Restart { wait: bool },
    /// The end. The status now; then the connection stays open until the process has ended.
    Stop,
}

/// An answer. To the one who writes it, a status is a value; to the one who reads it, any JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer<S> {
    Status(S),
    /// The request was not understood, or is not answered.
    Error(String),
}

/// The longest request.
pub(crate) const LONGEST_REQUEST: u64 = 4096;
/// The longest answer. A status is bounded far below.
pub(crate) const LONGEST_ANSWER: u64 = 64 << 20;

/// The line of a request or an answer.
pub(crate) fn line(message: &impl Serialize) -> Vec<u8> {
    // All of it can be JSON.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_lines_of_json() {
        for (request, text) in [
            (Request::Status { output: true }, "{\"command\":\"status\",\"output\":true}\n"),
            (Request::Wait, "{\"command\":\"wait\"}\n"),
            (Request::Restart { wait: true }, "{\"command\":\"restart\",\"wait\":true}\n"),
            (Request::Stop, "{\"command\":\"stop\"}\n"),
        ] {
            assert_eq!(line(&request), text.as_bytes());
            assert_eq!(serde_json::from_str::<Request>(text).unwrap(), request);
        }
        let status = serde_json::from_str::<Request>("{\"command\":\"status\"}").unwrap();
        assert_eq!(status, Request::Status { output: false });
        for text in ["", "{}", "[]", "{\"command\":\"quit\"}", "{\"command\":\"restart\"}"] {
            assert!(serde_json::from_str::<Request>(text).is_err(), "{text}");
        }
    }
}
