//! Policies before and after.

use super::*;

const HOST: &str = "localhost:3000";

fn allow(enforced: &[&str], reported: &[&str], host: &str) -> Result<Allowing, Refusal> {
    let bytes = |values: &[&'static str]| -> Vec<&[u8]> {
        values.iter().map(|value| value.as_bytes()).collect()
    };
    let leak = |values: &[&str]| -> Vec<&'static str> {
        values.iter().map(|value| &*value.to_string().leak()).collect()
    };
    let (enforced, reported) = (leak(enforced), leak(reported));
    SecurityPolicies::parse(&bytes(&enforced), &bytes(&reported))?.allow(Some(host), "/.devserver/")
}

/// The policy and the nonce that come of one policy.
fn one(policy: &str) -> (String, Option<String>) {
    let allowing = allow(&[policy], &[], HOST).unwrap();
    let changed = allowing.headers.first().map(|(name, values)| {
        assert_eq!((*name, values.len()), (ENFORCED, 1));
        values[0].clone()
    });
    (changed.unwrap_or_else(|| policy.into()), allowing.nonce)
}

#[track_caller]
fn becomes(policy: &str, wanted: &str) {
    let (changed, nonce) = one(policy);
    assert_eq!(changed, wanted);
    assert_eq!(nonce, None);
    // What was allowed once needs no more.
    assert_eq!(one(&changed).0, changed);
}

#[track_caller]
fn stays(policy: &str) {
    becomes(policy, policy);
}

#[test]
fn a_policy_that_allows_the_own_origin_stays() {
    for policy in [
        "",
        "img-src 'none'; object-src 'none'",
        "default-src 'self'",
        "default-src *",
        "script-src 'SELF'; connect-src *; worker-src 'self'",
        "default-src 'self'; script-src 'self' 'unsafe-eval' https://cdn.example",
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types a",
        "upgrade-insecure-requests",
    ] {
        stays(policy);
    }
}

#[test]
fn the_script_is_allowed_by_its_own_path_and_what_it_loads_too() {
    becomes(
        "script-src https://cdn.example",
        "script-src https://cdn.example localhost:3000/.devserver/page.js; \
         worker-src https://cdn.example localhost:3000/.devserver/worker.js",
    );
    becomes(
        "script-src 'sha256-AAAA='; connect-src 'none'; worker-src 'NONE'",
        "script-src 'sha256-AAAA=' localhost:3000/.devserver/page.js; \
         connect-src localhost:3000/.devserver/; worker-src localhost:3000/.devserver/worker.js",
    );
    becomes(
        "Default-Src https: ; SCRIPT-SRC-ELEM https://a;script-src 'self'",
        "default-src https:; script-src-elem https://a localhost:3000/.devserver/page.js; \
         script-src 'self'; connect-src https: localhost:3000/.devserver/",
    );
    becomes(
        "default-src 'self'; script-src 'none'; child-src blob:",
        "default-src 'self'; script-src localhost:3000/.devserver/page.js; child-src blob:; \
         worker-src blob: localhost:3000/.devserver/worker.js",
    );
}

#[test]
fn default_src_is_left_and_stands_in() {
    becomes(
        "default-src https://a 'unsafe-inline'",
        "default-src https://a 'unsafe-inline'; connect-src https://a localhost:3000/.devserver/; \
         worker-src https://a localhost:3000/.devserver/worker.js; \
         script-src https://a 'unsafe-inline' localhost:3000/.devserver/page.js",
    );
}

#[test]
fn a_nonce_is_copied() {
    for (policy, nonce) in [
        ("script-src 'nonce-a1b2+/=_-'; worker-src 'self'", "a1b2+/=_-"),
        ("script-src 'strict-dynamic' 'NONCE-a' 'nonce-b' https:", "a"),
        ("default-src 'self' 'nonce-a'", "a"),
        ("script-src-elem 'nonce-a'; script-src 'nonce-b' 'self'", "a"),
    ] {
        let (_, found) = one(policy);
        assert_eq!(found.as_deref(), Some(nonce), "{policy}");
    }
    let (changed, _) = one("script-src 'nonce-a'; connect-src 'self'");
    assert_eq!(
        changed,
        "script-src 'nonce-a'; connect-src 'self'; worker-src localhost:3000/.devserver/worker.js"
    );
    let strict = "script-src 'nonce-a' 'strict-dynamic'; object-src 'none'";
    assert_eq!(one(strict), (strict.into(), Some("a".into())));
    // It would end the attribute.
    becomes("script-src 'nonce-a\"><b' 'self'", "script-src 'nonce-a\"><b' 'self'");
}

#[test]
fn strict_dynamic_without_a_nonce_gets_a_fresh_one() {
    let policy = "script-src 'sha256-AAAA=' 'strict-dynamic' 'self'";
    let ((changed, nonce), (_, other)) = (one(policy), one(policy));
    let nonce = nonce.unwrap();
    assert!(nonce.len() == 32 && Some(&nonce) != other.as_ref());
    assert_eq!(changed, format!("{policy} 'nonce-{nonce}'"));
}

#[test]
fn each_of_several_policies_allows_the_script() {
    let enforced =
        ["script-src 'nonce-a'; worker-src 'self', script-src 'self'", "img-src *", "script-src x"];
    let reported = ["default-src 'none'", "script-src 'strict-dynamic'"];
    let allowing = allow(&enforced, &reported, HOST).unwrap();
    assert_eq!(allowing.nonce.as_deref(), Some("a"));
    let [(ENFORCED, enforced), (REPORTED, reported)] = &allowing.headers[..] else {
        panic!("{allowing:?}")
    };
    assert_eq!(
        enforced[..],
        [
            "script-src 'nonce-a'; worker-src 'self', script-src 'self'",
            "img-src *",
            "script-src x localhost:3000/.devserver/page.js; \
             worker-src x localhost:3000/.devserver/worker.js",
        ]
    );
    assert_eq!(
        reported[..],
        [
            "default-src 'none'; connect-src localhost:3000/.devserver/; \
             worker-src localhost:3000/.devserver/worker.js; \
             script-src localhost:3000/.devserver/page.js",
            "script-src 'strict-dynamic' 'nonce-a'",
        ]
    );
}

#[test]
fn what_is_isolated_is_left_alone() {
    for (policies, refusal) in [
        (&["sandbox"][..], Refusal::Sandbox),
        (&["script-src 'self'; Sandbox allow-scripts"], Refusal::Sandbox),
        (&["script-src 'self'", "img-src *, default-src 'none'"], Refusal::DefaultNone),
        (&["default-src"], Refusal::DefaultNone),
        (&["default-src 'NONE'; script-src 'self'"], Refusal::DefaultNone),
        (&["script-src \u{e9}"], Refusal::Unreadable),
    ] {
        assert_eq!(allow(policies, &[], HOST), Err(refusal), "{policies:?}");
    }
    // It is only reported, and a sandbox is not even that.
    assert!(allow(&[], &["sandbox; default-src 'none'"], HOST).is_ok());
}

#[test]
fn a_source_names_the_host_or_nothing_is_allowed() {
    for host in ["a", "a.example", "127.0.0.1:80", "my-host_1:65535"] {
        let allowing = allow(&["script-src x; worker-src *"], &[], host).unwrap();
        let (_, values) = &allowing.headers[0];
        assert_eq!(values[0], format!("script-src x {host}/.devserver/page.js; worker-src *"));
    }
    for host in
        ["", ":80", "a:", "a:b", "[::1]:3000", "a b", "a;b", "a,b", "a:1:2", "a/b", "'self'"]
    {
        assert_eq!(allow(&["script-src x"], &[], host), Err(Refusal::Host), "{host}");
        assert_eq!(allow(&["script-src 'self'"], &[], host), Ok(Allowing::default()));
    }
}
