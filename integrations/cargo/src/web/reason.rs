//! Why no program runs, as requests are told.

use std::cell::RefCell;
use std::net::IpAddr;

use bytes::Bytes;

/// How much of the text a request is told. The terminal shows all of it.
const LONGEST: usize = 64 * 1024;

/// The text for requests, and the hosts that may read it.
#[derive(Debug)]
pub(super) struct Reason {
    /// `None` while a program runs or is about to.
    text: RefCell<Option<Bytes>>,
    allowed_hosts: Vec<String>,
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
    pub(super) fn new(allowed_hosts: Vec<String>) -> Self {
        Reason { text: RefCell::new(None), allowed_hosts }
    }

    pub(super) fn set(&self, text: Option<Bytes>) {
        *self.text.borrow_mut() = text;
    }

    /// Replaces the text, if there is one.
    pub(super) fn update(&self, text: &Bytes) {
        if let Some(told) = self.text.borrow_mut().as_mut() {
            text.clone_into(told);
        }
    }

    /// The answer to a request for this host.
    pub(super) fn for_host(&self, host: Option<&str>) -> Bytes {
        match &*self.text.borrow() {
            None => "cargo devserver: the program has just been built; ask again\n".into(),
            Some(_) if !may_be_told(host, &self.allowed_hosts) => {
                "cargo devserver: nothing can run; the reason is told to hosts in allowed-hosts only\n"
                    .into()
            }
            Some(text) => text.clone(),
        }
    }
}

/// Whether a request with this `Host` may read source code. A web page elsewhere can make a browser
/// send a name of its own that leads here, but none of the names below.
fn may_be_told(host: Option<&str>, allowed: &[String]) -> bool {
    let Some(host) = host else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.is_empty()
        || name.parse::<IpAddr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || name == own_name()
        || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

fn own_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_for_names_of_this_machine_only() {
        let allowed = ["app.test".to_owned()];
        for host in [
            "localhost:3000",
            "LOCALHOST",
            "127.0.0.1:80",
            "[::1]:3000",
            "api.localhost",
            "app.test:1",
            "192.168.0.7:3000",
        ] {
            assert!(may_be_told(Some(host), &allowed), "{host}");
        }
        for host in
            ["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io"]
        {
            assert!(!may_be_told(Some(host), &allowed), "{host}");
        }
        assert!(may_be_told(None, &[]));
    }

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
