//! Puts the tag into a body as it passes: right after `<head>`, or before the first other tag or text.

mod look;

use look::{Look, Seen};

/// Inserts the tag into one body.
///
/// A browser makes `<html>` and `<head>` where a page lacks them, so a script before the first other tag or
/// text is in the head. It never comes before the doctype, which would put the page into quirks mode.
///
/// All that is surely before the tag is passed on at once. Only the beginning of a token may have to wait for
/// its next bytes, such as `<hea`. So a page that is slow, or has a comment of any length, neither waits nor
/// takes memory.
#[derive(Debug)]
pub struct Inserter {
    tag: String,
    look: Look,
    /// The beginning of a token that may be before the tag.
    held: Vec<u8>,
    is_done: bool,
}

impl Inserter {
    pub(super) fn new(tag: String) -> Self {
        Inserter { tag, look: Look::default(), held: Vec::new(), is_done: false }
    }

    /// Whether all further chunks pass unchanged.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Takes the next chunk of the body. Returns what to pass on instead of it, which may be empty; `None` to
    /// pass on the chunk itself.
    #[must_use]
    pub fn push(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        if self.is_done {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(chunk);
        match self.look.at(&bytes) {
            Seen::Place(at) => {
                self.is_done = true;
                let tag = self.tag.bytes();
                bytes.splice(at..at, tag);
            }
            Seen::NoPlace => self.is_done = true,
            Seen::SoFar(certain) => self.held = bytes.split_off(certain),
        }
        Some(bytes)
    }

    /// Takes the end of the body, and returns what to pass on before it. A page that ends early gets the tag,
    /// too, and a body without any HTML stays as it is.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let fits = !std::mem::replace(&mut self.is_done, true) && self.look.may_end(&held);
        match fits {
            true => [self.tag.as_bytes(), &held].concat(),
            false => held,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "<T>";

    /// Pages, with `@` where the tag belongs; one without any stays as it is.
    const PAGES: &[&str] = &[
        "<!doctype html><html><head>@<title>x</title></head><body>y</body></html>",
        "<!DOCTYPE HTML>\r\n<HTML LANG=en>\r\n<HEAD>@\r\n<TITLE>x</TITLE>",
        "<!doctype html><html lang=\"a>b\" data-x='>' y=z><head a = '>' b=\">\" c>@<meta charset=utf-8>",
        "<html a=\"'>\" b = c/d e/f='\">'><head/>@x",
        "<head>@</head>",
        "<head\t>@",
        "<!-- <head> --><!doctype html><!--><html><!-- a --!><!---><!-- -- > - --->@<body>",
        "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0\" \"http://x\">\n<html>@<x>",
        "\u{feff}<!doctype html>@<p>no head",
        "\u{feff} \t\n\u{c}@text",
        "<html>@<header></header>",
        "<!doctype html><html>\n<!-- why -->\n@<body>no head</body>",
        "<!doctype html>\n@<headline>",
        "<!doctype html>@<htmlx>",
        "<!doctype html>@</head>",
        "<!doctype html>@",
        "<!doctype html>\n<html>\n@",
        "<!-- only a comment -->@",
        "@<he",
        "@<",
        "<!doctype html>@&amp;",
        "@\u{fffd}",
        "",
        " \n\t",
        "\u{feff}",
        "<!-- without an end",
        "<!doctype html",
        "<html lang='x",
        "<!-",
        "<!",
    ];

    /// Each page without the tag and with it.
    fn pages() -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        PAGES
            .iter()
            .map(|page| (page.replace('@', "").into_bytes(), page.replace('@', TAG).into_bytes()))
    }

    fn insert<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut inserter = Inserter::new(TAG.into());
        let mut body = Vec::new();
        for chunk in chunks {
            match inserter.push(chunk) {
                Some(bytes) => body.extend(bytes),
                None => body.extend(chunk),
            }
        }
        body.extend(inserter.finish());
        assert!(inserter.finish().is_empty() && inserter.is_done());
        body
    }

    fn show(body: &[u8]) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(body)
    }

    #[test]
    fn the_tag_comes_into_the_head_wherever_the_page_is_split() {
        for (page, wanted) in pages() {
            let check = |body: Vec<u8>| assert_eq!(show(&body), show(&wanted), "{}", show(&page));
            check(insert([&page[..]]));
            check(insert(page.chunks(1)));
            for at in 0..=page.len() {
                let (first, second) = page.split_at(at);
                check(insert([first, second]));
                check(insert([first, b"", second]));
            }
        }
    }

    #[test]
    fn what_is_before_the_tag_does_not_wait() {
        let mut inserter = Inserter::new(TAG.into());
        for (chunk, passed) in [
            ("<!-- a comment", "<!-- a comment"),
            (" -->\n<!doc", " -->\n<!doc"),
            ("type html><ht", "type html>"),
            ("ml lang='", "<html lang='"),
            ("'>  <head", "'>  "),
            (" x", "<head x"),
            (">y", "><T>y"),
        ] {
            assert_eq!(inserter.push(chunk.as_bytes()).as_deref(), Some(passed.as_bytes()));
        }
        assert!(inserter.is_done());
        assert_eq!(inserter.push(b"<head>"), None);
        assert!(inserter.finish().is_empty());
    }

    #[test]
    fn a_page_of_two_bytes_a_character_stays_as_it_is() {
        for mark in [b"\xff\xfe", b"\xfe\xff"] {
            let page = [&mark[..], b"<\0h\0e\0a\0d\0>\0"].concat();
            assert_eq!(insert([&page[..]]), page);
            assert_eq!(insert(page.chunks(1)), page);
        }
    }

    #[test]
    fn little_is_held() {
        for (page, _) in pages() {
            let mut inserter = Inserter::new(TAG.into());
            for byte in page.chunks(1) {
                let _ = inserter.push(byte);
                assert!(inserter.held.len() < 6, "{}", show(&page));
            }
        }
    }
}
