//! Text that is kept for clients and reports, up to a limit.

/// The length in bytes up to which text is kept.
const MOST: usize = 1 << 20;
/// The note at the end of text that was cut. It makes the text longer than `MOST`, so it is added
/// once.
const THE_REST: &str = "\n[the rest is shown in the terminal]\n";

/// Adds as much of `more` as there is room for.
pub(crate) fn push(text: &mut String, more: &str) {
    if text.len() + more.len() <= MOST {
        text.push_str(more);
    } else if text.len() <= MOST {
        let left = MOST - text.len();
        let end = (0..=left).rev().find(|end| more.is_char_boundary(*end)).unwrap_or_default();
        text.push_str(&more[..end]);
        text.push_str(THE_REST);
    }
}

/// The lines at the beginning of a text that have no more than so many bytes.
pub(crate) fn whole_lines(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = text.as_bytes()[..most].iter().rposition(|byte| *byte == b'\n');
    end.map_or("", |end| &text[..=end])
}

/// The lines at the end of a text that have no more than so many bytes.
pub(crate) fn last_lines(text: &str, most: usize) -> &str {
    let Some(surplus) = text.len().checked_sub(most).filter(|surplus| *surplus > 0) else {
        return text;
    };
    let end = text.as_bytes()[surplus - 1..].iter().position(|byte| *byte == b'\n');
    end.map_or("", |end| &text[surplus + end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_text_has_a_limit() {
        let mut text = String::new();
        for _ in 0..1000 {
            push(&mut text, &"é".repeat(4000));
        }
        assert!(text.len() > MOST - 8 && text.len() < MOST + 100, "{}", text.len());
        assert!(text.ends_with(THE_REST) && text.matches('[').count() == 1);
    }

    #[test]
    fn lines_are_whole() {
        let text = "één\ntwee\ndrie\n";
        for (most, first, last) in [
            (0, "", ""),
            (5, "", "drie\n"),
            (6, "één\n", "drie\n"),
            (10, "één\n", "twee\ndrie\n"),
            (16, text, text),
            (99, text, text),
        ] {
            assert_eq!((whole_lines(text, most), last_lines(text, most)), (first, last), "{most}");
        }
    }
}
