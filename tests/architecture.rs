//! The walls of the house: which crate may know which, and which keep clear of frameworks.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The rooms, and the rooms that each may know. Whatever is not named here is forbidden.
const ROOMS: &[(&str, &[&str])] = &[
    ("memo-domain", &[]),
    ("memo-application", &["memo-domain"]),
    ("memo-memory", &["memo-domain"]),
    ("memo-migration", &[]),
    ("memo-infrastructure", &["memo-domain", "memo-migration"]),
    ("memo-web", &["memo-application", "memo-domain"]),
    ("memo-conformance", &["memo-domain"]),
    ("memo-testkit", &["memo", "memo-conformance", "memo-domain", "memo-memory"]),
    ("memo", &["memo-application", "memo-domain", "memo-infrastructure", "memo-memory", "memo-web"]),
    ("memo-bench-bare", &[]),
];

/// Crates that a room must not reach, not even through another crate.
const OUT_OF_REACH: &[(&str, &[&str])] = &[
    ("memo-domain", &["tokio", "actix-web", "sea-orm", "sqlx-core", "serde"]),
    ("memo-application", &["tokio", "actix-web", "sea-orm", "sqlx-core", "serde"]),
    ("memo-memory", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-conformance", &["actix-web", "sea-orm", "sqlx-core"]),
    ("memo-web", &["sea-orm", "sqlx-core", "jsonwebtoken", "bcrypt"]),
    ("memo-infrastructure", &["actix-web", "utoipa"]),
    ("memo-migration", &["actix-web"]),
];

fn metadata() -> Metadata {
    MetadataCommand::new().other_options(["--offline".into(), "--locked".into()]).exec().expect("cargo gives metadata")
}

#[test]
fn each_room_knows_its_neighbours_alone() {
    let metadata = metadata();
    let members: BTreeSet<_> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let rooms: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    assert_eq!(members, rooms.keys().map(ToString::to_string).collect(), "a crate without a place in the plan");
    for package in metadata.workspace_packages() {
        let allowed = rooms[package.name.as_str()];
        let known = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        for dependency in known.filter(|dependency| members.contains(&dependency.name)) {
            assert!(allowed.contains(&dependency.name.as_str()), "{} must not know {}", package.name, dependency.name);
        }
    }
}

#[test]
fn frameworks_stay_in_their_rooms() {
    let metadata = metadata();
    for (room, out_of_reach) in OUT_OF_REACH {
        let reached = reached_by(&metadata, room);
        assert!(reached.len() > 5, "{room}: the walk finds something");
        for name in *out_of_reach {
            assert!(!reached.contains(*name), "{room} must not reach {name}");
        }
    }
}

/// The names of all crates that a package is built with, development dependencies aside.
fn reached_by(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let start = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name);
    let mut open = vec![start.expect("a member of the workspace").id.clone()];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|node| node.id == id).expect("a node of the graph");
        // What a macro needs to run in the compiler is not part of the program.
        let is_macro = metadata[&id].targets.iter().any(cargo_metadata::Target::is_proc_macro);
        let normal = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        if !is_macro {
            open.extend(normal.map(|dependency| dependency.pkg.clone()));
        }
    }
    seen.iter().map(|id| metadata[id].name.to_string()).collect()
}
