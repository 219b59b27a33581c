//! The output of cargo and of programs, which ends up in the page and in the browser's console.

use listenfd_devserver::parsers::{cargo_line, output, with_colors_only};

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "output",
    check,
    seeds: &[
        b"\x1b[2m2026-02-14T23:40:00Z\x1b[0m \x1b[33m WARN\x1b[0m app: careful\n {\"level\":\"INFO\"}\n",
        b"thread 'main' (7) panicked at src/main.rs:3:5:\nno\nstack backtrace:\n   0: app::main\n   \
          at ./src/main.rs:3:5\nnote: \n[2026-02-14T23:40:00Z ERROR app] no\n",
        b"The application panicked (crashed).\nMessage:  no\nLocation: src/main.rs:12\n",
        b"    Building [===>   ] 12/40: serde\r\x1b[K    Finished\n\x1b]0;title\x07 10%\r20%\n",
    ],
    words: &[
        " panicked at ", "thread '", "Error:", "stack backtrace:", "note: ", "   1: ", "   at ",
        "\n", "\r", "\x1b[", "\x1b]", "\x1b\\", "\x07", "m", "[", "]", "{\"level\":", "12/40", ": ",
    ],
};

fn check(input: &[u8]) {
    let (lines, panics) = output(&[input]);
    assert!(lines.len() <= input.iter().filter(|byte| **byte == b'\n').count() + 1);
    let is_plain = |line: &String| !line.contains(|c: char| c.is_control() && c != '\t');
    assert!(lines.iter().all(is_plain), "{lines:?}");
    assert!(panics <= lines.len());
    // Put together wherever a read ends.
    let (first, rest) = input.split_at(input.len() / 2);
    assert_eq!(output(&[first, rest]), (lines, panics));
    let text = String::from_utf8_lossy(input);
    let colored = with_colors_only(&text);
    assert_eq!(with_colors_only(&colored), colored);
    for sequence in colored.split('\x1b').skip(1) {
        let end = sequence.find('m').unwrap();
        let is_number = |byte: u8| byte.is_ascii_digit() || byte == b';' || byte == b':';
        assert!(sequence.starts_with('[') && sequence[1..end].bytes().all(is_number));
    }
    for line in text.lines() {
        assert!(cargo_line(line).is_none_or(|(done, total)| done <= total));
    }
}
