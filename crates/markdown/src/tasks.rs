//! Checkboxes.

use std::ops::Range;

use pulldown_cmark::Event;

use crate::parser::events;

/// Returns the text with its checkbox of this number ticked or not.
pub fn set(content: &str, number: u32, done: bool) -> Option<String> {
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    let mut markers = events(content)?.filter_map(|(event, place)| match event {
        Event::TaskListMarker(is_done) => Some((is_done, place)),
        _ => None,
    });
    let (is_done, place) = markers.nth(index)?;
    let mark = mark(content, place)?;
    let mut changed = content.to_owned();
    if is_done != done {
        changed.replace_range(mark, if done { "x" } else { " " });
    }
    Some(changed)
}

/// The place of the character in the brackets of a marker, which may follow white space.
fn mark(content: &str, marker: Range<usize>) -> Option<Range<usize>> {
    let start = marker.start + content.get(marker)?.find('[')? + 1;
    let mark = content[start..].chars().next()?;
    Some(start..start + mark.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_changes() {
        for (content, number, done, expected) in [
            ("- [ ] a", 1, true, "- [x] a"),
            ("- [ ] a\n- [ ] b\n", 2, true, "- [ ] a\n- [x] b\n"),
            ("* [X] a\r\n* [x] b\r\n", 1, false, "* [ ] a\r\n* [x] b\r\n"),
            ("\u{feff}- [ ] a\n- [ ] b", 1, true, "\u{feff}- [x] a\n- [ ] b"),
            ("\u{feff}- [ ] a\n- [ ] b", 2, true, "\u{feff}- [ ] a\n- [x] b"),
            ("1. [ ]   할 일\n   - [x] 하위", 2, false, "1. [ ]   할 일\n   - [ ] 하위"),
            ("> +   [ ] a", 1, true, "> +   [x] a"),
            ("- [\t] a", 1, true, "- [x] a"),
            ("- [ ] a\n\n  b\n\n- [ ] c", 2, true, "- [ ] a\n\n  b\n\n- [x] c"),
            ("```\n- [ ] a\n```\n- [ ] b", 1, true, "```\n- [ ] a\n```\n- [x] b"),
            ("- `[ ]` [ ]\n- [ ] [ ] [ ]", 1, true, "- `[ ]` [ ]\n- [x] [ ] [ ]"),
        ] {
            assert_eq!(set(content, number, done).as_deref(), Some(expected), "{content}");
        }
    }

    #[test]
    fn task_in_this_state_stays_as_it_is() {
        for (content, done) in [("- [X] a", true), ("- [x] a", true), ("- [ ] a", false), ("- [\t] a", false)] {
            assert_eq!(set(content, 1, done).as_deref(), Some(content));
        }
    }

    #[test]
    fn absent_task_is_not_set() {
        for (content, number) in [
            ("- [ ] a", 0),
            ("- [ ] a", 2),
            ("- [ ] a", u32::MAX),
            ("", 1),
            ("[ ] a", 1),
            ("- [ ]a", 1),
            ("- [y] a", 1),
            ("    - [ ] a", 1),
            ("`- [ ] a`", 1),
            ("<pre>\n- [ ] a\n</pre>", 1),
        ] {
            assert_eq!(set(content, number, true), None, "{content}");
        }
    }
}
