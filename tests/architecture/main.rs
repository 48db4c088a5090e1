//! Architecture: which crate may depend on which, and which must not reach frameworks.

mod dependencies;
mod log;
mod promises;
mod sizes;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Every workspace crate, with the workspace crates that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("memo-domain", &[]),
    ("memo-fair", &[]),
    ("memo-application", &["memo-domain"]),
    ("memo-kv", &["memo-domain", "memo-fair"]),
    ("memo-memory", &["memo-domain", "memo-kv"]),
    ("memo-migration", &[]),
    ("memo-infrastructure", &["memo-domain", "memo-fair", "memo-migration"]),
    ("memo-crypto", &["memo-domain", "memo-fair"]),
    ("memo-kakao", &["memo-domain"]),
    ("memo-llm", &["memo-domain"]),
    ("memo-import", &["memo-domain"]),
    ("memo-mail", &["memo-domain"]),
    ("memo-markdown", &["memo-domain"]),
    ("memo-oidc", &["memo-domain"]),
    ("memo-redis", &["memo-domain"]),
    ("memo-stamps", &["memo-domain"]),
    ("memo-system", &["memo-domain"]),
    ("memo-traced", &["memo-domain"]),
    ("memo-webhooks", &["memo-domain"]),
    ("memo-web", &["memo-application", "memo-domain", "memo-fair"]),
    ("memo-conformance", &["memo-domain"]),
    ("memo-test-databases", &["memo-conformance", "memo-domain", "memo-infrastructure"]),
    ("memo-testkit", &["memo", "memo-conformance", "memo-domain", "memo-memory"]),
    (
        "memo",
        &[
            "memo-application",
            "memo-crypto",
            "memo-domain",
            "memo-fair",
            "memo-import",
            "memo-infrastructure",
            "memo-kakao",
            "memo-llm",
            "memo-mail",
            "memo-markdown",
            "memo-memory",
            "memo-oidc",
            "memo-redis",
            "memo-stamps",
            "memo-system",
            "memo-traced",
            "memo-web",
            "memo-webhooks",
        ],
    ),
    ("memo-bench-bare", &[]),
    ("memo-bench-million", &["memo-domain", "memo-infrastructure"]),
];

/// Crates that a workspace crate must not reach, not even indirectly.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("memo-domain", &["tokio", "actix-web", "sea-orm", "sqlx-core", "serde"]),
    ("memo-application", &["tokio", "actix-web", "sea-orm", "sqlx-core", "serde"]),
    ("memo-memory", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-conformance", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-web", &["sea-orm", "sqlx-core", "jsonwebtoken", "bcrypt"]),
    ("memo-infrastructure", &["actix-web", "utoipa", "bcrypt", "jsonwebtoken", "lettre", "redis"]),
    ("memo-crypto", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-kakao", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-llm", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-import", &["actix-web", "sea-orm", "sqlx-core", "tokio"]),
    ("memo-mail", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-markdown", &["actix-web", "sea-orm", "sqlx-core", "tokio"]),
    ("memo-oidc", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-redis", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-stamps", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-system", &["actix-web", "sea-orm", "sqlx-core", "tokio"]),
    ("memo-traced", &["actix-web", "sea-orm", "sqlx-core", "tokio"]),
    ("memo-webhooks", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-migration", &["actix-web"]),
];

/// The adapter crates, which the composition root may name only in `src/adapters`.
const ADAPTERS: &[&str] = &[
    "memo_crypto",
    "memo_infrastructure",
    "memo_kakao",
    "memo_llm",
    "memo_mail",
    "memo_markdown",
    "memo_memory",
    "memo_oidc",
    "memo_redis",
    "memo_stamps",
    "memo_system",
    "memo_traced",
    "memo_webhooks",
];

/// Metadata for this platform only: dependencies of other platforms may not have been downloaded.
fn metadata() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc prints its version");
    let version = String::from_utf8(rustc.stdout).expect("UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform");
    let options = ["--locked", "--filter-platform", host].map(String::from);
    MetadataCommand::new().other_options(options).exec().expect("cargo prints metadata")
}

#[test]
fn each_crate_depends_only_on_the_allowed_ones() {
    let metadata = metadata();
    let packages: BTreeSet<_> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let allowed_by_crate: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    assert_eq!(packages, allowed_by_crate.keys().map(ToString::to_string).collect(), "crates missing from `ALLOWED`");
    for package in metadata.workspace_packages() {
        let allowed = allowed_by_crate[package.name.as_str()];
        let known = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        for dependency in known.filter(|dependency| packages.contains(&dependency.name)) {
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn crates_do_not_reach_forbidden_frameworks() {
    for (package, forbidden) in FORBIDDEN {
        let reached = reached_by(package);
        assert!(reached.contains(*package) && reached.len() > 5, "{package}: the dependency tree is empty");
        for name in *forbidden {
            assert!(!reached.contains(*name), "{package} must not reach {name}");
        }
    }
}

#[test]
fn without_default_features_memo_needs_no_sql_database() {
    let reached = reached_without_defaults_by("memo");
    for name in ["memo-domain", "memo-application", "memo-memory", "memo-crypto", "memo-web"] {
        assert!(reached.contains(name), "{name} is missing from the tree");
    }
    let databases = ["sea-orm", "sea-orm-migration", "sqlx-core", "sqlx-sqlite", "libsqlite3-sys", "rusqlite"];
    let others = [
        "memo-infrastructure",
        "memo-migration",
        "memo-redis",
        "redis",
        "memo-oidc",
        "openidconnect",
        "memo-kakao",
        "memo-llm",
        "memo-webhooks",
        "rustls",
    ];
    for name in databases.into_iter().chain(others) {
        assert!(!reached.contains(name), "memo without default features must not reach {name}");
    }
}

#[test]
fn only_the_adapters_module_names_adapter_crates() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.extend(Some(path).filter(|path| *path != root.join("adapters")));
                continue;
            }
            files += 1;
            let source = std::fs::read_to_string(&path).expect("a source file");
            // Examples in doc comments may name adapters, and so may unit tests.
            let product = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            let code = product.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (adapter, line) in code.flat_map(|line| ADAPTERS.iter().map(move |adapter| (adapter, line))) {
                assert!(!line.contains(adapter), "{}: {adapter} belongs to src/adapters: {line}", path.display());
            }
        }
    }
    assert!(files > 10, "no sources found");
}

/// The only sources that may go through texts character by character: a search must fold nothing.
#[test]
fn only_the_domain_folds_texts() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let allowed = ["domain/src/text.rs", "domain/src/user/password.rs"];
    let (mut folders, mut found) = (vec![crates.clone()], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).expect("a source file");
                let code = source.split("#[cfg(test)]").next().unwrap_or_default();
                let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                let name = path.strip_prefix(&crates).expect("below crates").display().to_string();
                if code.iter().any(|line| [".nfc()", "search_form"].iter().any(|fold| line.contains(fold))) {
                    found.insert(name.clone());
                }
                // Outside of tests, only the text worker computes search texts, and a store that a killed process has left
                // without them, before it opens.
                let is_adapter =
                    ["web/", "application/src", "infrastructure/src", "kv/"].iter().any(|part| name.starts_with(part));
                let is_test = name.contains("/plans/") || name.ends_with("/tests.rs");
                let computes =
                    code.iter().any(|line| line.contains("SearchText::of") || line.contains(".search_text()"));
                let recovers = name == "infrastructure/src/connect/file/backlog.rs";
                assert!(!computes || !is_adapter || is_test || recovers, "{name} computes a search text");
            }
        }
    }
    let allowed = allowed
        .map(str::to_owned)
        .into_iter()
        .chain(["domain/src/memo/search.rs", "domain/src/memo/search_text.rs"].map(str::to_owned));
    let unknown: Vec<_> = found.difference(&allowed.collect()).cloned().collect();
    assert_eq!(unknown, [""; 0], "sources that fold texts");
}

/// The names of all crates that a package is built with, macros and development dependencies aside; with the features
/// that it needs itself, not those that others in the workspace ask for.
fn reached_by(package: &str) -> BTreeSet<String> {
    tree(package, &[])
}

/// Like [`reached_by`], without the package's default features.
fn reached_without_defaults_by(package: &str) -> BTreeSet<String> {
    tree(package, &["--no-default-features"])
}

fn tree(package: &str, options: &[&str]) -> BTreeSet<String> {
    let arguments = ["tree", "--locked", "--package", package, "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let cargo = Command::new(env!("CARGO")).args(arguments).args(["--format", "{p}"]).args(options).output();
    let cargo = cargo.expect("cargo runs");
    assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
    let tree = String::from_utf8(cargo.stdout).expect("UTF-8");
    tree.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect()
}
