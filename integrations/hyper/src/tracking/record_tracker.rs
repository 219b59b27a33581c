//! Where TLS records begin and end (RFC 8446, section 5.1).

/// Tracks how far into a TLS record the bytes of a handshake have come.
///
/// The client's last message may come together with a part of its first request. That part waits in the
/// buffer of rustls, and rustls does not tell.
#[derive(Debug, Default)]
pub(crate) struct RecordTracker {
    is_counting: bool,
    header: [u8; HEADER],
    /// How many bytes of the header have come.
    known: usize,
    /// How many bytes of the record's body are still to come.
    body: usize,
}

/// Type, version, and the length of what follows.
const HEADER: usize = 5;

impl RecordTracker {
    /// Starts at the beginning of a record.
    pub(crate) fn counting() -> Self {
        RecordTracker { is_counting: true, ..Self::default() }
    }

    /// Notes bytes that have come.
    #[inline]
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        if self.is_counting {
            self.count(bytes);
        }
    }

    fn count(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let wanted = if self.body > 0 { self.body } else { HEADER - self.known };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            bytes = later;
            if self.body > 0 {
                self.body -= now.len();
                continue;
            }
            self.header[self.known..][..now.len()].copy_from_slice(now);
            self.known += now.len();
            if self.known == HEADER {
                self.known = 0;
                self.body = u16::from_be_bytes([self.header[3], self.header[4]]).into();
            }
        }
    }

    /// Whether the last record is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.known == 0 && self.body == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_complete_at_their_ends_alone_however_they_come() {
        let stream = [&[22, 3, 1, 0, 3][..], b"abc", &[23, 3, 3, 1, 0], &[7; 256]].concat();
        let ends = [0, 8, 8 + 5 + 256];
        for size in [1, 2, 3, 7, 300] {
            let mut tracker = RecordTracker::counting();
            let mut read = 0;
            for bytes in stream.chunks(size) {
                tracker.note(bytes);
                read += bytes.len();
                assert_eq!(tracker.is_complete(), ends.contains(&read), "{read} in {size}");
            }
        }
    }
}
