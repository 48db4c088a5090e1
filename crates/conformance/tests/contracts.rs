//! Reads the domain's sources: every MUST under a `# Contract` belongs to a named clause, and each clause has a case.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use memo_conformance::{clauses, names};

/// The clauses and other paragraphs of all contracts, each with the file that it is in.
fn paragraphs(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            paragraphs(&path, found);
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file");
        let mut is_contract = false;
        for line in source.lines() {
            let Some(doc) = line.trim_start().strip_prefix("///").map(str::trim) else {
                is_contract = false;
                continue;
            };
            if doc.starts_with("# ") {
                is_contract = doc == "# Contract";
            } else if is_contract && (doc.starts_with("* ") || doc.is_empty()) {
                found.push((path.display().to_string(), doc.to_owned()));
            } else if is_contract {
                match found.last_mut() {
                    Some((file, text)) if *file == path.display().to_string() => *text = format!("{text} {doc}"),
                    _ => found.push((path.display().to_string(), doc.to_owned())),
                }
            }
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    paragraphs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src"), &mut found);
    assert!(found.len() > 100, "the contracts are there");
    found
}

/// Whether a paragraph has the form "* `name`: …".
fn is_named(paragraph: &str) -> bool {
    let name = paragraph.strip_prefix("* `").and_then(|rest| rest.split_once("`:"));
    name.is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[test]
fn every_must_of_a_contract_is_a_named_clause() {
    let mut unnamed = all();
    unnamed.retain(|(_, text)| text.contains("MUST") && !is_named(text));
    assert!(unnamed.is_empty(), "MUSTs without a name: {unnamed:#?}");
}

/// RFC 2119 knows MUST NOT, but no "no … MUST".
#[test]
fn a_negation_is_written_must_not() {
    let negated = |text: &str| {
        text.split(". ").any(|sentence| {
            let before = sentence.split(" MUST ").next().filter(|before| before.len() < sentence.len());
            let subject = before.and_then(|before| before.rsplit([':', ';', ',']).next()).unwrap_or_default();
            let negations = ["no", "none", "neither", "nothing", "nobody"];
            subject.split_whitespace().any(|word| negations.contains(&word.to_lowercase().as_str()))
        })
    };
    let wrong: Vec<_> = all().into_iter().filter(|(_, text)| negated(text)).collect();
    assert!(wrong.is_empty(), "write MUST NOT: {wrong:#?}");
}

#[test]
fn a_clause_has_a_name_and_its_lines() {
    let mut found = BTreeMap::new();
    clauses::read("/// * `one`: it MUST\n    ///   hold.\n/// * `two`: other\n/// text\n///   not of it", &mut found);
    assert_eq!(found["one"], "`one`: it MUST hold.");
    assert_eq!(found["two"], "`two`: other");
}

#[test]
fn every_clause_of_a_contract_has_a_case() {
    let clauses: BTreeSet<_> = clauses::all().into_keys().collect();
    assert!(clauses.len() > 50, "the sources of the domain are read");
    let cases: BTreeSet<_> = names().map(ToOwned::to_owned).collect();
    let missing: Vec<_> = clauses.difference(&cases).collect();
    assert!(missing.is_empty(), "clauses without a case: {missing:?}");
}

#[test]
fn no_case_is_listed_twice() {
    assert_eq!(names().collect::<BTreeSet<_>>().len(), names().count());
}
