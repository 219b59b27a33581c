//! HTML that is escaped by construction: only constants of this program go in as they are.

/// A piece of HTML.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, also for a value of an attribute between double quotes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.character(character);
        }
        self
    }

    pub(super) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        self.0.push_str(&number.into().to_string());
        self
    }

    fn character(&mut self, character: char) {
        match character {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            '\n' | '\t' => self.0.push(character),
            // A picture of the control character: the browser would not show it.
            '\0'..='\x1f' => self.0.extend(char::from_u32(0x2400 + u32::from(character))),
            '\x7f' => self.0.push('\u{2421}'),
            // These would show text in another order than the compiler reads it.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
            _ => self.0.push(character),
        }
    }

    /// Adds JSON as the content of a `script` element: it cannot end the element.
    pub(super) fn json(&mut self, json: &str) -> &mut Self {
        self.0.push_str(&json.replace('<', "\\u003c"));
        self
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut html = Html::default();
        html.text(text);
        html.into_string()
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("</script><img src=\"x\" onerror='alert(1)'>&amp;"),
            "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror=&#39;alert(1)&#39;&gt;&amp;amp;"
        );
        assert_eq!(escaped("a\0b\x1b[2Jc\r\n\td\x7f"), "a␀b␛[2Jc␍\n\td␡");
        assert_eq!(escaped("if \u{202e}evil"), "if \u{fffd}evil");
    }

    #[test]
    fn json_cannot_end_its_element() {
        let mut html = Html::default();
        html.json(r#"{"a":"</script><!--"}"#);
        assert_eq!(html.into_string(), r#"{"a":"\u003c/script>\u003c!--"}"#);
    }
}
