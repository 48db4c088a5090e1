//! No source file is longer than a reader can keep in mind.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The maximum number of lines of a Rust file.
const MAX_LINES: usize = 400;

/// All Rust files below a folder, without those of builds and of installed dependencies.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() && !path.is_symlink() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                files(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_rust_file_has_more_than_400_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(root, &mut found);
    assert!(found.len() > 500, "the sources are found");
    let lines = |path: &PathBuf| fs::read_to_string(path).expect("UTF-8").lines().count();
    let long = found.iter().map(|path| (path, lines(path))).filter(|(_, lines)| *lines > MAX_LINES);
    let long: Vec<_> =
        long.map(|(path, lines)| format!("{}: {lines}", path.strip_prefix(root).expect("below").display())).collect();
    assert_eq!(long, [""; 0], "files with more than {MAX_LINES} lines");
}
