//! Packs the files of Swagger UI that the explorer uses: a fifth of their size, and a tenth of what the archive has.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Cursor},
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 4] = ["swagger-ui.css", "index.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        let path = archive.file_names().find(|path| path.ends_with(&format!("/dist/{name}")));
        let path = path.ok_or("Swagger UI lacks a file")?.to_owned();
        let mut packed = GzEncoder::new(File::create(folder.join(format!("{name}.gz")))?, Compression::best());
        io::copy(&mut archive.by_name(&path)?, &mut packed)?;
        packed.finish()?;
    }
    Ok(())
}
