//! The OpenAPI document: the committed one is the present one, and the published ones are still served.

mod changes;
mod examples;
mod schemas;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Of this workspace, below which the documents are.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn folder() -> PathBuf {
    Path::new(ROOT).join("openapi")
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}; run `make openapi`", path.display()))
}

fn current() -> Value {
    read(&folder().join("current.json"))
}

/// The published documents, by their version.
fn published() -> Vec<(String, Value)> {
    let files = fs::read_dir(folder()).expect("the folder of documents");
    let paths = files.map(|file| file.expect("a file").path());
    let version = |path: &Path| path.file_stem()?.to_str().map(str::to_owned);
    let documents = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let documents = documents.filter_map(|path| Some((version(&path)?, path)));
    documents.filter(|(version, _)| version != "current").map(|(version, path)| (version, read(&path))).collect()
}

/// The output of git in this repository; `None` without git or a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(ROOT).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn committed_document_is_printed() {
    let output = Command::new(env!("CARGO_BIN_EXE_memo")).arg("openapi").output().expect("the binary starts");
    let present: Value = serde_json::from_slice(&output.stdout).expect("the document");
    assert!(present == current(), "another document than openapi/current.json is printed");
}

#[test]
fn published_documents_are_still_served() {
    let current = current();
    for (version, document) in published() {
        let found = changes::breaking(&document, &current);
        assert!(found.is_empty(), "clients of openapi/{version}.json would break:\n{}", found.join("\n"));
    }
}

/// A published document is the one of its tag, and stays as it is.
#[test]
fn each_tag_has_its_document() {
    for tag in git(&["tag", "--list", "v*"]).unwrap_or_default().lines() {
        let version = tag.trim_start_matches('v');
        let kept = git(&["show", &format!("{tag}:openapi/current.json")]);
        let kept: Value = serde_json::from_str(&kept.unwrap_or_default()).unwrap_or_default();
        let document = published().into_iter().find(|(of, _)| of == version).map(|(_, document)| document);
        assert_eq!(document, Some(kept), "openapi/{version}.json is not the document of the tag {tag}");
    }
}

/// Also says that the comparison knows every keyword of the document.
#[test]
fn unchanged_document_breaks_no_client() {
    let current = current();
    assert_eq!(changes::breaking(&current, &current), [""; 0]);
}
