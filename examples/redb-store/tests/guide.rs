//! The snippets of docs/adapters.md are parts of this crate.

use std::{fs, path::Path};

/// The lines of a text without their indentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn guide_snippets_are_parts_of_this_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| fs::read_to_string(path).expect("the file is read");
    let mut files = vec![read(&root.join("Cargo.toml"))];
    for folder in ["src", "tests"] {
        let entries = fs::read_dir(root.join(folder)).expect("the folder is read");
        files.extend(entries.map(|entry| read(&entry.expect("an entry").path())));
    }
    let guide = read(&root.join("../../docs/adapters.md"));
    let blocks = guide.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let snippets: Vec<_> = blocks.filter(|(kind, _)| ["rust", "toml"].contains(kind)).map(|(_, body)| body).collect();
    assert!(snippets.len() > 5, "the guide has {} snippets", snippets.len());
    for snippet in snippets {
        let lines_of_snippet = lines(snippet);
        // A line that ends with an ellipsis stands for lines that are left out.
        for part in lines_of_snippet.split(|line| line.ends_with(" …")) {
            let is_there = |file: &String| lines(file).windows(part.len()).any(|window| window == part);
            assert!(files.iter().any(is_there), "not in the crate:\n{}", part.join("\n"));
        }
    }
}
