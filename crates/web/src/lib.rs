//! The HTTP interface of memo: actix-web around the use cases of `memo-application`.
//!
//! A request passes `middleware::envelope` (request id, error documents, log), `middleware::guard` (shutdown, size of the
//! headers), `middleware::admission` (the policy of the route: host, credentials, time), and reaches a handler in the
//! folder of its resource: input → command → one use case → DTO. `problem` alone decides which error has which status.

mod admin;
mod auth;
mod changes;
mod compression;
mod connection;
mod context;
mod cookies;
mod deprecation;
mod digest;
mod docs;
mod dto;
mod extract;
mod extractor;
mod health;
mod idempotency;
mod input;
mod language;
mod list;
mod live;
mod live_feeds;
mod load;
mod me;
mod memos;
mod middleware;
mod offload;
#[cfg(test)]
mod openapi;
mod operations;
mod pages;
mod policy;
mod prelude;
mod problem;
mod rate;
mod respond;
mod routing;
mod services;
mod settings;
mod shared;
mod signature;
mod signed_in;
mod start;
mod streams;
mod tags;
mod usage;
mod weights;
mod well_known;

pub use connection::on_connect;
pub use docs::openapi;
pub use live_feeds::LiveFeeds;
pub use middleware::{Draining, Limits, RequestIds};
pub use rate::{Quota, Quotas};
pub use services::{Services, UseCases, app};
pub use settings::{ForwardedHeader, HttpSettings};
pub use shared::SharePages;

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        path::Path,
    };

    /// The modules that the files below a path use.
    fn uses(path: &Path, found: &mut BTreeSet<String>) {
        if path.is_dir() {
            fs::read_dir(path).expect("a folder").for_each(|entry| uses(&entry.expect("an entry").path(), found));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).expect("a source file");
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            let text = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for (at, _) in text.match_indices("crate::") {
                let rest = &text[at + "crate::".len()..];
                let names = rest.strip_prefix('{').map_or(rest, |group| group.split_once("};").expect("an end").0);
                found.extend(top_level(names, rest.starts_with('{')));
            }
        }
    }

    /// The first segments of a path, or of the paths of a group.
    fn top_level(text: &str, is_group: bool) -> Vec<String> {
        let first = |path: &str| {
            path.trim().split(|char: char| !char.is_alphanumeric() && char != '_').next().map(String::from)
        };
        if !is_group {
            return first(text).into_iter().collect();
        }
        let mut depth = 0;
        let parts = text.split(|char| {
            depth += i32::from(char == '{') - i32::from(char == '}');
            char == ',' && depth == 0
        });
        parts.filter_map(first).filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn modules_have_no_import_circle() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut modules = BTreeMap::new();
        for entry in fs::read_dir(&root).expect("the sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let mut used = BTreeSet::new();
            uses(&path, &mut used);
            used.remove(&name);
            modules.insert(name, used);
        }
        modules.remove("lib");
        assert!(modules["auth"].contains("prelude") && modules["prelude"].contains("policy"), "imports are found");
        // Modules that use none of the others are removed, until only circles are left.
        loop {
            let names: BTreeSet<_> = modules.keys().cloned().collect();
            let before = modules.len();
            modules.retain(|_, used| used.intersection(&names).next().is_some());
            if modules.len() == before {
                break;
            }
        }
        assert_eq!(modules, BTreeMap::new(), "import circles");
    }
}
