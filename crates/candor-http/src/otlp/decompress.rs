use std::borrow::Cow;
use std::io::Read;

use axum::http::{HeaderMap, header};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::error::Refusal;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
}

impl Encoding {
    /// What `Content-Encoding` says. MLflow refuses an explicit `identity`, and so is it here.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(Self::Identity) };
        let name = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        match name.as_str() {
            "" => Ok(Self::Identity),
            "gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            _ => Err(Refusal::Encoding(name)),
        }
    }
}

/// Unpacks `body`, up to `limit` bytes.
pub(super) fn decompress(encoding: Encoding, body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Refusal> {
    match encoding {
        Encoding::Identity if body.len() > limit => Err(Refusal::TooLong),
        Encoding::Identity => Ok(Cow::Borrowed(body)),
        Encoding::Gzip => unpack(MultiGzDecoder::new(body), limit, "gzip"),
        Encoding::Deflate => match unpack(ZlibDecoder::new(body), limit, "deflate") {
            // Some clients send the bare stream and call it the same.
            Err(Refusal::Corrupt(_)) => unpack(DeflateDecoder::new(body), limit, "deflate"),
            unpacked => unpacked,
        },
    }
}

fn unpack(packed: impl Read, limit: usize, name: &'static str) -> Result<Cow<'static, [u8]>, Refusal> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a body that is too long from one that just fits.
    packed.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|_| Refusal::Corrupt(name))?;
    if bytes.len() > limit { Err(Refusal::TooLong) } else { Ok(Cow::Owned(bytes)) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"spans spans spans spans";

    fn packed() -> [(Encoding, Vec<u8>); 3] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(TEXT).unwrap();
        zlib.write_all(TEXT).unwrap();
        raw.write_all(TEXT).unwrap();
        [
            (Encoding::Gzip, gzip.finish().unwrap()),
            (Encoding::Deflate, zlib.finish().unwrap()),
            (Encoding::Deflate, raw.finish().unwrap()),
        ]
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        for (encoding, body) in packed() {
            assert_eq!(&*decompress(encoding, &body, TEXT.len()).unwrap(), TEXT);
        }
    }

    #[test]
    fn unpacking_stops_at_the_limit() {
        for (encoding, body) in packed() {
            assert!(matches!(decompress(encoding, &body, TEXT.len() - 1), Err(Refusal::TooLong)));
        }
    }

    #[test]
    fn torn_bodies_are_corrupt() {
        for (encoding, body) in packed() {
            assert!(matches!(decompress(encoding, &body[..body.len() - 2], 99), Err(Refusal::Corrupt(_))));
        }
        assert!(matches!(decompress(Encoding::Gzip, b"", 99), Err(Refusal::Corrupt("gzip"))));
    }
}
