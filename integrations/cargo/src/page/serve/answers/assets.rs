//! The two scripts: constant, and known to browsers by their tags.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::page::assets::{PAGE_SCRIPT, WORKER_SCRIPT};

/// A constant file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    pub(super) content: &'static str,
}

/// The script of pages.
pub(super) const SCRIPT: Asset = Asset { content: PAGE_SCRIPT };
/// The script of the worker that all pages share.
pub(super) const WORKER: Asset = Asset { content: WORKER_SCRIPT };

impl Asset {
    /// The value of `ETag`.
    pub(super) fn tag(self) -> String {
        let mut hasher = DefaultHasher::new();
        self.content.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    /// Whether a browser with this `If-None-Match` has it (RFC 9110, section 13.1.2).
    pub(super) fn is_known(self, if_none_match: Option<&str>) -> bool {
        let tag = self.tag();
        if_none_match.is_some_and(|tags| {
            let mut tags = tags.split(',').map(str::trim);
            tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_has_it_is_known() {
        let tag = SCRIPT.tag();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
            assert!(SCRIPT.is_known(Some(&known)), "{known}");
        }
        assert!(!SCRIPT.is_known(Some("\"x\"")) && !SCRIPT.is_known(None));
    }
}
