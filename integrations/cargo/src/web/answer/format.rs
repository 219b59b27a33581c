//! In which format an answer is, by the request's `Accept` (RFC 9110, section 12.5.1).

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Json,
    Text,
}

/// How many of the types in an `Accept` are looked at.
const TYPES: usize = 32;

impl Format {
    /// The one that is wanted most, and of several the one that is named first. HTML and JSON have
    /// to be named: who takes anything, such as curl, gets text.
    pub(crate) fn wanted(accept: Option<&str>) -> Self {
        let mut best = (Format::Text, 0);
        for range in accept.unwrap_or_default().split(',').take(TYPES) {
            let mut parts = range.split(';').map(str::trim);
            let Some(format) = parts.next().and_then(Format::named) else { continue };
            let quality = parts.find_map(quality).unwrap_or(1000);
            if quality > best.1 {
                best = (format, quality);
            }
        }
        best.0
    }

    fn named(media_type: &str) -> Option<Self> {
        match media_type.to_ascii_lowercase().as_str() {
            "text/html" | "application/xhtml+xml" => Some(Format::Html),
            "application/json" => Some(Format::Json),
            "text/plain" => Some(Format::Text),
            other if other.starts_with("application/") && other.ends_with("+json") => {
                Some(Format::Json)
            }
            _ => None,
        }
    }
}

/// The value of a `q` in thousandths; `None` for other parameters. A malformed one counts as 0.
fn quality(parameter: &str) -> Option<u32> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f32 = value.trim().parse().unwrap_or_default();
    // Rounded, for 0.7 is no float.
    Some(if (0.0..=1.0).contains(&value) { (value * 1000.0).round() as u32 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_html_and_curl_gets_text() {
        for (accept, format) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Html),
            ("*/*", Format::Text),
            ("", Format::Text),
            ("image/avif,image/webp,*/*;q=0.8", Format::Text),
            ("text/event-stream", Format::Text),
            ("application/json", Format::Json),
            ("application/json, text/plain, */*", Format::Json),
            ("application/vnd.api+json", Format::Json),
            ("APPLICATION/JSON; charset=utf-8; Q=0.5, text/html;q=0.4", Format::Json),
            ("text/html;q=0.1, application/json;q=0.7", Format::Json),
            ("text/plain, text/html", Format::Text),
            ("text/html;q=0, */*", Format::Text),
            ("text/html;q=nonsense, application/json;q=0.001", Format::Json),
            ("text/html;q=NaN", Format::Text),
        ] {
            assert_eq!(Format::wanted(Some(accept)), format, "{accept}");
        }
        assert_eq!(Format::wanted(None), Format::Text);
    }
}
