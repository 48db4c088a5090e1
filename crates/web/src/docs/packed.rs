//! Files that are part of the binary, packed.

use std::{
    io::{self, Read},
    sync::OnceLock,
};

use actix_web::web::Bytes;
use flate2::read::GzDecoder;

/// A file that the build script has packed.
macro_rules! packed {
    ($name:literal, $media_type:literal) => {
        $crate::docs::packed::Packed {
            name: $name,
            media_type: $media_type,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            bytes: std::sync::OnceLock::new(),
        }
    };
}
pub(super) use packed;

pub struct Packed {
    pub name: &'static str,
    pub media_type: &'static str,
    pub gzip: &'static [u8],
    /// Unpacked when it is first requested.
    pub bytes: OnceLock<Bytes>,
}

impl Packed {
    /// The file.
    pub fn unpacked(&self) -> io::Result<Bytes> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut bytes)?;
        Ok(self.bytes.get_or_init(|| bytes.into()).clone())
    }
}
