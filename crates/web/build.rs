//! Packs what the server hands out: the OpenAPI document, and the files of Swagger UI that the explorer uses: a fifth of their size,
//! and a tenth of what the archive has.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// Of the repository, which a test compares with what the operations declare.
const DOCUMENT: &str = "../../openapi/current.json";
const FILES: [&str; 4] = ["swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let path = file.name()?.into_owned();
        let name = path.rsplit('/').next().unwrap_or(&path);
        if FILES.contains(&name) {
            pack(&mut file, &folder, name)?;
        }
    }
    println!("cargo::rerun-if-changed={DOCUMENT}");
    Ok(pack(&mut File::open(DOCUMENT)?, &folder, "openapi.json")?)
}

fn pack(file: &mut dyn Read, folder: &Path, name: &str) -> io::Result<()> {
    let packed = File::create(folder.join(format!("{name}.gz")))?;
    let mut packed = GzEncoder::new(packed, Compression::best());
    io::copy(file, &mut packed)?;
    packed.finish().map(drop)
}
