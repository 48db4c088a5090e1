//! Makes notes fit the limits of a memo.

use memo_domain::{Content, Tag, Tags, Title};

use crate::{
    name::{is_unsafe, stem},
    note::Note,
};

/// The title of a note of which nothing is visible.
const UNTITLED: &str = "Untitled";
/// In how many lines of the content a title is looked for.
const MAX_TITLE_LINES: usize = 1_000;

/// Moves what the title and the content need into place: a title that is too long is cut, and stands whole above the content; one
/// that is missing is the first line of the content, or the name of the note. There is always one.
pub fn fit_title(note: &mut Note) -> Option<Title> {
    note.content.retain(|char| char != '\0');
    if let Ok(title) = Title::new(note.title.as_str()) {
        return Some(title);
    }
    let whole = one_line(&note.title);
    if let Some(title) = cut(&whole, Title::MAX) {
        let stands_there = note.content.lines().next().is_some_and(|line| heading_text(line) == whole);
        if whole.chars().count() > Title::MAX && !stands_there {
            let separator = if note.content.is_empty() { "" } else { "\n\n" };
            note.content.insert_str(0, &format!("{whole}{separator}"));
        }
        return Some(title);
    }
    let first_line =
        note.content.lines().take(MAX_TITLE_LINES).map(heading_text).find(|line| cut(line, Title::MAX).is_some());
    let candidates = [first_line.unwrap_or_default(), one_line(stem(&note.name)), UNTITLED.to_owned()];
    candidates.iter().find_map(|text| cut(text, Title::MAX))
}

/// The tags that fit, and whether all did so unchanged.
pub fn fit_tags(texts: &[String]) -> (Tags, bool) {
    let mut kept = Vec::new();
    let mut all_fit = true;
    for text in texts {
        // Exactly as it is, if possible: a tag may begin with a number sign.
        let tag = Tag::new(text).or_else(|_| {
            let clean = one_line(text);
            all_fit &= clean.chars().count() <= Tag::MAX;
            Tag::new(clean.chars().take(Tag::MAX).collect::<String>())
        });
        match tag {
            Ok(tag) if kept.contains(&tag) => {}
            Ok(_) if kept.len() == Tags::MAX => all_fit = false,
            Ok(tag) => kept.push(tag),
            // Nothing visible is left of it.
            Err(_) => {}
        }
    }
    (Tags::new(kept).unwrap_or_default(), all_fit)
}

/// Divides a content that is too long, at the ends of lines if there are any.
pub fn fit_content(content: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), content);
    while let Some((end, _)) = rest.char_indices().nth(Content::MAX) {
        let line_end = rest[..end].rfind('\n').map(|at| at + 1).filter(|at| *at > end / 2);
        let (piece, tail) = rest.split_at(line_end.unwrap_or(end));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// The title of one of several pieces.
pub fn numbered(title: &Title, number: usize, count: usize) -> Title {
    let suffix = format!(" ({number}/{count})");
    let begin: String = title.as_str().chars().take(Title::MAX - suffix.len()).collect();
    Title::new(begin + &suffix).unwrap_or_else(|_| title.clone())
}

/// The text of a line without the mark of a heading, of an item, of a task or of a quotation.
fn heading_text(line: &str) -> String {
    let mut text = line.trim();
    let heading = text.trim_start_matches('#');
    if heading.len() < text.len() && (heading.is_empty() || heading.starts_with([' ', '\t'])) {
        text = heading;
    }
    for mark in ["> ", "- ", "* ", "+ ", "[ ] ", "[x] ", "[X] "] {
        text = text.trim_start();
        text = text.strip_prefix(mark).unwrap_or(text);
    }
    one_line(text)
}

/// A text in one line, without characters that no title may have.
fn one_line(text: &str) -> String {
    let spaced = text.replace(char::is_whitespace, " ");
    let clean: String = spaced.chars().filter(|char| !is_unsafe(*char)).collect();
    clean.trim().to_owned()
}

/// A title of at most `max` characters, the last of them an ellipsis if the text is longer; `None` if nothing of it is visible.
fn cut(text: &str, max: usize) -> Option<Title> {
    let title = if text.chars().count() > max {
        let begin: String = text.chars().take(max - 1).collect();
        format!("{}…", begin.trim_end())
    } else {
        text.to_owned()
    };
    // An ellipsis alone would be visible, too.
    Title::new(text.chars().take(max).collect::<String>()).ok()?;
    Title::new(title).ok()
}

#[cfg(test)]
mod tests;
