//! What the log says of an error: its causes, too, in whichever format.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The JSON format writes an error without its causes, and `Display` shows the first alone.
#[test]
fn an_error_is_logged_with_its_causes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    for entry in fs::read_dir(root.join("crates")).expect("the crates") {
        sources(&entry.expect("a crate").path().join("src"), &mut files);
    }
    let mut logged = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        for event in text.split("tracing::").skip(1) {
            let levels = ["error!(", "warn!(", "info!(", "debug!(", "trace!("];
            let Some(event) = levels.iter().find_map(|level| event.strip_prefix(level)) else { continue };
            let event = event.split(");\n").next().unwrap_or_default();
            for start in ["%error", "?error", "%source", "?source", "as &dyn"] {
                assert!(!event.contains(start), "{}: log it as error = %Causes(…): {event}", file.display());
            }
            if let Some((_, value)) = event.split_once("error = ") {
                logged += 1;
                // `loggable` is a code of a provider, and no error of this program.
                let is_complete = value.starts_with("%Causes(") || value.starts_with("loggable(");
                assert!(is_complete, "{}: log it as error = %Causes(…): {event}", file.display());
            }
        }
    }
    assert!(logged > 15, "the places are found: {logged}");
}
