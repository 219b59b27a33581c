//! What a page's `Content-Security-Policy` must allow for the script, and no more (CSP Level 3).
//!
//! `policy.rs` is the text of one policy, `allow.rs` adds to it. Policies only forbid: each of a page's
//! must allow the script, and a page without any allows everything.

mod allow;
mod policy;

use allow::Needs;
use policy::Policy;

/// The header of policies in force.
pub(super) const ENFORCED: &str = "content-security-policy";
/// The header of policies that only report. They are changed as well, so that they report nothing of ours.
pub(super) const REPORTED: &str = "content-security-policy-report-only";

/// All policies of a response, as they were sent: each value of each header has one or more.
#[derive(Debug)]
pub(super) struct SecurityPolicies {
    enforced: Vec<Vec<Policy>>,
    reported: Vec<Vec<Policy>>,
}

/// The policies that allow the script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowing {
    /// For the tag.
    pub(super) nonce: Option<String>,
    /// Headers that have changed, with all of their values.
    pub(super) headers: Vec<(&'static str, Vec<String>)>,
}

/// Why a page cannot have the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Sandbox,
    DefaultNone,
    /// The sources must name the host, and the request does not, or in a way that no source can.
    Host,
    /// It is no text.
    Unreadable,
}

impl SecurityPolicies {
    pub(super) fn parse(enforced: &[&[u8]], reported: &[&[u8]]) -> Result<Self, Refusal> {
        Ok(SecurityPolicies { enforced: parse_all(enforced)?, reported: parse_all(reported)? })
    }

    /// Makes them allow the script of a page from `host`, below the reserved path.
    pub(super) fn allow(mut self, host: Option<&str>, path: &str) -> Result<Allowing, Refusal> {
        for policy in self.enforced.iter().flatten() {
            if policy.has("sandbox") {
                return Err(Refusal::Sandbox);
            }
            if policy.forbids_by_default() {
                return Err(Refusal::DefaultNone);
            }
        }
        let policies = || self.enforced.iter().chain(&self.reported).flatten();
        let copied = policies().find_map(allow::nonce);
        let must_have = policies().any(allow::trusts_nonces_only);
        let nonce = copied.or_else(|| must_have.then(fresh_nonce));
        let needs =
            Needs { nonce: nonce.as_deref(), host: host.filter(|host| is_host(host)), path };
        let mut headers = Vec::new();
        for (name, values) in [(ENFORCED, &mut self.enforced), (REPORTED, &mut self.reported)] {
            let mut has_changed = false;
            for policy in values.iter_mut().flatten() {
                has_changed |= needs.add_to(policy).map_err(|allow::NoHost| Refusal::Host)?;
            }
            if has_changed {
                headers.push((name, values.iter().map(|value| join(value)).collect()));
            }
        }
        Ok(Allowing { nonce, headers })
    }
}

fn parse_all(values: &[&[u8]]) -> Result<Vec<Vec<Policy>>, Refusal> {
    let parse = |value: &&[u8]| {
        let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii());
        let text = text.ok_or(Refusal::Unreadable)?;
        Ok(text.split(',').map(Policy::parse).collect())
    };
    values.iter().map(parse).collect()
}

fn join(policies: &[Policy]) -> String {
    let policies: Vec<_> = policies.iter().map(ToString::to_string).collect();
    policies.join(", ")
}

/// Whether a source can name this host. A source has no place for an IPv6 address.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_allowed)
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A nonce that cannot be guessed. The standard library has no random numbers, but the keys of its hash maps
/// are random, and what they make of a number tells nothing of them.
fn fresh_nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    let number = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", number(), number())
}

#[cfg(test)]
mod tests;
