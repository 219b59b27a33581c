//! Reads the fields of a message of `sd_notify(3)` that are for the fd store.

/// The fields of a message that are for the store.
#[derive(Debug, Default)]
pub(super) struct StoreFields<'a> {
    /// `FDSTORE=1`: keep the descriptors that the message carries.
    pub(super) stores: bool,
    /// `FDSTOREREMOVE=1`: forget those of the name.
    pub(super) removes: bool,
    /// `FDNAME=`
    pub(super) name: Option<&'a str>,
    /// `FDPOLL=0`: keep them also when their other end is gone.
    pub(super) is_unwatched: bool,
}

impl<'a> StoreFields<'a> {
    /// Splits a message into these fields and its other lines.
    pub(super) fn split(text: &'a str) -> (Self, String) {
        let (mut fields, mut rest) = (StoreFields::default(), String::new());
        for line in text.lines() {
            match line.split_once('=') {
                Some(("FDSTORE", value)) => fields.stores = value == "1",
                Some(("FDSTOREREMOVE", value)) => fields.removes = value == "1",
                Some(("FDNAME", value)) => fields.name = Some(value),
                Some(("FDPOLL", value)) => fields.is_unwatched = value == "0",
                // It asks to close its descriptor, as happens to all that are not stored.
                Some(("BARRIER", _)) => {}
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        }
        (fields, rest)
    }
}
