//! The format of environment files, as dotenvy reads it.
//!
//! An error says which line is wrong and why, but nothing of its content, which may be secret.

use std::cell::Cell;
use std::io::{self, Read};

/// Parses the variables.
///
/// # Errors
///
/// The number of the first invalid line, and the mistake in it.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let line = |at: usize| text.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    let Ok(text) = std::str::from_utf8(text) else {
        let at = std::str::from_utf8(text).err().map_or(0, |err| err.valid_up_to());
        return Err((line(at), "it is no UTF-8"));
    };
    let taken = Cell::new(0);
    let mut entries = dotenvy::from_read_iter(Lines { rest: text.as_bytes(), taken: &taken });
    let mut variables = Vec::new();
    loop {
        let before = taken.get();
        match entries.next() {
            None => return Ok(variables),
            Some(Ok(entry)) => variables.push(entry),
            // dotenvy's own message would quote the line.
            Some(Err(err)) => {
                let (skipped, first) = first_entry(&text[before.min(text.len())..]);
                return Err((line(before + skipped), mistake(&err, first)));
            }
        }
    }
}

/// The length of the empty lines and comments before the first entry, and the entry's first line.
fn first_entry(text: &str) -> (usize, &str) {
    let mut skipped = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.trim_start();
        if !begins.is_empty() && !begins.starts_with('#') {
            return (skipped, line);
        }
        skipped += line.len();
    }
    (skipped, "")
}

fn mistake(err: &dotenvy::Error, line: &str) -> &'static str {
    // dotenvy strips the line end from a complete entry.
    if matches!(err, dotenvy::Error::LineParse(entry, _) if entry.ends_with('\n')) {
        return "a quotation mark is not closed";
    }
    let line = line.trim_start();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let name = line.split('=').next().unwrap_or_default().trim_end();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    match line.contains('=') {
        false => "it is no NAME=VALUE",
        true if !is_name => "a name has letters, digits, _ and . only, and begins with no digit",
        true => {
            "the value cannot be understood; put quotation marks around one with blanks, and single \
             ones around one with a backslash or a $"
        }
    }
}

/// Gives dotenvy one line at a time and counts the bytes that it has taken. Adds a missing last
/// line end.
struct Lines<'a> {
    rest: &'a [u8],
    taken: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let length = line.len().min(buffer.len());
        let (piece, rest) = self.rest.split_at(length);
        buffer[..length].copy_from_slice(piece);
        self.rest = rest;
        self.taken.set(self.taken.get() + length);
        if rest.is_empty() && length < buffer.len() && length > 0 && !piece.ends_with(b"\n") {
            buffer[length] = b'\n';
            return Ok(length + 1);
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_but_not_its_content() {
        for (text, line, part) in [
            ("A=1\n\n# b\nNAME='not closed\nKEY=secret\n", 4, "not closed"),
            ("NAME=\"not closed", 1, "not closed"),
            ("A=1\r\nB='two\r\nlines'\r\nsecret\r\n", 4, "NAME=VALUE"),
            ("A=1\nexport secret\n", 2, "NAME=VALUE"),
            ("A=1\n2B=secret", 2, "digit"),
            ("A=\"x\" secret\n", 1, "quotation marks"),
            ("# c\nA=sec\\ret", 2, "quotation marks"),
            ("A=1\n\n\u{1}=secret", 3, "name"),
        ] {
            let (found, reason) = parse(text.as_bytes()).unwrap_err();
            assert!(found == line && reason.contains(part), "{text:?}: {found} {reason}");
        }
        let (line, reason) = parse(b"A=1\nB=\xffsecret").unwrap_err();
        assert!(line == 2 && reason.contains("UTF-8"), "{line} {reason}");
    }

    #[test]
    fn a_file_with_the_line_ends_of_windows_is_the_same() {
        let text = "\u{feff}# c\nA=1\nexport B=\"x y\"\n\nC=\nD='a b' # c\nE=last";
        let found = parse(text.replace('\n', "\r\n").as_bytes()).unwrap();
        assert_eq!(found, parse(text.as_bytes()).unwrap());
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn valid_files_are_read() {
        let long = "x".repeat(20_000);
        let text =
            format!("\u{feff}A=1 # c\nexport B='two\nlines'\n\nC={long}\nD=\"${{A}}\"\nE=5  ");
        let found = parse(text.as_bytes()).unwrap();
        let of = |name: &str| found.iter().find(|(found, _)| found == name).unwrap().1.as_str();
        assert_eq!((of("A"), of("B"), of("D"), of("E")), ("1", "two\nlines", "1", "5"));
        assert_eq!(of("C"), long);
    }
}
