//! Which responses get the script, and what becomes of their headers.

use super::announced::Devserver;
use super::document::Document;
use super::inserter::Inserter;
use super::security_policy::{Allowing, ENFORCED, REPORTED, Refusal, SecurityPolicies};

/// What to do with a response.
#[derive(Debug)]
pub struct Insertion {
    tag: String,
    replaced: Vec<(&'static str, Vec<String>)>,
}

impl Document {
    /// What to do with the response; `None` to leave it as it is. `values` returns all values of a header; its
    /// name is in lower case.
    pub fn insertion<'h>(
        &self,
        status: u16,
        values: impl Fn(&'static str) -> Vec<&'h [u8]>,
    ) -> Option<Insertion> {
        if !has_body(status) || !is_page(&values) {
            return None;
        }
        let policies = SecurityPolicies::parse(&values(ENFORCED), &values(REPORTED));
        let path = self.devserver.path();
        match policies.and_then(|policies| policies.allow(self.host.as_deref(), path)) {
            Ok(Allowing { nonce, headers: mut replaced }) => {
                replaced.extend(cache_control(&values("cache-control")));
                Some(Insertion { tag: self.tag(nonce.as_deref()), replaced })
            }
            Err(refusal) => {
                self.devserver.note(&self.explain(refusal));
                None
            }
        }
    }

    fn tag(&self, nonce: Option<&str>) -> String {
        // None of them has a character that HTML would read otherwise: `Announcement` checks the path and the
        // boot id, and the nonce is checked where it is copied.
        let (path, boot) = (self.devserver.path(), self.devserver.boot());
        let method = if self.is_post { " data-method=\"POST\"" } else { "" };
        let nonce = nonce.map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
        format!("<script async src=\"{path}page.js\" data-boot=\"{boot}\"{method}{nonce}></script>")
    }

    fn explain(&self, refusal: Refusal) -> String {
        let why = match refusal {
            Refusal::Sandbox => "has `sandbox`",
            Refusal::DefaultNone => "has `default-src 'none'`",
            Refusal::Host => "needs a source for this host, which no source can name",
            Refusal::Unreadable => "is not ASCII",
        };
        format!(
            "{}: the Content-Security-Policy {why}, so the page gets no script from cargo devserver: it will \
             not reload itself, nor show errors. If it may, allow {path}page.js, {path}worker.js and \
             connections to {path}, and add {} to its head",
            self.path,
            pasted_tag(self.devserver),
            path = self.devserver.path(),
        )
    }
}

impl Insertion {
    /// Headers to remove, which tell of the body as it was. Its length is not known until it has passed.
    pub const REMOVED: &'static [&'static str] = &[
        "accept-ranges",
        "content-digest",
        "content-length",
        "content-md5",
        "digest",
        "etag",
        "last-modified",
        "repr-digest",
    ];

    /// Headers to replace, with all of their values, which are ASCII.
    pub fn replaced(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.replaced.iter().map(|(name, values)| (*name, &values[..]))
    }

    /// Inserts the tag into the body.
    #[must_use]
    pub fn inserter(self) -> Inserter {
        Inserter::new(self.tag)
    }
}

/// The tag as a person writes it into a page.
fn pasted_tag(devserver: &Devserver) -> String {
    format!("<script async src=\"{}page.js\"></script>", devserver.path())
}

/// A browser asks before it uses a copy: a copy of an older program would be stale, and one that is loaded
/// when no `cargo devserver` runs would have a script that is not there. `no-store` would do that as well, but
/// a page with it cannot be resumed when one goes back to it. If the application says it, it stays.
fn cache_control(values: &[&[u8]]) -> Option<(&'static str, Vec<String>)> {
    let says_no_store =
        values.iter().any(|value| value.to_ascii_lowercase().windows(8).any(|w| w == b"no-store"));
    (!says_no_store).then(|| ("cache-control", vec!["no-cache".into()]))
}

/// Whether a response of this status has a body, and all of it.
fn has_body(status: u16) -> bool {
    status >= 200 && ![204, 205, 206, 304].contains(&status)
}

/// Whether it is HTML that a browser shows as a page, and that is neither compressed nor of a charset in
/// which the tag would be something else.
fn is_page<'h>(values: impl Fn(&'static str) -> Vec<&'h [u8]>) -> bool {
    let lower = |name| {
        let values: Vec<_> = values(name).iter().map(|value| value.to_ascii_lowercase()).collect();
        String::from_utf8_lossy(&values.join(&b","[..])).into_owned()
    };
    let content_type = lower("content-type");
    let media_type = content_type.split([';', ',']).next().unwrap_or_default();
    let disposition = lower("content-disposition");
    let shown = disposition.split(';').next().unwrap_or_default();
    media_type.trim() == "text/html"
        && !is_wide(&content_type)
        && lower("content-encoding")
            .split(',')
            .all(|encoding| matches!(encoding.trim(), "" | "identity"))
        && matches!(shown.trim(), "" | "inline")
        && values("content-range").is_empty()
        && lower("content-length") != "0"
}

/// Whether a character of this charset has several bytes, also one of ASCII.
fn is_wide(content_type: &str) -> bool {
    let charset = content_type.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches('"').trim())
    });
    const WIDE: [&str; 4] = ["utf-16", "utf-32", "unicode", "csunicode"];
    charset.is_some_and(|charset| {
        WIDE.iter().any(|wide| charset.starts_with(wide))
            || ["ucs-2", "ucs-4"].iter().any(|wide| charset.ends_with(wide))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use listenfd_core::internal::page_socket::First;

    use super::*;
    use crate::devserver::test_socket::{TestSocket, devserver_nowhere};

    type Headers = &'static [(&'static str, &'static str)];

    fn document(devserver: &'static Devserver, method: &str) -> Document {
        Document {
            devserver,
            path: "/page".into(),
            host: Some("localhost:3000".into()),
            is_post: method == "POST",
        }
    }

    fn insertion(method: &str, status: u16, headers: Headers) -> Option<Insertion> {
        let devserver = devserver_nowhere("/.devserver/");
        document(devserver, method).insertion(status, |name| values(headers, name))
    }

    fn values(headers: Headers, name: &str) -> Vec<&'static [u8]> {
        let found = headers.iter().filter(|(header, _)| *header == name);
        found.map(|(_, value)| value.as_bytes()).collect()
    }

    const HTML: (&str, &str) = ("content-type", "text/html");

    #[test]
    fn pages_get_the_tag() {
        let tag = "<script async src=\"/.devserver/page.js\" data-boot=\"3f9a-12\"></script>";
        for headers in [
            &[HTML][..],
            &[("content-type", "Text/HTML; charset=\"UTF-8\"")],
            &[("content-type", "text/html;charset=shift_jis")],
            &[
                HTML,
                ("content-encoding", "identity"),
                ("content-disposition", "inline; filename=a"),
            ],
            &[HTML, ("content-length", "10")],
        ] {
            for status in [200, 201, 302, 404, 422, 500, 599] {
                let insertion = insertion("GET", status, headers).expect("a page");
                assert_eq!(insertion.tag, tag, "{headers:?}");
            }
        }
        let posted = insertion("POST", 200, &[HTML]).expect("a page").tag;
        assert_eq!(posted, tag.replace("></", " data-method=\"POST\"></"));
    }

    #[test]
    fn all_other_responses_stay_as_they_are() {
        for headers in [
            &[][..],
            &[("content-type", "text/plain")],
            &[("content-type", "application/xhtml+xml")],
            &[("content-type", "text/html2")],
            &[("content-type", "text/html; charset=utf-16le")],
            &[("content-type", "text/html; a=b; Charset=\"UTF-32\"")],
            &[("content-type", "text/html; charset=iso-10646-ucs-2")],
            &[HTML, ("content-encoding", "gzip")],
            &[HTML, ("content-encoding", "identity"), ("content-encoding", "br")],
            &[HTML, ("content-disposition", "Attachment; filename=\"a.html\"")],
            &[HTML, ("content-range", "bytes 0-1/2")],
            &[HTML, ("content-length", "0")],
        ] {
            assert!(insertion("GET", 200, headers).is_none(), "{headers:?}");
        }
        for status in [101, 103, 204, 205, 206, 304] {
            assert!(insertion("GET", status, &[HTML]).is_none(), "{status}");
        }
    }

    #[test]
    fn a_copy_is_never_used_unasked() {
        let replaced = |headers| {
            let insertion = insertion("GET", 200, headers).expect("a page");
            insertion.replaced().map(|(name, values)| (name, values.join("|"))).collect::<Vec<_>>()
        };
        let no_cache = [("cache-control", "no-cache".to_owned())];
        assert_eq!(replaced(&[HTML]), no_cache);
        assert_eq!(
            replaced(&[HTML, ("cache-control", "public, max-age=600, immutable")]),
            no_cache
        );
        assert_eq!(replaced(&[HTML, ("cache-control", "private, No-Store")]), []);
    }

    #[test]
    fn the_nonce_and_the_changed_policy_come_with_it() {
        const POLICY: (&str, &str) = (ENFORCED, "script-src 'nonce-abc'; worker-src *");
        let found = insertion("GET", 200, &[HTML, POLICY]).expect("a page");
        assert!(found.tag.ends_with(" nonce=\"abc\"></script>"), "{}", found.tag);
        assert!(found.replaced().all(|(name, _)| name == "cache-control"));

        let found = insertion("GET", 200, &[HTML, (ENFORCED, "script-src a"), POLICY]);
        let found = found.expect("a page");
        let (_, values) = found.replaced().next().expect("a header");
        assert_eq!(values.len(), 2);
        assert!(
            values[0].starts_with("script-src a localhost:3000/.devserver/page.js"),
            "{values:?}"
        );
    }

    #[test]
    fn a_page_that_cannot_have_the_script_is_noted_once() {
        let socket = TestSocket::new();
        let document = document(socket.devserver(), "GET");
        let headers: Headers = &[HTML, (ENFORCED, "sandbox allow-scripts")];
        for _ in 0..3 {
            assert!(document.insertion(200, |name| values(headers, name)).is_none());
        }
        let (kind, mut stream) = socket.accept();
        assert!(matches!(kind, First::Note));
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("text");
        assert!(text.starts_with("/page: "), "{text}");
        assert!(text.contains("`sandbox`"), "{text}");
        assert!(text.contains("<script async src=\"/.devserver/page.js\"></script>"), "{text}");
        assert!(socket.is_idle());
    }
}
