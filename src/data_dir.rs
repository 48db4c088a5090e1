//! The folder that the embedded defaults write to.

use std::{fs, os::unix::fs::DirBuilderExt};

use crate::{Settings, StartError};

/// Makes the data folder, for this user alone, where it is missing.
pub fn make(settings: &Settings) -> Result<(), StartError> {
    let folder = &settings.data_dir;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| StartError::Io {
        what: format!("the data folder {} can't be made", folder.display()),
        source,
    })
}
