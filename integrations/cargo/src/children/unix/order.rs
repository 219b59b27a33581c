//! What an exec shim is to become: the order that a shim gets which was started before its program was
//! known.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::process::Command;

/// A program with its arguments, and the variables that differ from those of the shim.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    /// Without a value, a variable is removed.
    pub(super) variables: Vec<(OsString, Option<OsString>)>,
}

/// A larger order is not sent. Nor is one for which the socket has no room: then another shim is started.
const LARGEST: usize = 1 << 16;

impl Order {
    /// The order for what a command starts after its first arguments, which are the shim's own.
    pub(super) fn of(command: &Command, own_arguments: usize) -> Option<Self> {
        let mut arguments = command.get_args().skip(own_arguments).map(OsStr::to_owned);
        let program = arguments.next()?;
        let variables = command.get_envs();
        let owned =
            |(name, value): (&OsStr, Option<&OsStr>)| (name.to_owned(), value.map(OsStr::to_owned));
        Some(Order {
            program,
            arguments: arguments.collect(),
            variables: variables.map(owned).collect(),
        })
    }

    /// The bytes to send; `None` if there are too many.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut texts = Vec::new();
        let mut push = |text: &[u8]| {
            texts.extend_from_slice(text);
            texts.push(0);
        };
        push((self.arguments.len()).to_string().as_bytes());
        push(self.program.as_bytes());
        self.arguments.iter().for_each(|argument| push(argument.as_bytes()));
        for (name, value) in &self.variables {
            match value {
                Some(value) => push(&[b"=", name.as_bytes(), b"=", value.as_bytes()].concat()),
                None => push(&[b"-", name.as_bytes()].concat()),
            }
        }
        let length = u32::try_from(texts.len()).ok().filter(|_| texts.len() <= LARGEST)?;
        Some([&length.to_ne_bytes(), &*texts].concat())
    }

    /// Waits for an order. `None` if the other end was closed before.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn receive(control: &OwnedFd) -> io::Result<Option<Self>> {
        let mut control = UnixStream::from(control.try_clone()?);
        let mut length = [0; size_of::<u32>()];
        match control.read_exact(&mut length) {
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let length = usize::try_from(u32::from_ne_bytes(length)).unwrap_or(usize::MAX);
        if length > LARGEST {
            return Err(malformed());
        }
        let mut texts = vec![0; length];
        control.read_exact(&mut texts)?;
        Order::decode(&texts).map(Some).ok_or_else(malformed)
    }

    fn decode(texts: &[u8]) -> Option<Self> {
        let mut texts = texts.strip_suffix(&[0])?.split(|byte| *byte == 0);
        let owned = |text: &[u8]| OsString::from_vec(text.to_vec());
        let count = std::str::from_utf8(texts.next()?).ok()?.parse().ok()?;
        let program = owned(texts.next()?);
        let arguments: Vec<_> = texts.by_ref().take(count).map(owned).collect();
        let variables = texts.map(|text| match text.split_first()? {
            (b'-', name) => Some((owned(name), None)),
            (b'=', text) => {
                // The name may begin with this character, as for the shell of old systems.
                let end = 1 + text.get(1..)?.iter().position(|byte| *byte == b'=')?;
                Some((owned(&text[..end]), Some(owned(&text[end + 1..]))))
            }
            _ => None,
        });
        let variables = variables.collect::<Option<_>>()?;
        (arguments.len() == count).then_some(Order { program, arguments, variables })
    }

    /// The command that becomes the program.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// What the order says of a variable: nothing, that it is removed, or its value.
    pub(super) fn variable(&self, name: &str) -> Option<Option<&OsStr>> {
        let found = self.variables.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_deref())
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the order of cargo devserver is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_received() {
        let mut command = Command::new("shim");
        command
            .args(["--own", "program", "an argument", "", "="])
            .env("A", "x=y\nz")
            .env("EMPTY", "");
        command.env_remove("GONE");
        let order = Order::of(&command, 1).unwrap();
        let bytes = order.encode().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        io::Write::write_all(&mut &ours, &bytes).unwrap();
        let received = Order::receive(&theirs.into()).unwrap().unwrap();
        assert_eq!(received, order);
        assert_eq!(received.variable("GONE"), Some(None));
        assert_eq!(received.variable("OTHER"), None);
        assert_eq!(received.command().get_args().count(), 3);
    }

    #[test]
    fn without_an_order_nothing_is_started() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert_eq!(Order::receive(&theirs.into()).unwrap(), None);
        assert!(Order::decode(b"1\0program\0").is_none(), "an argument is missing");
        assert!(Order::decode(b"").is_none());
        let long =
            Order { program: "x".repeat(LARGEST).into(), arguments: vec![], variables: vec![] };
        assert_eq!(long.encode(), None);
    }
}
