//! What `deny.toml` asks of dependencies: their licences, their sources, and no crate twice without a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use config::{Config, File, FileFormat};
use serde::Deserialize;

#[derive(Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    skip: Vec<Skip>,
}

#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

struct Dependency {
    name: String,
    version: String,
    license: String,
}

fn rules() -> Rules {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).expect("deny.toml is read");
    let rules = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    rules.and_then(Config::try_deserialize).expect("deny.toml has the rules")
}

/// All crates from a registry that the workspace is built, tested or linted with on this platform.
fn dependencies() -> Vec<Dependency> {
    let arguments = ["tree", "--locked", "--workspace", "--edges", "normal,build,dev", "--prefix", "none"];
    let cargo = Command::new(env!("CARGO")).args(arguments).args(["--format", "{p}|{l}"]).output();
    let cargo = cargo.expect("cargo runs");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let tree = String::from_utf8(cargo.stdout).expect("UTF-8");
    // cargo marks a package whose dependencies it has printed already.
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty());
    let lines: BTreeSet<_> = lines.collect();
    let mut found = Vec::new();
    for line in lines {
        let (package, license) = line.split_once('|').expect("a package and its licence");
        let (name, rest) = package.split_once(' ').expect("a name and a version");
        let (version, place) = rest.split_once(' ').unwrap_or((rest, ""));
        // cargo names the place of a package unless it is crates.io.
        let place = place.trim_end_matches("(proc-macro)").trim();
        if place.is_empty() {
            let version = version.trim_start_matches('v').to_owned();
            found.push(Dependency { name: name.to_owned(), version, license: license.to_owned() });
        } else {
            assert!(place.starts_with("(/"), "{name} is neither of this workspace nor from crates.io: {place}");
        }
    }
    assert!(found.len() > 300, "the tree is complete");
    found
}

/// Whether an expression of SPDX is satisfied by these licences.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // An old way to write a choice.
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    let all = |part: &str| part.split(" AND ").all(|license| allowed.contains(license.trim()));
    match expression.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((choice, "")) => is_allowed(choice, allowed),
        Some((choice, rest)) => {
            let rest = rest.trim_start().strip_prefix("AND ").expect("an expression of a known form");
            is_allowed(choice, allowed) && is_allowed(rest, allowed)
        }
        None => expression.split(" OR ").any(all),
    }
}

#[test]
fn licenses_are_permissive() {
    let allowed = rules().licenses.allow;
    for Dependency { name, version, license } in dependencies() {
        assert!(is_allowed(&license, &allowed), "{name} {version}: {license:?}");
    }
    for license in ["GPL-3.0", "MIT AND GPL-2.0", "(MIT OR Apache-2.0) AND MPL-2.0", ""] {
        assert!(!is_allowed(license, &allowed), "{license:?}");
    }
}

#[test]
fn crate_is_there_twice_only_with_a_reason() {
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for Dependency { name, version, .. } in dependencies() {
        versions.entry(name).or_default().insert(version);
    }
    let mut skipped = BTreeSet::new();
    for Skip { name, reason } in rules().bans.skip {
        let (name, prefix) =
            name.split_once('@').map(|(name, version)| (name.to_owned(), format!("{version}."))).expect("a version");
        assert!(!reason.is_empty(), "{name}");
        let older = versions.get_mut(&name).filter(|versions| versions.len() > 1);
        let version = older.as_ref().and_then(|versions| versions.iter().find(|version| version.starts_with(&prefix)));
        let version = version.unwrap_or_else(|| panic!("{name} {prefix} is not a second version any more")).clone();
        older.expect("it was found").remove(&version);
        skipped.insert((name, version));
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert!(versions.is_empty(), "without a reason in deny.toml: {versions:?}");
}
