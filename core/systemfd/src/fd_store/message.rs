//! What a message of `sd_notify(3)` says to the fd store.

/// What a message asks of the store.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) keeps: bool,
    pub(super) forgets: bool,
    pub(super) name: Option<&'a str>,
    pub(super) is_unwatched: bool,
}

impl<'a> Asked<'a> {
    /// Reads the lines that are for the store, and gives the others back.
    pub(super) fn read(text: &'a str) -> (Self, String) {
        let (mut asked, mut rest) = (Asked::default(), String::new());
        for line in text.lines() {
            match line.split_once('=') {
                Some(("FDSTORE", value)) => asked.keeps = value == "1",
                Some(("FDSTOREREMOVE", value)) => asked.forgets = value == "1",
                Some(("FDNAME", value)) => asked.name = Some(value),
                Some(("FDPOLL", value)) => asked.is_unwatched = value == "0",
                Some(("BARRIER", _)) => {}
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        }
        (asked, rest)
    }
}
