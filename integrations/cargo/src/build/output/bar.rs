//! cargo's progress bar: what it says, and text without it.

/// The numbers in a bar: `Building [===>   ] 12/40: serde, syn`.
pub(crate) fn numbers(line: &str) -> Option<(u32, u32)> {
    let (before, after) = line.split_once('[')?;
    let (bar, after) = after.split_once("] ")?;
    let is_bar = matches!(before.trim(), "" | "Building")
        && bar.bytes().all(|byte| matches!(byte, b'=' | b'>' | b' '));
    let (done, after) = after.split_once('/')?;
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let (done, total) = (done.trim().parse().ok()?, after[..end].parse().ok()?);
    (is_bar && done <= total).then_some((done, total))
}

/// Leaves the bar out of cargo's output, where it is shown on no terminal.
#[derive(Debug, Default)]
pub(crate) struct WithoutBar {
    line: Vec<u8>,
    /// Whether a carriage return has ended the line so far.
    has_returned: bool,
}

/// With this, cargo erases the bar.
const ERASE: &[u8] = b"\x1b[K";
/// A longer line is passed on in parts.
const LONGEST_LINE: usize = 64 * 1024;

impl WithoutBar {
    /// Takes output, and returns the lines that have ended.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut lines = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    self.end(&mut lines);
                    lines.push(b'\n');
                }
                b'\r' => self.has_returned = true,
                byte => {
                    if std::mem::take(&mut self.has_returned) {
                        // What comes next overwrites the line.
                        self.line.clear();
                    }
                    self.line.push(*byte);
                    if self.line.len() >= LONGEST_LINE {
                        lines.append(&mut self.line);
                    }
                }
            }
        }
        lines
    }

    /// Returns the last line, if it has no end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        if !self.has_returned {
            self.end(&mut rest);
        }
        rest
    }

    fn end(&mut self, lines: &mut Vec<u8>) {
        let line = self.line.strip_prefix(ERASE).unwrap_or(&self.line);
        lines.extend_from_slice(line);
        self.line.clear();
        self.has_returned = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_many_are_done_of_how_many() {
        for (line, expected) in [
            ("    Building [===>      ] 12/40: serde, syn(build.rs)...", Some((12, 40))),
            ("[                             ] 0/1: app(bin)          ", Some((0, 1))),
            ("    Building [=======================> ] 399/400", Some((399, 400))),
            ("   Compiling app v0.1.0 (/home/dev/[x] 1/2)", None),
            (" Downloading [=====>   ]  3/4, remaining bytes: 1.2MB", None),
            ("    Building [ ] 99999999999/1", None),
            ("    Building [ ] 2/1", None),
            ("    Building [ ] /", None),
            ("", None),
        ] {
            assert_eq!(numbers(line), expected, "{line}");
        }
    }

    #[test]
    fn all_but_the_bar_is_left() {
        let colored = "\x1b[1m\x1b[92m   Compiling\x1b[0m app v0.1.0 (/app)\n\
                       \x1b[1m\x1b[96m    Building\x1b[0m [    ] 0/1: app(bin)     \r\x1b[K\
                       \x1b[1m\x1b[96m    Building\x1b[0m [>   ] 0/1: app(bin)     \r\x1b[K\
                       \x1b[1m\x1b[92m    Finished\x1b[0m in 0.20s\n";
        let expected = "\x1b[1m\x1b[92m   Compiling\x1b[0m app v0.1.0 (/app)\n\
                        \x1b[1m\x1b[92m    Finished\x1b[0m in 0.20s\n";
        let plain = "[    ] 0/1: app(bin)   \rwarning: unused\r\nend\n[=> ] 1/2: app  \r";
        for (text, expected) in [(colored, expected), (plain, "warning: unused\nend\n")] {
            for size in [1, 7, 1000] {
                let mut filter = WithoutBar::default();
                let chunks = text.as_bytes().chunks(size);
                let mut left: Vec<u8> = chunks.flat_map(|chunk| filter.take(chunk)).collect();
                left.extend(filter.rest());
                assert_eq!(String::from_utf8(left).unwrap(), expected);
            }
        }
        let mut filter = WithoutBar::default();
        assert!(filter.take(b"no end").is_empty());
        assert_eq!(filter.rest(), b"no end");
    }
}
