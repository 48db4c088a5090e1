//! Where settings come from: variables, `.env` and files. What is there but can't be read is refused, never passed over.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
};

use config::{Value, ValueKind};

use super::SettingsError;

/// Names that are no settings and that the server itself does not read: for its tests and scripts.
const OTHER_NAMES: [&str; 2] = ["MEMO_BIN", "MEMO_URL"];

/// Returns the variables of a process that are meant for this program, over those of `.env`. Empty ones count as unset.
pub fn variables(
    process: impl Iterator<Item = (OsString, OsString)>,
) -> Result<HashMap<String, String>, SettingsError> {
    let mut variables = dotenv(Path::new(".env"))?;
    for (name, value) in process {
        if !is_own(name.as_encoded_bytes()) {
            continue;
        }
        let not_utf8 = |name: &dyn std::fmt::Debug| SettingsError::new(format!("the variable {name:?} is not UTF-8"));
        let name = name.into_string().map_err(|name| not_utf8(&name))?;
        let value = value.into_string().map_err(|_| not_utf8(&name))?;
        if !value.is_empty() {
            variables.insert(name, value);
        }
    }
    Ok(variables)
}

/// Whether a variable is meant for this program: other programs read no name that begins so.
fn is_own(name: &[u8]) -> bool {
    name.starts_with(b"MEMO_") || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"MEMO__"))
}

/// Checks that each variable for this program has a name that it reads.
pub fn check_names(variables: &HashMap<String, String>) -> Result<(), SettingsError> {
    let is_known = |name: &str, value: &str| {
        name.starts_with("MEMO__")
            || name.starts_with("MEMO_TEST_")
            || ["MEMO_ENV", "MEMO_CONFIG_DIR"].contains(&name)
            || OTHER_NAMES.contains(&name)
            || is_service_link(name, value)
    };
    let mut unknown: Vec<_> = variables
        .iter()
        .filter(|(name, value)| is_own(name.as_bytes()) && !value.is_empty() && !is_known(name, value))
        .map(|(name, _)| name)
        .collect();
    unknown.sort();
    unknown.first().map_or(Ok(()), |name| {
        let text = "is no setting: settings are named MEMO__SECTION__KEY, such as MEMO__SERVER__LISTEN";
        Err(SettingsError::new(format!("the variable {name:?} {text}")))
    })
}

/// Checks that no variable is of the same setting as another one, or of a setting below that of another one: which of them
/// counts would depend on their order.
pub fn check_overlaps(variables: &HashMap<String, String>) -> Result<(), SettingsError> {
    let set = variables.iter().filter(|(name, value)| name.starts_with("MEMO__") && !value.is_empty());
    let mut names: Vec<_> = set.map(|(name, _)| (format!("{}__", name.to_lowercase()), name)).collect();
    // Those below a name come right after it.
    names.sort();
    let overlap = names.array_windows().find(|[(above, _), (below, _)]| below.starts_with(above.as_str()));
    overlap.map_or(Ok(()), |[(_, above), (_, below)]| {
        Err(SettingsError::new(format!("only one of the variables {above:?} and {below:?} can be set")))
    })
}

/// Whether Kubernetes sets this variable for a service named `memo` or `memo-…`.
fn is_service_link(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
}

/// Returns the folder of the configuration files, if there is one.
pub fn folder(variables: &HashMap<String, String>) -> Result<Option<PathBuf>, SettingsError> {
    let named = variables.get("MEMO_CONFIG_DIR").filter(|name| !name.is_empty());
    let folder = PathBuf::from(named.map_or("config", String::as_str));
    if named.is_none() && !is_there(&folder)? {
        return Ok(None);
    }
    if !folder.is_dir() {
        return Err(SettingsError::new(format!("MEMO_CONFIG_DIR: {} is not a folder", folder.display())));
    }
    Ok(Some(folder))
}

/// Reads `.env`; the variables of the process override it.
fn dotenv(path: &Path) -> Result<HashMap<String, String>, SettingsError> {
    let text = read(path)?.unwrap_or_default();
    let lines: Result<HashMap<_, _>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
    // The parser's own text quotes the line, which may hold a secret.
    lines.map_err(|_| SettingsError::new(format!("{} must have lines of the form NAME=value", path.display())))
}

/// Returns the text of a file without its byte order mark; `None` if there is no such file.
pub fn read(path: &Path) -> Result<Option<String>, SettingsError> {
    if !is_there(path)? {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(path, &"it is not UTF-8"))?;
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

/// Whether there is something at a path, be it a link that leads nowhere.
fn is_there(path: &Path) -> Result<bool, SettingsError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, why: &dyn Display) -> SettingsError {
    SettingsError::new(format!("{} can't be read: {why}", path.display()))
}

/// Checks that no text is blank, nor holds a control character, such as the end of the line that a secret was copied with.
pub fn check_texts(value: &Value, name: &str) -> Result<(), SettingsError> {
    match &value.kind {
        ValueKind::String(text) if text.trim().is_empty() => {
            Err(SettingsError::new(format!("{name} is empty: give it a value, or remove it")))
        }
        ValueKind::String(text) if text.contains(char::is_control) => {
            Err(SettingsError::new(format!("{name} contains a control character, such as the end of a line")))
        }
        ValueKind::Array(items) => items.iter().try_for_each(|item| check_texts(item, name)),
        ValueKind::Table(table) => table.iter().try_for_each(|(key, value)| {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            check_texts(value, &name)
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::{ffi::OsStringExt, fs::symlink};

    use super::*;

    fn of_process(name: &[u8], value: &[u8]) -> Result<HashMap<String, String>, SettingsError> {
        let [name, value] = [name, value].map(|text| OsString::from_vec(text.to_vec()));
        let variables = variables(std::iter::once((name, value)))?;
        check_names(&variables).map(|()| variables)
    }

    #[test]
    fn variables_of_other_programs_are_ignored() {
        for (name, value) in [
            (&b"PATH"[..], &b"\xff"[..]),
            (b"\xff", b""),
            (b"MEMOS_PORT", b"1"),
            (b"MEMO", b"1"),
            (b"memo_url", b"1"),
            (b"MEMO_", b""),
        ] {
            assert_eq!(of_process(name, value).expect("ignored"), HashMap::new(), "{name:?}");
        }
        for name in ["MEMO_ENV", "MEMO_CONFIG_DIR", "MEMO_BIN", "MEMO_TEST_REQUIRE", "MEMO_SERVICE_HOST"] {
            of_process(name.as_bytes(), b"x").expect("known");
        }
        for name in ["MEMO_PORT", "MEMO_PORT_8080_TCP", "MEMO_DB_PORT"] {
            of_process(name.as_bytes(), b"tcp://10.0.0.1:8080").expect("known");
        }
    }

    #[test]
    fn a_variable_that_is_not_utf8_or_misspelt_is_refused() {
        for (name, value, says) in [
            (&b"MEMO__SERVER__\xff"[..], &b"x"[..], r"MEMO__SERVER__\xFF"),
            (b"MEMO__SERVER__LISTEN", b"\xffhunter2", "MEMO__SERVER__LISTEN"),
            (b"MEMO_ENV", b"\xff", "MEMO_ENV"),
            (b"MEMO_SERVER__LISTEN", b"x", "MEMO_SERVER__LISTEN"),
            (b"MEMO_SERVER_LISTEN", b"x", "MEMO_SERVER_LISTEN"),
            (b"MEMO_SIGN_UP\n", b"x", r"MEMO_SIGN_UP\n"),
            (b"MEMO_PORT", b"8080", "MEMO_PORT"),
            (b"memo__auth__sign_up", b"closed", "memo__auth__sign_up"),
        ] {
            let error = of_process(name, value).expect_err("refused").to_string();
            assert!(error.contains(says) && !error.contains("hunter2") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn only_a_missing_file_counts_as_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("folder")).expect("made");
        fs::write(path("latin1"), b"password = \"\xe9\"").expect("written");
        symlink("nowhere", path("dangling")).expect("linked");
        symlink("loop", path("loop")).expect("linked");
        assert_eq!(read(&path("missing")).expect("nothing"), None);
        for name in ["folder", "latin1", "dangling", "loop", "latin1/below"] {
            let error = read(&path(name)).expect_err(name).to_string();
            assert!(error.contains(&format!("{name} can't be read: ")) && !error.contains('\n'), "{error}");
        }
        fs::write(path("marked"), "\u{feff}MEMO_ENV=test\n").expect("written");
        assert_eq!(dotenv(&path("marked")).expect("read"), HashMap::from([("MEMO_ENV".into(), "test".into())]));
    }
}
