//! Looks for the place of the tag, by the rules of the HTML standard's tokenizer for what may come before
//! it: white space, comments, the doctype, `<html>` and `<head>`.

/// Where the look is.
#[derive(Debug, Default)]
pub(super) struct Look {
    state: State,
    /// Whether a token has ended that is no white space.
    has_seen_html: bool,
    /// Whether the body's first bytes, which may be a byte order mark, were seen.
    has_begun: bool,
}

/// What was seen in some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The tag belongs at this position.
    Place(usize),
    /// The tag does not belong into this body.
    NoPlace,
    /// As many bytes are surely before the tag. The rest is to be shown again, with the next bytes.
    SoFar(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    Comment(Comment),
    /// The doctype, and what the standard calls a bogus comment.
    UntilBracket,
    Tag {
        is_head: bool,
        at: Attribute,
    },
}

/// The end of a comment so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comment {
    Start,
    StartDash,
    Text,
    Dash,
    DashDash,
    Bang,
}

/// Where in a tag's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

/// What begins with some bytes.
enum Opening {
    /// A token, of which as many bytes are its opening.
    Token(usize, State),
    /// More bytes will tell.
    Undecided,
    /// A token before which the tag belongs.
    Other,
}

impl Look {
    /// Looks at the next bytes, or at more of those that were left.
    pub(super) fn at(&mut self, bytes: &[u8]) -> Seen {
        let mut at = 0;
        if !self.has_begun {
            match byte_order_mark(bytes) {
                ByteOrderMark::Undecided => return Seen::SoFar(0),
                ByteOrderMark::Utf16 => return Seen::NoPlace,
                ByteOrderMark::None => {}
                ByteOrderMark::Utf8 => at = UTF8_MARK.len(),
            }
            self.has_begun = true;
        }
        while let Some(&byte) = bytes.get(at) {
            if self.state != State::Between {
                at += 1;
                if self.step(byte) {
                    return Seen::Place(at);
                }
            } else if is_space(byte) {
                at += 1;
            } else {
                match opening(&bytes[at..]) {
                    Opening::Token(length, state) => {
                        at += length;
                        self.state = state;
                    }
                    Opening::Undecided => return Seen::SoFar(at),
                    Opening::Other => return Seen::Place(at),
                }
            }
        }
        Seen::SoFar(at)
    }

    /// Whether the tag belongs at the end, if the body ends here; `held` are the bytes that were left.
    pub(super) fn may_end(&self, held: &[u8]) -> bool {
        let is_mark = !self.has_begun || held.starts_with(b"<!");
        self.state == State::Between && !is_mark && (self.has_seen_html || !held.is_empty())
    }

    /// Takes a byte of a token. Returns whether it ends `<head>`.
    fn step(&mut self, byte: u8) -> bool {
        let next = match self.state {
            State::Between => Some(State::Between),
            State::Comment(at) => at.step(byte).map(State::Comment),
            State::UntilBracket => (byte != b'>').then_some(State::UntilBracket),
            State::Tag { is_head, at } => {
                let next = at.step(byte).map(|at| State::Tag { is_head, at });
                if next.is_none() && is_head {
                    return true;
                }
                next
            }
        };
        self.has_seen_html |= next.is_none();
        self.state = next.unwrap_or(State::Between);
        false
    }
}

impl Comment {
    /// `None` when the comment ends.
    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Comment::Start | Comment::StartDash | Comment::DashDash | Comment::Bang, b'>') => None,
            (Comment::Start, b'-') => Some(Comment::StartDash),
            (Comment::Text | Comment::Bang, b'-') => Some(Comment::Dash),
            (Comment::StartDash | Comment::Dash | Comment::DashDash, b'-') => {
                Some(Comment::DashDash)
            }
            (Comment::DashDash, b'!') => Some(Comment::Bang),
            _ => Some(Comment::Text),
        }
    }
}

impl Attribute {
    /// `None` when the tag ends.
    fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Attribute::Quoted(quote), _) if byte == quote => Attribute::BeforeName,
            (Attribute::Quoted(_), _) => self,
            (_, b'>') => return None,
            (Attribute::BeforeValue, b'"' | b'\'') => Attribute::Quoted(byte),
            (Attribute::BeforeValue, _) if is_space(byte) => self,
            (Attribute::Unquoted, _) if is_space(byte) => Attribute::BeforeName,
            (Attribute::BeforeValue | Attribute::Unquoted, _) => Attribute::Unquoted,
            (Attribute::Name | Attribute::AfterName, b'=') => Attribute::BeforeValue,
            (_, b'/') => Attribute::BeforeName,
            (Attribute::Name, _) if is_space(byte) => Attribute::AfterName,
            (_, _) if is_space(byte) => self,
            _ => Attribute::Name,
        })
    }
}

fn opening(bytes: &[u8]) -> Opening {
    const COMMENT: &[u8] = b"<!--";
    match bytes {
        [b'<', b'?', ..] => Opening::Token(2, State::UntilBracket),
        _ if bytes.starts_with(COMMENT) => {
            Opening::Token(COMMENT.len(), State::Comment(Comment::Start))
        }
        _ if COMMENT.starts_with(bytes) => Opening::Undecided,
        [b'<', b'!', ..] => Opening::Token(2, State::UntilBracket),
        _ => tag(bytes),
    }
}

fn tag(bytes: &[u8]) -> Opening {
    for (name, is_head) in [(b"<html", false), (b"<head", true)] {
        let begins = &bytes[..bytes.len().min(name.len())];
        if !name[..begins.len()].eq_ignore_ascii_case(begins) {
            continue;
        }
        return match bytes.get(name.len()) {
            None => Opening::Undecided,
            Some(&next) if is_space(next) || matches!(next, b'/' | b'>') => {
                Opening::Token(name.len(), State::Tag { is_head, at: Attribute::BeforeName })
            }
            Some(_) => Opening::Other,
        };
    }
    Opening::Other
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

enum ByteOrderMark {
    None,
    Utf8,
    Utf16,
    Undecided,
}

fn byte_order_mark(bytes: &[u8]) -> ByteOrderMark {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ByteOrderMark::Utf16,
        [] | [0xff | 0xfe] => ByteOrderMark::Undecided,
        _ if bytes.starts_with(UTF8_MARK) => ByteOrderMark::Utf8,
        _ if UTF8_MARK.starts_with(bytes) => ByteOrderMark::Undecided,
        _ => ByteOrderMark::None,
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}
