//! How the text of a span lies in the file: compressed, so that a span takes a third of the room.
//!
//! Zstandard frames (RFC 8878) with a dictionary of what spans have in common; without one, a text of
//! a kilobyte shrinks by little more than a half.

use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;
use std::thread::LocalKey;

use candor_store::BoxError;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CParameter, get_frame_content_size};

/// What is likeliest stands last, where it is nearest to every text. To change it is to lose every
/// file's spans: a new one needs a migration that packs them anew.
const DICTIONARY: &[u8] = include_bytes!("span_dictionary.txt");

/// Higher ones take twice the time for a twentieth of the room.
const LEVEL: i32 = 1;

/// The longest text that SQLite can hold; a damaged one may tell any length, for which memory is set aside.
const MAX_BYTES: usize = 1_000_000_000;

static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    // To set one up costs more than to pack a span.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The text as the file has it.
///
/// # Errors
/// When memory is short.
pub(crate) fn pack(text: &str) -> io::Result<Vec<u8>> {
    with(&COMPRESSOR, compressor, |compressor| compressor.compress(text.as_bytes()))
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
    compressor.set_parameter(CParameter::DictIdFlag(false))?; // there is one, and SQLite checks no contents either
    Ok(compressor)
}

/// The text that [`pack`] was given.
///
/// # Errors
/// When `packed` is not of [`pack`]'s making.
pub(crate) fn unpack(packed: &[u8]) -> Result<String, BoxError> {
    let bytes = get_frame_content_size(packed).map_err(|error| error.to_string())?;
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes <= MAX_BYTES);
    let bytes = bytes.ok_or("it tells no length that a text can have")?;
    let text = with(&DECOMPRESSOR, decompressor, |decompressor| decompressor.decompress(packed, bytes))?;
    Ok(String::from_utf8(text)?)
}

fn decompressor() -> io::Result<Decompressor<'static>> {
    Decompressor::with_prepared_dictionary(&DECODER)
}

/// Works with the thread's own tool, which is set up when first needed.
fn with<T, R>(
    slot: &'static LocalKey<RefCell<Option<T>>>,
    set_up: fn() -> io::Result<T>,
    work: impl FnOnce(&mut T) -> io::Result<R>,
) -> io::Result<R> {
    slot.with_borrow_mut(|slot| match slot {
        Some(tool) => work(tool),
        None => work(slot.insert(set_up()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A span's text as a file of schema version 6 has it.
    const OF_VERSION_6: &str =
        "28b52ffd20922501007061203f222c226b223a2237227d7d0600eb84029fcb122494801a62c213716118a60504";

    #[test]
    fn texts_come_back_as_they_were() {
        let long = "a kilobyte or a megabyte, spans come in all sizes; ".repeat(40_000);
        for text in ["", "{}", r#"{"name":"ask","attributes":{"k":"ä"}}"#, &long] {
            assert_eq!(unpack(&pack(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn a_text_that_was_packed_by_an_earlier_program_is_read() {
        let packed: Vec<u8> = (0..OF_VERSION_6.len() / 2)
            .map(|place| u8::from_str_radix(&OF_VERSION_6[2 * place..][..2], 16).unwrap())
            .collect();
        let text = r#"{"name":"generate","kind":"INTERNAL","status":{"code":"OK"},"attributes":{"mlflow.spanType":"LLM","mlflow.spanInputs":"What is a trace?","k":"7"}}"#;
        assert_eq!(unpack(&packed).unwrap(), text);
    }

    #[test]
    fn what_spans_have_in_common_costs_little() {
        let text = r#"{"name":"ask","attributes":{"mlflow.spanType":"CHAT_MODEL","mlflow.spanInputs":{"messages":[{"role":"user","content":"Hi"}]},"mlflow.traceRequestId":"tr-00112233445566778899aabbccddeeff"}}"#;
        assert!(pack(text).unwrap().len() < text.len() / 2);
    }

    #[test]
    fn what_is_no_packed_text_is_refused() {
        let endless = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0xff; 8]].concat(); // says that 2^64 bytes follow
        for packed in [&b""[..], b"{}", &pack("{}").unwrap()[1..], &pack(&"long ".repeat(99)).unwrap()[..20], &endless]
        {
            assert!(unpack(packed).is_err(), "{packed:?}");
        }
    }
}
