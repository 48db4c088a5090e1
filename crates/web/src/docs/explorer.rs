//! The explorer: Swagger UI, embedded in the binary.

use std::{
    io::{self, Read},
    sync::OnceLock,
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Path},
};
use flate2::read::GzDecoder;
use memo_domain::Causes;

use crate::{
    problem::{Code, Problem},
    respond::{file, page},
};

/// A file of Swagger UI that the build script has packed.
macro_rules! packed {
    ($name:literal, $media_type:literal) => {
        Packed {
            name: $name,
            media_type: $media_type,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            bytes: OnceLock::new(),
        }
    };
}

/// The files of Swagger UI that the page uses.
static VENDORED: [Packed; 4] = [
    packed!("swagger-ui.css", "text/css; charset=utf-8"),
    packed!("index.css", "text/css; charset=utf-8"),
    packed!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    packed!("favicon-32x32.png", "image/png"),
];

struct Packed {
    name: &'static str,
    media_type: &'static str,
    gzip: &'static [u8],
    /// Unpacked when it is first requested.
    bytes: OnceLock<Bytes>,
}

impl Packed {
    fn unpacked(&self) -> io::Result<Bytes> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut bytes)?;
        Ok(self.bytes.get_or_init(|| bytes.into()).clone())
    }
}

pub async fn explorer(request: HttpRequest) -> HttpResponse {
    page(&request, include_str!("explorer.html"))
}

pub async fn explorer_file(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    match name.as_str() {
        "explorer.js" => Ok(file(&request, "text/javascript; charset=utf-8", include_str!("explorer.js").into())),
        "errors.css" => Ok(file(&request, "text/css; charset=utf-8", include_str!("errors.css").into())),
        name => {
            let packed = VENDORED.iter().find(|file| file.name == name).ok_or(Problem::new(Code::NotFound))?;
            let bytes = packed.unpacked().map_err(|error| {
                tracing::error!(error = %Causes(&error), "a file of the explorer can't be unpacked");
                Problem::new(Code::InternalError)
            })?;
            Ok(file(&request, packed.media_type, bytes))
        }
    }
}
