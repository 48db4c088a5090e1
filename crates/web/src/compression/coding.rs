use std::{cell::RefCell, io};

use actix_web::http::header::{ACCEPT_ENCODING, HeaderMap};
use brotli::enc::{BrotliCompress, BrotliEncoderParams, backward_references::BrotliEncoderMode};
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::weights::weighted;

/// The level of gzip, which is for responses that are sent once. A page of 5 KB takes 28 µs and becomes 1.5 KB; at level 4 it
/// takes 100 µs and becomes 1.2 KB.
const GZIP_LEVEL: u32 = 1;
/// The quality of Brotli, which is for responses that are sent repeatedly: 240 µs and 1.2 KB. Quality 5 takes 7 ms with this
/// window.
const BROTLI_QUALITY: i32 = 4;
/// The logarithm of the window of both, in bytes.
const WINDOW: u8 = 15;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

thread_local! {
    /// Its tables are as large as many responses, so each thread allocates them once.
    static GZIP: RefCell<Option<Compress>> = const { RefCell::new(None) };
}

impl Coding {
    /// All codings.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Brotli];

    /// The name in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// The coding that `Accept-Encoding` (RFC 9110, section 12.5.3) prefers, or of equal ones the `favourite`; `None` if it
    /// prefers no coding.
    pub fn preferred(headers: &HeaderMap, favourite: Self) -> Option<Self> {
        let accepted = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
        let accepted: Vec<_> = accepted.flat_map(weighted).collect();
        let of = |wanted: &str| {
            let named = accepted.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            named.map(|(_, weight)| weight.unwrap_or(0.0))
        };
        let weight = |name: &str| of(name).or_else(|| of("*")).unwrap_or(0.0);
        let identity = of("identity").unwrap_or(0.0);
        let other = if favourite == Self::Gzip { Self::Brotli } else { Self::Gzip };
        let best = if weight(other.name()) > weight(favourite.name()) { other } else { favourite };
        (weight(best.name()) > 0.0 && weight(best.name()) >= identity).then_some(best)
    }

    /// A body in this coding; `None` if it would not be smaller.
    pub fn encode(self, body: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gzip => gzip(body),
            Self::Brotli => brotli(body),
        }
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    GZIP.with_borrow_mut(|compress| {
        let compress = compress.get_or_insert_with(|| Compress::new_gzip(Compression::new(GZIP_LEVEL), WINDOW));
        compress.reset();
        // There is no room for a body that is not smaller.
        let mut encoded = Vec::with_capacity(body.len());
        let status = compress.compress_vec(body, &mut encoded, FlushCompress::Finish).ok()?;
        (status == Status::StreamEnd).then_some(encoded)
    })
}

fn brotli(mut body: &[u8]) -> Option<Vec<u8>> {
    let length = body.len();
    let parameters = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: WINDOW.into(),
        size_hint: length,
        mode: BrotliEncoderMode::BROTLI_MODE_TEXT,
        ..BrotliEncoderParams::default()
    };
    let mut encoded = io::Cursor::new(Vec::with_capacity(length / 3));
    BrotliCompress(&mut body, &mut encoded, &parameters).ok()?;
    Some(encoded.into_inner()).filter(|encoded| encoded.len() < length)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::http::header::HeaderValue;
    use flate2::read::GzDecoder;

    use super::*;

    fn decoded(coding: Coding, encoded: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        match coding {
            Coding::Gzip => GzDecoder::new(encoded).read_to_end(&mut body),
            Coding::Brotli => brotli::Decompressor::new(encoded, 4_096).read_to_end(&mut body),
        }
        .expect("a valid stream");
        body
    }

    #[test]
    fn encoded_body_is_decoded_to_the_same_bytes() {
        let text = "주간회의록 {\"title\": \"a\"}\n".repeat(40_000);
        for coding in Coding::ALL {
            for length in [100, 1_024, 5_000, 70_000, text.len()] {
                // Twice, since an encoder is used again.
                for _ in 0..2 {
                    let encoded = coding.encode(&text.as_bytes()[..length]).expect("a smaller body");
                    assert!(encoded.len() < length, "{coding:?} {length}");
                    assert_eq!(decoded(coding, &encoded), &text.as_bytes()[..length], "{coding:?} {length}");
                }
            }
        }
    }

    #[test]
    fn body_that_cannot_be_compressed_stays() {
        let mut state = 1_u64;
        let noise: Vec<_> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(5_000)
        .collect();
        for coding in Coding::ALL {
            assert_eq!(coding.encode(&noise), None, "{coding:?}");
        }
    }

    #[test]
    fn coding_with_the_highest_weight_is_preferred() {
        use Coding::{Brotli, Gzip};
        for (header, preferred) in [
            ("gzip", Some(Gzip)),
            ("GZIP", Some(Gzip)),
            ("br", Some(Brotli)),
            ("gzip, deflate, br, zstd", Some(Gzip)),
            ("gzip;q=0.5, br", Some(Brotli)),
            ("gzip;q=0.5, br;q=0.4", Some(Gzip)),
            ("gzip; q=0, br ; Q = 0.1", Some(Brotli)),
            ("*", Some(Gzip)),
            ("gzip;q=0, *", Some(Brotli)),
            ("*;q=0, br", Some(Brotli)),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.5, gzip", Some(Gzip)),
            ("identity;q=0", None),
            ("deflate, zstd", None),
            ("gzip;q=0, br;q=0", None),
            ("gzip;q=x", None),
            ("", None),
            ("gzipped", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(header));
            assert_eq!(Coding::preferred(&headers, Gzip), preferred, "{header}");
        }
        assert_eq!(Coding::preferred(&HeaderMap::new(), Gzip), None);
        let mut headers = HeaderMap::new();
        for header in ["gzip", "br"] {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(header));
        }
        assert_eq!(Coding::preferred(&headers, Brotli), Some(Brotli));
    }
}
