//! The data folder: default place of the database, the keys and mail.

use std::{fs, os::unix::fs::DirBuilderExt};

use crate::{Settings, StartError};

/// Creates the data folder if it is missing, accessible to this user only.
pub fn make(settings: &Settings) -> Result<(), StartError> {
    let folder = &settings.data_dir;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| StartError::Io {
        what: format!("the data folder {} can't be created", folder.display()),
        source,
    })
}
