//! Reads a spec, as users type it: `[NAME=][TYPE::]VALUE[,OPTION...]`. It opens nothing.

use std::fmt;
use std::str::FromStr;

use listenfd_core::internal::escaped;
use listenfd_core::{Address, protocol};

use super::spec::{Owner, Scheme, Spec};

/// A text that cannot be read as a [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    text: String,
    reason: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for SpecError {}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        // The reason may quote the text.
        let reason = |reason| escaped(reason).to_string();
        parse(text).map_err(|err| SpecError { text: text.to_owned(), reason: reason(err) })
    }
}

fn parse(text: &str) -> Result<Spec, String> {
    let (name, rest) = split_name(text)?;
    let (scheme, value) = split_scheme(rest)?;
    let mut spec =
        Spec { name, scheme, address: Address::from(0), mode: None, user: None, group: None };
    if !scheme.is_unix() {
        spec.address = parse_inet(value)?;
        return Ok(spec);
    }
    let path = take_options(&mut spec, value)?;
    spec.address = format!("unix:{path}").parse().map_err(|_| match path {
        "" => "the path is missing; write unix::/run/app.sock".to_owned(),
        _ => format!("{path:?} is not a path for a socket"),
    })?;
    if matches!(spec.address, Address::Abstract(_))
        && (spec.mode.is_some() || spec.user.is_some() || spec.group.is_some())
    {
        return Err("an abstract name has no mode and no owner; use a path".into());
    }
    Ok(spec)
}

/// `web=http::3000`. The text before the first `=` is a name, unless it can be part of a value.
fn split_name(text: &str) -> Result<(Option<String>, &str), String> {
    match text.split_once('=') {
        Some((name, rest)) if !name.contains(['/', ':', ',', '@']) => {
            if !protocol::is_valid_name(name) {
                return Err(format!(
                    "{name:?} is not a name for a socket; use 1 to 255 printable ASCII characters \
                     other than the colon, and not \"unknown\""
                ));
            }
            Ok((Some(name.to_owned()), rest))
        }
        _ => Ok((None, text)),
    }
}

fn split_scheme(text: &str) -> Result<(Scheme, &str), String> {
    let (ty, value) = match text.split_once("::") {
        Some((ty, value)) if !ty.is_empty() && ty.bytes().all(|b| b.is_ascii_alphabetic()) => {
            (ty, value)
        }
        _ if text.starts_with('@') || text.contains('/') && !text.contains("://") => {
            return Ok((Scheme::Unix, text));
        }
        _ => return Ok((Scheme::Tcp, text)),
    };
    match Scheme::ALL.iter().find(|(name, _)| *name == ty) {
        Some((_, scheme)) => Ok((*scheme, value)),
        None => {
            let types: Vec<_> = Scheme::ALL.iter().map(|(name, _)| *name).collect();
            Err(format!("{ty:?} is not a type of socket; there are {}", types.join(", ")))
        }
    }
}

fn parse_inet(value: &str) -> Result<Address, String> {
    match value.parse::<Address>() {
        Ok(Address::Unix(_) | Address::Abstract(_)) => {
            Err(format!("{value:?} is not a port or host:port; for a path, write unix::{value}"))
        }
        Ok(address) => Ok(address),
        Err(err) => Err(err.reason().to_owned()),
    }
}

/// Takes `,mode=`, `,user=` and `,group=` off the end; any other text there belongs to the path.
fn take_options<'a>(spec: &mut Spec, value: &'a str) -> Result<&'a str, String> {
    let mut rest = value;
    while let Some((before, option)) = rest.rsplit_once(',') {
        let Some((key, value)) = option.split_once('=') else {
            break;
        };
        let given_before = match key {
            "mode" => spec.mode.replace(parse_mode(value)?).is_some(),
            "user" => spec.user.replace(parse_owner(key, value)?).is_some(),
            "group" => spec.group.replace(parse_owner(key, value)?).is_some(),
            _ => break,
        };
        if given_before {
            return Err(format!("{key} is given twice"));
        }
        rest = before;
    }
    Ok(rest)
}

fn parse_mode(text: &str) -> Result<u32, String> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777);
    mode.ok_or_else(|| format!("{text:?} is not a mode; write octal permissions such as 660"))
}

fn parse_owner(key: &str, text: &str) -> Result<Owner, String> {
    if text.is_empty() {
        return Err(format!("{key}= lacks a name or a number"));
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Owner::Name(text.to_owned()));
    }
    // For chown(2), the largest number means "leave it as it is".
    let id = text.parse().ok().filter(|id| *id != u32::MAX);
    id.map(Owner::Id).ok_or_else(|| format!("{key} {text} is too large"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> Spec {
        text.parse().unwrap()
    }

    #[track_caller]
    fn refused(text: &str, part: &str) {
        let err = text.parse::<Spec>().unwrap_err().to_string();
        assert!(err.contains(part), "{err:?} does not contain {part:?}");
        assert!(err.contains(&format!("{text:?}")), "{err:?} does not quote {text:?}");
    }

    #[test]
    fn what_users_type_is_printed_in_full() {
        for (typed, printed) in [
            ("3000", "tcp::127.0.0.1:3000"),
            ("127.0.0.1:3000", "tcp::127.0.0.1:3000"),
            ("[::1]:3000", "tcp::[::1]:3000"),
            ("localhost:3000", "tcp::localhost:3000"),
            (":3000", "tcp:::3000"),
            ("tcp::0", "tcp::127.0.0.1:0"),
            ("http::0.0.0.0:80", "http::0.0.0.0:80"),
            ("https::[::]:443", "https::[::]:443"),
            ("udp::53", "udp::127.0.0.1:53"),
            ("/run/app.sock", "unix::/run/app.sock"),
            ("unix::app.sock", "unix::app.sock"),
            ("unix::@app", "unix::@app"),
            ("unixgram::/run/log", "unixgram::/run/log"),
            ("seqpacket::./x", "seqpacket::./x"),
            ("web=http::3000", "web=http::127.0.0.1:3000"),
            ("unix::/run/a=b,c=d", "unix::/run/a=b,c=d"),
            (
                "api=unix::/run/a,mode=0660,user=www,group=33",
                "api=unix::/run/a,mode=660,user=www,group=33",
            ),
        ] {
            assert_eq!(parsed(typed).to_string(), printed, "{typed}");
        }
    }

    #[test]
    fn mistakes_name_their_cure() {
        refused("", "is empty");
        refused("foo::3000", "there are tcp, http");
        refused("http::70000", "largest is 65535");
        refused("http::/run/app.sock", "write unix::/run/app.sock");
        refused("http://127.0.0.1:3000/", "leave out");
        refused("unix::", "path is missing");
        refused("=http::3000", "not a name for a socket");
        refused("unknown=http::3000", "not a name for a socket");
        refused("unix::/run/a,mode=999", "octal");
        refused("unix::/run/a,mode=+7", "octal");
        refused("unix::/run/a,user=", "lacks a name");
        refused("unix::/run/a,user=4294967295", "too large");
        refused("unix::/run/a,mode=600,mode=660", "twice");
        refused("unix::@a,mode=600", "no mode");
        refused("localhost", "localhost:3000");
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_what_it_parsed(text in "[^\\pC\\p{Zl}\\p{Zp}]*") {
            if let Ok(spec) = text.parse::<Spec>() {
                prop_assert_eq!(parsed(&spec.to_string()), spec);
            }
        }

        #[test]
        fn nothing_that_a_terminal_obeys_is_printed(
            start in "(unix::|http::|[a-z]{0,2}=)?", text: String
        ) {
            let printed = match format!("{start}{text}").parse::<Spec>() {
                Ok(spec) => spec.to_string(),
                Err(err) => err.to_string(),
            };
            prop_assert_eq!(escaped(&printed).to_string(), printed);
        }

        #[test]
        fn prints_what_it_parsed_near_the_grammar(
            text in "([a-z]{0,3}=)?((tcp|http|udp|unix|unixgram|seqpacket|[a-z]{0,2})::)?[@/:\\[\\]a-z.0-9=,-]{0,9}(,(mode|user|group)=[0-9a-z]{0,4}){0,2}"
        ) {
            if let Ok(spec) = text.parse::<Spec>() {
                prop_assert_eq!(parsed(&spec.to_string()), spec);
            }
        }
    }
}
