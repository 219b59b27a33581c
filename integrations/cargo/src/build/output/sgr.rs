//! Text with escape sequences that set colors, and with no others.

/// The text without control characters and escape sequences, except line ends, tabs and SGR
/// sequences (`ESC [ 1 ; 31 m`). A macro may put anything into a message.
pub(crate) fn with_colors_only(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' && c != '\t') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let (length, is_color) = sequence(rest);
        if is_color {
            kept.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    kept.push_str(rest);
    kept
}

/// The length of the control character or escape sequence at the beginning, and whether it sets
/// colors ("Control functions for coded character sets", ECMA-48).
fn sequence(text: &str) -> (usize, bool) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let Some(after) = text.strip_prefix('\x1b') else { return (first, false) };
    match after.as_bytes().first() {
        Some(b'[') => {
            let parameters = after[1..].bytes().take_while(|byte| (0x20..0x40).contains(byte));
            let end = 1 + parameters.count();
            let is_final =
                after.as_bytes().get(end).is_some_and(|last| (0x40..0x7f).contains(last));
            let is_number = |byte: u8| byte.is_ascii_digit() || byte == b';' || byte == b':';
            let is_color =
                is_final && after.as_bytes()[end] == b'm' && after[1..end].bytes().all(is_number);
            (1 + end + usize::from(is_final), is_color)
        }
        // A string, such as a window's title or a link, up to BEL or ST.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = after.find(['\x07', '\x1b', '\n']);
            let end = end.unwrap_or(after.len());
            let terminator = match &after[end..] {
                rest if rest.starts_with('\x07') => 1,
                rest if rest.starts_with("\x1b\\") => 2,
                _ => 0,
            };
            (1 + end + terminator, false)
        }
        Some(byte) if (0x30..0x7f).contains(byte) => (2, false),
        _ => (1, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colors_are_left() {
        for (text, expected) in [
            ("\x1b[1m\x1b[38;5;9merror\x1b[0m: a\tb\n", "\x1b[1m\x1b[38;5;9merror\x1b[0m: a\tb\n"),
            ("\x1b[2Ja\x1b[10;3Hb\x1b[?25lc\r\x07\u{9b}d", "abcd"),
            ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
            ("\x1bcé\x1b", "é"),
            ("\x1b[31", ""),
            ("\x1b]0;open\nend", "\nend"),
            ("\x1b[<1mü\x1b", "ü"),
        ] {
            assert_eq!(with_colors_only(text), expected, "{text:?}");
        }
    }
}
