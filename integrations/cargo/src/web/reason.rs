//! Why no program runs, as requests are told.

use std::cell::RefCell;

use bytes::Bytes;

/// How much of the text a request is told. The terminal shows all of it.
const LONGEST: usize = 64 * 1024;

/// The text for requests; `None` while a program runs or is about to.
#[derive(Debug, Default)]
pub(super) struct Reason {
    text: RefCell<Option<Bytes>>,
}

/// Cuts a text to the length that requests are told.
pub(crate) fn shortened(mut text: String) -> Bytes {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        let end = text[..end].rfind('\n').map_or(end, |line| line + 1);
        let left = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("\n[{left} more bytes are shown in the terminal]\n"));
        text.shrink_to_fit();
    }
    text.into()
}

impl Reason {
    pub(super) fn set(&self, text: Option<Bytes>) {
        *self.text.borrow_mut() = text;
    }

    /// Replaces the text, if there is one.
    pub(super) fn update(&self, text: &Bytes) {
        if let Some(told) = self.text.borrow_mut().as_mut() {
            text.clone_into(told);
        }
    }

    pub(super) fn text(&self) -> Option<Bytes> {
        self.text.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_at_the_end_of_a_line() {
        let text = "ein längerer Satz\n".repeat(10_000);
        let told = shortened(text.clone());
        assert!(told.len() < LONGEST + 100 && told.len() > LONGEST - 100, "{}", told.len());
        let told = String::from_utf8(told.to_vec()).unwrap();
        let (shown, note) = told.split_once("\n\n[").unwrap();
        assert!(text.starts_with(&format!("{shown}\n")), "{note}");
        let left = text.len() - shown.len() - 1;
        assert_eq!(note, format!("{left} more bytes are shown in the terminal]\n"));
        assert_eq!(shortened("short".into()), "short");
    }
}
