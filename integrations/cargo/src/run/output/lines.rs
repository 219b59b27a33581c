//! Lines of output, put together from reads that may end anywhere.

use anstream::adapter::strip_str;

/// Puts lines together.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    /// How many bytes of the line were dropped.
    dropped: usize,
}

/// The rest of a longer line is dropped. Much more than is shown, so that no part of a secret is
/// shown that is not recognized as one.
const LONGEST: usize = 64 * 1024;

impl Lines {
    /// Takes output, and calls `each` with the lines that have ended, without escape sequences.
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(String)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let room = (LONGEST - self.line.len()).min(text.len());
            self.line.extend_from_slice(&text[..room]);
            self.dropped += text.len() - room;
            if ends {
                each(self.end());
            }
        }
    }

    /// The last line, if it has no end.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.end())
    }

    fn end(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.line);
        let mut text = shown(&text);
        if self.dropped > 0 {
            text.push_str(&format!(" [{} more bytes]", self.dropped));
        }
        self.line.clear();
        self.dropped = 0;
        text
    }
}

/// What a terminal shows of a line in the end: what comes after a carriage return overwrites it.
fn shown(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').next().unwrap_or_default();
    let text = strip_str(line).to_string();
    if text.contains(|c: char| c.is_control() && c != '\t') {
        text.replace(|c: char| c.is_control() && c != '\t', "")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, size: usize) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for chunk in text.as_bytes().chunks(size) {
            lines.take(chunk, |line| found.push(line));
        }
        found.extend(lines.rest());
        found
    }

    #[test]
    fn lines_are_whole_and_plain_wherever_a_read_ends() {
        let text =
            "\x1b[2m2024\x1b[0m \x1b[32m INFO\x1b[0m é\r\n 10%\r100%\n\n\x1b]0;t\x07end\u{7}";
        for size in [1, 2, 3, 1000] {
            assert_eq!(lines(text, size), ["2024  INFO é", "100%", "", "end"]);
        }
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let found = lines(&format!("{}\nnext", "x".repeat(LONGEST + 10)), 4096);
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with("xx [10 more bytes]") && found[1] == "next");
    }
}
