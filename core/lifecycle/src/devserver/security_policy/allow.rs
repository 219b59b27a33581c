//! What the script needs: to be loaded, to connect to its paths, and to start its worker.

use super::policy::{Directive, Policy};

const SCRIPT: &[&str] = &["script-src-elem", "script-src", "default-src"];
const CONNECT: &[&str] = &["connect-src", "default-src"];
const WORKER: &[&str] = &["worker-src", "child-src", "script-src", "default-src"];

/// What is to be allowed.
pub(super) struct Needs<'a> {
    /// That of the tag.
    pub(super) nonce: Option<&'a str>,
    /// Of the page, for sources.
    pub(super) host: Option<&'a str>,
    /// The reserved path.
    pub(super) path: &'a str,
}

/// A source is needed, but it cannot name the host.
#[derive(Debug)]
pub(super) struct NoHost;

/// The nonce of the policy's scripts.
pub(super) fn nonce(policy: &Policy) -> Option<String> {
    let sources = &policy.in_force(SCRIPT)?.sources;
    sources.iter().find_map(|source| {
        let (prefix, rest) = source.split_at_checked("'nonce-".len())?;
        let nonce = rest.strip_suffix('\'')?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
        let fits = prefix.eq_ignore_ascii_case("'nonce-")
            && !nonce.is_empty()
            && nonce.bytes().all(is_allowed);
        fits.then(|| nonce.to_owned())
    })
}

/// Whether the policy's scripts are not told by their addresses.
pub(super) fn trusts_nonces_only(policy: &Policy) -> bool {
    policy.in_force(SCRIPT).is_some_and(|scripts| scripts.has(STRICT_DYNAMIC))
}

impl Needs<'_> {
    /// Adds to a policy what it lacks. Returns whether it has changed.
    pub(super) fn add_to(&self, policy: &mut Policy) -> Result<bool, NoHost> {
        let before = policy.clone();
        // The script comes last: it may add `script-src`, which stands in for `worker-src`.
        self.add_connect(policy)?;
        self.add_worker(policy)?;
        self.add_script(policy)?;
        Ok(*policy != before)
    }

    fn add_script(&self, policy: &mut Policy) -> Result<(), NoHost> {
        let Some(scripts) = policy.in_force(SCRIPT) else { return Ok(()) };
        let by_nonce = self.nonce.map(|nonce| format!("'nonce-{nonce}'"));
        if by_nonce.as_ref().is_some_and(|nonce| scripts.sources.contains(nonce)) {
            return Ok(());
        }
        let source = match by_nonce {
            Some(nonce) if scripts.has(STRICT_DYNAMIC) => nonce,
            _ if allows_own_origin(scripts) => return Ok(()),
            _ => self.source("page.js")?,
        };
        let name = if scripts.name() == "default-src" { "script-src" } else { scripts.name() };
        let (name, sources) = (name.to_owned(), scripts.sources.clone());
        policy.entry(&name, sources).add(source);
        Ok(())
    }

    fn add_connect(&self, policy: &mut Policy) -> Result<(), NoHost> {
        match policy.in_force(CONNECT) {
            // A source that ends with a slash allows all below it.
            Some(found) if !allows_own_origin(found) => {
                let sources = addresses(found);
                policy.entry("connect-src", sources).add(self.source("")?);
            }
            _ => {}
        }
        Ok(())
    }

    fn add_worker(&self, policy: &mut Policy) -> Result<(), NoHost> {
        match policy.in_force(WORKER) {
            // What a trusted script loads is trusted (CSP 3, "script-src pre-request check").
            Some(found) if is_for_scripts(found) && found.has(STRICT_DYNAMIC) => {}
            Some(found) if !allows_own_origin(found) => {
                let sources = addresses(found);
                policy.entry("worker-src", sources).add(self.source("worker.js")?);
            }
            _ => {}
        }
        Ok(())
    }

    fn source(&self, file: &str) -> Result<String, NoHost> {
        let host = self.host.ok_or(NoHost)?;
        Ok(format!("{host}{}{file}", self.path))
    }
}

const STRICT_DYNAMIC: &str = "'strict-dynamic'";

fn is_for_scripts(directive: &Directive) -> bool {
    matches!(directive.name(), "script-src" | "default-src")
}

fn allows_own_origin(directive: &Directive) -> bool {
    directive.has("'self'") || directive.has("*")
}

/// Sources for a directive that is none of scripts: without nonces, hashes and keywords.
fn addresses(directive: &Directive) -> Vec<String> {
    let sources = directive.sources.iter();
    sources.filter(|source| !source.starts_with('\'')).cloned().collect()
}
