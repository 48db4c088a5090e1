//! The clauses of the ports' contracts, read from the sources of `memo-domain`.

use std::{collections::BTreeMap, fs, path::Path};

/// Each clause by its name: lines of the form "/// * `name`: …" and those that continue them. Empty if the sources are
/// absent.
#[must_use]
pub fn all() -> BTreeMap<String, String> {
    let mut clauses = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src"), &mut clauses);
    clauses
}

fn collect(folder: &Path, clauses: &mut BTreeMap<String, String>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, clauses);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read(&fs::read_to_string(&path).unwrap_or_default(), clauses);
        }
    }
}

/// Adds the clauses of a source.
pub fn read(text: &str, clauses: &mut BTreeMap<String, String>) {
    let mut last: Option<String> = None;
    for line in text.lines().map(str::trim_start) {
        if let Some((name, rest)) = clause(line) {
            clauses.insert(name.to_owned(), format!("`{name}`:{rest}"));
            last = Some(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("///   ") {
            if let Some(clause) = last.as_ref().and_then(|name| clauses.get_mut(name)) {
                clause.push(' ');
                clause.push_str(rest.trim());
            }
        } else {
            last = None;
        }
    }
}

fn clause(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("/// * `")?.split_once("`:")?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(is_name).then_some((name, rest))
}
