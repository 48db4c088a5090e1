//! Key files. The first key is used, the others only verify.

mod form;

use std::{
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use memo_domain::{Secret, SecretGenerator};
use tempfile::{NamedTempFile, PersistError};
use thiserror::Error;

pub use form::KeyForm;

/// A key file is invalid. The text does not contain a key.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file can't be read or created.
    #[error("the key file {} can't be read or created: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file has keys of another form.
    #[error("no key in the key file {} is {form}", path.display())]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// The required form.
        form: KeyForm,
    },
    /// A key is malformed.
    #[error("line {line} of the key file {} is not {form}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The number of the key's first line, from 1.
        line: usize,
        /// The required form.
        form: KeyForm,
    },
    /// The file contains no key.
    #[error("the key file {} contains no key", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the keys of a file. If it is missing, it is created with one new key and mode 0600.
///
/// # Errors
/// [`KeyFileError`].
pub fn load_or_create(path: &Path, form: KeyForm, secrets: &dyn SecretGenerator) -> Result<Vec<Secret>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, &form.write(&secrets.next()).map_err(failed)?).map_err(failed)?;
            fs::read_to_string(path).map_err(failed)?
        }
        text => text.map_err(failed)?,
    };
    // Some editors begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    if form.is_other(text) {
        return Err(KeyFileError::OtherForm { path: path.to_owned(), form });
    }
    let keys = form.read(text).map_err(|line| KeyFileError::Malformed { path: path.to_owned(), line, form })?;
    if keys.is_empty() { Err(KeyFileError::Empty { path: path.to_owned() }) } else { Ok(keys) }
}

/// Whether other users of the machine can read or change a file.
///
/// # Errors
/// Those of reading its mode.
pub fn is_exposed(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// Creates the file with mode 0600, whole or not at all. Of two concurrent processes one wins, and both use its key.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(PersistError { error, .. }) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memo_system::SystemSecrets;

    const FORMS: [KeyForm; 2] = [KeyForm::Lines, KeyForm::Pem];

    #[test]
    fn a_file_is_created_once_with_mode_0600() {
        for form in FORMS {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("signing.key");
            let made = load_or_create(&path, form, &SystemSecrets).expect("a key");
            assert_eq!(load_or_create(&path, form, &SystemSecrets).expect("the key"), made);
            assert_eq!(made.len(), 1);
            assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
        }
    }

    #[test]
    fn concurrent_creators_of_a_file_use_the_same_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing.pem");
        let load = || load_or_create(&path, KeyForm::Pem, &SystemSecrets).expect("a key");
        let all: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
            threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
        });
        assert!(all.iter().all(|keys| *keys == all[0]));
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        for form in FORMS {
            let path = folder.path().join(format!("{form:?}.key"));
            let made = load_or_create(&path, form, &SystemSecrets).expect("a key");
            let text = fs::read_to_string(&path).expect("the file");
            fs::write(&path, format!("\u{feff}{text}")).expect("written");
            assert_eq!(load_or_create(&path, form, &SystemSecrets).expect("the key"), made);
        }
    }

    #[test]
    fn a_malformed_file_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing.key");
        let line = "A".repeat(43);
        let block = KeyForm::Pem.write(&Secret::new([1; 32])).expect("a block");
        let open = block.replace("-----END PRIVATE KEY-----", "");
        for (form, text, says) in [
            (KeyForm::Lines, "hunter2\n", "line 1"),
            (KeyForm::Lines, &format!("{line}\nx\n"), "line 2"),
            (KeyForm::Lines, "\n", "contains no key"),
            (KeyForm::Lines, &block, "base64url"),
            (KeyForm::Pem, "hunter2\n", "PKCS#8"),
            (KeyForm::Pem, &line, "PKCS#8"),
            (KeyForm::Pem, "\n", "contains no key"),
            (KeyForm::Pem, &format!("{block}\nhunter2\n"), "line 5"),
            (KeyForm::Pem, &format!("{block}{open}"), "line 4"),
            (KeyForm::Pem, &format!("{open}{block}"), "line 1"),
            (KeyForm::Pem, &block.replace("PRIVATE", "PUBLIC"), "line 1"),
            (KeyForm::Pem, &block.replace("MC4C", "MC4D"), "line 1"),
            (KeyForm::Pem, "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n", "line 1"),
        ] {
            fs::write(&path, text).expect("written");
            let error = load_or_create(&path, form, &SystemSecrets).expect_err("refused").to_string();
            assert!(error.contains(says) && error.contains("signing.key") && !error.contains('\n'), "{text}: {error}");
            for secret in ["hunter2", &line, "AQEB"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
    }
}
