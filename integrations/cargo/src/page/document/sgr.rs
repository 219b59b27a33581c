//! Text with the colors of a terminal as HTML: each SGR sequence (ECMA-48, section 8.3.117) becomes
//! a class. Colors beyond the 16 of every terminal are left out, and other sequences are shown.

use super::html::Html;

/// How text looks from some place on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    is_bold: bool,
    /// One of the 16 colors.
    color: Option<u8>,
}

/// Adds `text` to `html`.
pub(super) fn add(html: &mut Html, text: &str) {
    let mut look = Look::default();
    let mut rest = text;
    while let Some(begin) = rest.find("\x1b[") {
        let (before, sequence) = rest.split_at(begin);
        let body = &sequence[2..];
        let end =
            body.find(|found: char| !found.is_ascii_digit() && found != ';').unwrap_or(body.len());
        if !body[end..].starts_with('m') {
            // No SGR sequence.
            add_run(html, look, &rest[..begin + 2]);
            rest = body;
            continue;
        }
        add_run(html, look, before);
        look.apply(&body[..end]);
        rest = &body[end + 1..];
    }
    add_run(html, look, rest);
}

fn add_run(html: &mut Html, look: Look, text: &str) {
    if text.is_empty() {
        return;
    }
    let color = look.color.map(class);
    match (color, look.is_bold) {
        (None, false) => {
            html.text(text);
            return;
        }
        (None, true) => html.raw("<span class=\"sgr-bold\">"),
        (Some(color), false) => html.raw("<span class=\"").raw(color).raw("\">"),
        (Some(color), true) => html.raw("<span class=\"sgr-bold ").raw(color).raw("\">"),
    };
    html.text(text).raw("</span>");
}

fn class(color: u8) -> &'static str {
    match color {
        1 | 9 => "sgr-red",
        2 | 10 => "sgr-green",
        3 | 11 => "sgr-yellow",
        4 | 12 => "sgr-blue",
        5 | 13 => "sgr-magenta",
        6 | 14 => "sgr-cyan",
        7 | 15 => "sgr-white",
        // Black would not be seen on black.
        _ => "sgr-gray",
    }
}

impl Look {
    fn apply(&mut self, parameters: &str) {
        let mut numbers = parameters.split(';').map(|number| match number {
            "" => Some(0),
            number => number.parse::<u16>().ok(),
        });
        while let Some(number) = numbers.next() {
            match number {
                Some(0) => *self = Look::default(),
                Some(1) => self.is_bold = true,
                Some(22) => self.is_bold = false,
                Some(color @ 30..=37) => self.color = u8::try_from(color - 30).ok(),
                Some(color @ 90..=97) => self.color = u8::try_from(color - 90 + 8).ok(),
                Some(39) => self.color = None,
                Some(ground @ (38 | 48)) => {
                    let color = extended(&mut numbers);
                    if ground == 38 {
                        self.color = color;
                    }
                }
                _ => {}
            }
        }
    }
}

/// The color after `38` or `48`, if it is one of the 16.
fn extended(numbers: &mut impl Iterator<Item = Option<u16>>) -> Option<u8> {
    match numbers.next().flatten() {
        Some(5) => {
            let color = numbers.next().flatten()?;
            u8::try_from(color).ok().filter(|color| *color < 16)
        }
        Some(2) => {
            numbers.nth(2);
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        let mut html = Html::default();
        add(&mut html, text);
        html.into_string()
    }

    #[test]
    fn colors_become_classes() {
        assert_eq!(
            html("\x1b[0m\x1b[1m\x1b[38;5;9merror[E0308]\x1b[0m\x1b[1m: no\x1b[0m\n"),
            "<span class=\"sgr-bold sgr-red\">error[E0308]</span>\
             <span class=\"sgr-bold\">: no</span>\n"
        );
        assert_eq!(html("\x1b[1;94m|\x1b[m."), "<span class=\"sgr-bold sgr-blue\">|</span>.");
        assert_eq!(html("\x1b[33ma\x1b[39mb"), "<span class=\"sgr-yellow\">a</span>b");
        assert_eq!(html("\x1b[90;22ma"), "<span class=\"sgr-gray\">a</span>");
    }

    #[test]
    fn colors_that_are_not_in_the_theme_are_left_out() {
        for sequence in ["38;5;200", "38;2;1;2;3", "48;5;1", "48;2;31;31;31", "99999", "7", "4"] {
            assert_eq!(html(&format!("\x1b[{sequence}ma")), "a", "{sequence}");
        }
        assert_eq!(html("\x1b[38;2;1;2;3;31ma"), "<span class=\"sgr-red\">a</span>");
    }

    #[test]
    fn other_sequences_and_markup_are_shown() {
        assert_eq!(html("\x1b[2Ja\x1b[31"), "␛[2Ja␛[31");
        assert_eq!(html("\x1b]0;title\x07"), "␛]0;title␇");
        assert_eq!(
            html("\x1b[31m</span><script>\x1b[0m"),
            "<span class=\"sgr-red\">&lt;/span&gt;&lt;script&gt;</span>"
        );
    }
}
