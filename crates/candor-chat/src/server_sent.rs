//! Reading Server-Sent Events, however the bytes are cut.

/// Puts the data of events together from bytes as they come.
///
/// Source: the HTML standard's "event stream interpretation". Names, ids and retry times of events
/// are passed over. Bytes that are not UTF-8 are replaced.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Option<String>,
    /// The last byte ended a line as `\r`; a `\n` right after it belongs to it.
    after_return: bool,
    begun: bool,
}

/// An event that is longer than [`EventReader`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_BYTES} bytes")]
pub struct TooLong;

/// The longest event, in bytes.
const MAX_BYTES: usize = 1 << 20;

impl EventReader {
    /// Takes the next bytes and returns the data of the events that they complete.
    ///
    /// # Errors
    /// [`TooLong`]; the rest of the stream is of no use then.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    events.extend(self.end_line()?);
                }
                _ => {
                    self.after_return = false;
                    if self.line.len() >= MAX_BYTES {
                        return Err(TooLong);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(events)
    }

    /// Interprets a line; a blank one completes an event.
    fn end_line(&mut self) -> Result<Option<String>, TooLong> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = if self.begun { &*line } else { line.strip_prefix('\u{feff}').unwrap_or(&line) };
        self.begun = true;
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) if data.len() + value.len() >= MAX_BYTES => return Err(TooLong),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(EventReader::default().read(text.as_bytes()).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
        check("data: a\r\n\r\ndata:b\r\r", &["a", "b"]);
        check("data: a\ndata: b\n\n", &["a\nb"]);
        check(": comment\nid: 7\nevent: x\ndata: a\n\n", &["a"]);
        check("\u{feff}data: a\n\n", &["a"]);
        check("data\n\n", &[""]);
        check("data:  two\n\n", &[" two"]);
        check("\n\nevent: nothing\n\n", &[]);
        check("data: not complete\n", &[]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut reader = EventReader::default();
        let part = vec![b'x'; 1 << 16];
        let refused = (0..20).find_map(|_| reader.read(&part).err());
        assert_eq!(refused, Some(TooLong));
    }

    proptest::proptest! {
        #[test]
        fn how_the_bytes_are_cut_does_not_matter(
            texts in proptest::collection::vec("[^\r\n]{0,20}", 0..8),
            end in proptest::sample::select(vec!["\n", "\r", "\r\n"]),
            cuts in proptest::collection::vec(0_usize..400, 0..40),
        ) {
            let whole: String = texts.iter().map(|text| format!("data: {text}{end}: x{end}{end}")).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let mut reader = EventReader::default();
            let parts = cuts.windows(2).map(|cut| &whole.as_bytes()[cut[0]..cut[1]]);
            let read: Vec<String> = parts.flat_map(|part| reader.read(part).unwrap()).collect();
            proptest::prop_assert_eq!(read, texts);
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
            EventReader::default().read(&bytes).unwrap();
        }
    }
}
