//! The query of a request: names and values, percent-encoded.

/// The value of this name. `None` if it is not there once, or is malformed.
pub(super) fn value(query: &str, name: &str) -> Option<String> {
    let mut values = query.split('&').filter_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found == name).then_some(value)
    });
    let value = values.next()?;
    values.next().is_none().then(|| decoded(value)).flatten()
}

/// `None` if it is no text, or has control characters.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded() {
        let query = "a=1&b=x%20y+z&c=%2B%26%3d&d=&a2=3";
        for (name, expected) in [("a", "1"), ("b", "x y z"), ("c", "+&="), ("d", ""), ("a2", "3")] {
            assert_eq!(value(query, name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(value(query, "e"), None);
        for query in ["a", "a=%", "a=%1", "a=%zz", "a=%-1", "a=%C3", "a=%0a", "a=1&a=2"] {
            assert_eq!(value(query, "a"), None, "{query}");
        }
    }
}
