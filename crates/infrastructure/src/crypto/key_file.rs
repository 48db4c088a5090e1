//! Files of secret keys: a line each of base64url, 32 bytes. The first one is used, the others only verify.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::{Secret, SecretGenerator};
use thiserror::Error;

/// Why there are no keys. Says nothing of the keys themselves.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file can't be read or made.
    #[error("the key file {} can't be read or made: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no key.
    #[error("line {line} of the key file {} is not base64url of 32 bytes", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There is no key in it.
    #[error("the key file {} holds no key", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads the keys of a file; makes it with one new key and mode 0600 where it is missing.
///
/// # Errors
/// [`KeyFileError`].
pub fn load_or_create(path: &Path, secrets: &dyn SecretGenerator) -> Result<Vec<Secret>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path, &secrets.next()).map_err(failed)?;
            fs::read_to_string(path).map_err(failed)?
        }
        text => text.map_err(failed)?,
    };
    if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read this key file: set its mode to 0600");
    }
    let keys = parse(&text).map_err(|line| KeyFileError::Malformed { path: path.to_owned(), line })?;
    if keys.is_empty() { Err(KeyFileError::Empty { path: path.to_owned() }) } else { Ok(keys) }
}

/// The keys, or the number of the line that is none.
fn parse(text: &str) -> Result<Vec<Secret>, usize> {
    let lines = text.lines().enumerate().map(|(number, line)| (number, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            let bytes = URL_SAFE_NO_PAD.decode(line.trim_end_matches('=')).ok();
            bytes.and_then(|bytes| bytes.try_into().ok()).map(Secret::new).ok_or(number + 1)
        })
        .collect()
}

/// Makes the file whole or not at all; of two processes that do so at once one wins, and both use its key.
fn create(path: &Path, secret: &Secret) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", URL_SAFE_NO_PAD.encode(secret.expose()))?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let written = write();
    let _ = fs::remove_file(&draft);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemSecrets;

    #[test]
    fn a_file_is_made_once_with_mode_0600() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing.key");
        let made = load_or_create(&path, &SystemSecrets).expect("a key");
        assert_eq!(load_or_create(&path, &SystemSecrets).expect("the key"), made);
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn a_broken_file_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("signing.key");
        for (text, line) in
            [("hunter2\n", "line 1"), (&format!("{}\nx\n", "A".repeat(43)), "line 2"), ("\n", "holds no key")]
        {
            fs::write(&path, text).expect("written");
            let error = load_or_create(&path, &SystemSecrets).expect_err("refused").to_string();
            assert!(error.contains(line) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_first_of_several_keys_comes_first() {
        let first = URL_SAFE_NO_PAD.encode([1; 32]);
        let second = URL_SAFE_NO_PAD.encode([2; 32]);
        assert_eq!(parse(&format!("{first}\n\n{second}")), Ok(vec![Secret::new([1; 32]), Secret::new([2; 32])]));
    }
}
