//! What documents say of the code is true.
//!
//! The tests, suites and files that docs/security.md cites for each promise exist: a renamed test must not leave a stale name.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The names in backticks in the second column of the table of promises.
fn citations(text: &str) -> Vec<&str> {
    let (_, promises) = text.split_once("\n## Promises\n").expect("a section of promises");
    let promises = promises.split_once("\n## ").map_or(promises, |(promises, _)| promises);
    let checks = promises.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    checks.flat_map(|check| check.split('`').skip(1).step_by(2)).collect()
}

/// All Rust sources below a folder, without those of dependencies.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}

#[test]
fn tests_cited_for_promises_exist() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/security.md")).expect("the document");
    let makefile = fs::read_to_string(root.join("Makefile")).expect("the Makefile");
    let mut code = String::new();
    for folder in ["crates", "src", "tests"] {
        sources(&root.join(folder), &mut code);
    }
    let suites = root.join("crates/testkit/src/suite");
    let exists = |name: &str| match name.strip_prefix("make ") {
        Some(target) => makefile.contains(&format!("\n{target}:")),
        None if name.contains('/') => root.join(name).exists(),
        None => {
            let suite = suites.join(name.replace("::", "/"));
            suite.is_dir() || suite.with_extension("rs").is_file() || code.contains(&format!("fn {name}("))
        }
    };
    let citations = citations(&text);
    assert!(citations.len() > 50, "the table of promises was not found");
    let stale: Vec<_> = citations.into_iter().filter(|name| !exists(name)).collect();
    assert_eq!(stale, [""; 0], "docs/security.md cites what does not exist");
}

#[test]
fn every_parameter_is_in_the_document() {
    let mut code = String::new();
    sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crates/web/src"), &mut code);
    let queries = code.split("IntoParams)]").skip(1).filter_map(|rest| rest.split("struct ").nth(1));
    let names = queries.filter_map(|rest| rest.split(|char: char| !char.is_alphanumeric()).next());
    let documented: Vec<_> = code.split("params(").skip(1).collect();
    let is_missing = |name: &&str| {
        !documented.iter().any(|rest| rest.split("responses(").next().is_some_and(|params| params.contains(*name)))
    };
    let names: Vec<_> = names.collect();
    assert!(names.len() > 10, "the parameters were not found: {names:?}");
    assert_eq!(names.into_iter().filter(is_missing).collect::<Vec<_>>(), [""; 0]);
}
