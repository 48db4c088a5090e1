//! Every use case that writes is called by a test of faults.

use std::{fs, path::Path};

/// Use cases without a row, and why.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("claim_import", "a lease that ends by itself"),
    ("renew", "as `claim_import`"),
    ("release", "as `claim_import`"),
    ("find_committed", "it only reads"),
];

fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
        }
    }
    found
}

/// The names of the public functions of a source that begin a unit of work that writes.
fn writing(source: &str) -> impl Iterator<Item = &str> {
    let functions = source.split("pub async fn ").skip(1);
    functions.filter_map(|text| {
        let body = text.split("\n    }\n").next().unwrap_or_default();
        let writes = [".write(", ".write_boxed("].iter().any(|call| body.contains(call));
        writes.then(|| text.split(['(', '<']).next()).flatten()
    })
}

#[test]
fn every_use_case_that_writes_is_tested_with_faults() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = sources(&root.join("tests/faults")).concat();
    let sources = sources(&root.join("src"));
    let names: Vec<_> = sources.iter().flat_map(|source| writing(source)).collect();
    assert!(names.len() > 40, "{names:?}");
    let is_called = |name: &str| tests.contains(&format!(".{name}("));
    let is_excepted = |name: &str| EXCEPTIONS.iter().any(|(excepted, _)| *excepted == name);
    let missing: Vec<_> = names.iter().filter(|name| !is_called(name) && !is_excepted(name)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    for (name, _) in EXCEPTIONS {
        assert!(names.contains(&name) && !is_called(name), "{name} is no exception");
    }
}
