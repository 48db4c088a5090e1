//! Names of entries. They identify a note and are shown; none is ever used as a path.

use encoding_rs::EUC_KR;

/// The maximum length of an entry's name in bytes; file systems allow 255 for each part of a path.
pub const MAX_NAME_BYTES: usize = 4_096;
/// The maximum length of a name in a report, in characters.
const MAX_DISPLAY: usize = 200;
/// The number of its characters that are looked at for that.
const MAX_READ: usize = 1_000;

/// Decodes a name: UTF-8, or EUC-KR (with the extensions of code page 949), which Korean versions of Windows write.
pub fn decode_name(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(name) => name.to_owned(),
        Err(_) => EUC_KR
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), std::borrow::Cow::into_owned),
    }
}

/// The name with slashes and without `.` parts; `None` if it is absolute, leaves its folder, or is otherwise no plain path.
pub fn clean_name(name: &str) -> Option<String> {
    if name.len() > MAX_NAME_BYTES || name.contains('\0') {
        return None;
    }
    // Some programs of Windows write its separator.
    let name = name.replace('\\', "/");
    let has_drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if name.starts_with('/') || has_drive {
        return None;
    }
    let parts: Vec<_> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.is_empty() || parts.contains(&"..") { None } else { Some(parts.join("/")) }
}

/// A name for display: without control characters, and of a limited length.
pub fn display_name(name: &str) -> String {
    name.chars().take(MAX_READ).filter(|char| !is_unsafe(*char)).take(MAX_DISPLAY).collect()
}

/// Whether a character controls the text around it. Those that reorder text are in UAX #9, sections 2.1 to 2.4.
pub fn is_unsafe(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last part of a path without its extension.
pub fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

/// Whether a path ends with a dot and one of these extensions, which are in lower case.
pub fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = file_name(path).rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extensions.contains(&&*extension))
}

/// Whether a path is of no interest to anyone: hidden files and folders (`.obsidian`, `.trash`, `.DS_Store`), and what macOS adds.
pub fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_kept() {
        for (name, clean) in [
            ("a.md", Some("a.md")),
            ("./a//b/./c.md", Some("a/b/c.md")),
            ("a\\b.md", Some("a/b.md")),
            ("..a/b..md", Some("..a/b..md")),
            ("../a.md", None),
            ("a/../../b.md", None),
            ("a\\..\\b.md", None),
            ("/etc/passwd", None),
            ("\\\\server\\a.md", None),
            ("C:\\a.md", None),
            ("c:a.md", None),
            ("a\0.md", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(clean_name(name).as_deref(), clean, "{name:?}");
        }
        assert_eq!(clean_name(&"a/".repeat(3_000)), None);
    }

    #[test]
    fn names_in_code_page_949_are_decoded() {
        assert_eq!(decode_name("메모.md".as_bytes()), "메모.md");
        assert_eq!(decode_name(b"\xb8\xde\xb8\xf0.md"), "메모.md");
        // A syllable that only the extension has.
        assert_eq!(decode_name(b"\x8c\x63.md"), "똠.md");
        assert_eq!(decode_name(b"\xff\xff.md"), "\u{fffd}\u{fffd}.md");
    }

    #[test]
    fn displayed_names_are_short_and_control_nothing() {
        assert_eq!(display_name("a\n\u{202e}b"), "ab");
        assert_eq!(display_name(&"가".repeat(300)).chars().count(), MAX_DISPLAY);
    }

    #[test]
    fn parts_of_paths() {
        assert_eq!([stem("a/b.c.md"), stem(".md"), stem("a/b")], ["b.c", ".md", "b"]);
        assert!(has_extension("a/B.MD", &["md"]) && !has_extension("a.md/b", &["md"]));
        assert!(is_hidden(".obsidian/a.md") && is_hidden("a/.trash/b.md") && is_hidden("__MACOSX/a.md"));
        assert!(!is_hidden("a.b/c.md"));
    }
}
