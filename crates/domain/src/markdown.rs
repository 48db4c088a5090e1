use crate::{MemoId, Title, fold};

/// What a text says, apart from what it looks like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarkdownFacts {
    /// The beginning of the plain text, see [`SNIPPET_MAX`](Self::SNIPPET_MAX).
    pub snippet: String,
    /// The number of checkboxes.
    pub tasks: u32,
    /// The number of checkboxes that are not ticked.
    pub open_tasks: u32,
    /// The memos that the text links to, see [`LINKS_MAX`](Self::LINKS_MAX).
    pub links: Vec<MemoLink>,
}

impl MarkdownFacts {
    /// The maximum length of a snippet in characters (Unicode scalar values).
    pub const SNIPPET_MAX: usize = 200;

    /// The maximum number of links of a text that count.
    pub const LINKS_MAX: usize = 100;
}

/// A link to a memo, as a text has it. The memo need not exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemoLink {
    /// `{public_url}/api/v1/memos/{id}`.
    Id(MemoId),
    /// `[[title]]`: the title without surrounding white space, folded as by [`fold`].
    Title(String),
}

impl MemoLink {
    /// The link that a title is reached by; equal for a link in a text and for the title of its memo. `None` if no memo can
    /// have this title.
    #[must_use]
    pub fn to_title(title: &str) -> Option<Self> {
        Title::new(title.trim()).ok().map(|title| Self::Title(fold(title.as_str())))
    }
}

/// Reads Markdown: `CommonMark`, with task lists, tables and strikethrough as on GitHub.
///
/// A text that is too deeply nested to be read in linear time is plain text to all methods: it has neither tasks nor links.
///
/// # Contract
/// * `a_snippet_is_the_beginning_of_the_plain_text`: the snippet MUST be the first [`MarkdownFacts::SNIPPET_MAX`] characters of
///   the text without markup: code as text, images as their alternative text, runs of white space as one space, raw HTML left
///   out.
/// * `checkboxes_are_counted_outside_code`: [`facts`](Self::facts) MUST count the items of lists that begin with a checkbox, and
///   not what looks like one in code.
/// * `links_to_memos_are_found_outside_code`: the links MUST be those that the text outside of code has, in the order of the
///   text: `[[title]]`, `[[title|shown]]`, `[[title#heading]]`, and the URL of a memo as the destination of a link, or in the
///   text.
/// * `links_are_distinct_and_bounded`: a link MUST NOT be there twice, and [`MarkdownFacts::LINKS_MAX`] MUST NOT be exceeded.
/// * `a_task_changes_one_character`: [`set_task`](Self::set_task) MUST change the character in the brackets of this checkbox and
///   nothing else, and return the text as it is if that is so already.
/// * `an_absent_task_is_not_set`: [`set_task`](Self::set_task) MUST return `None` without such a checkbox; the first one is 1.
/// * `a_title_is_the_first_heading_or_line`: [`title`](Self::title) MUST return a valid [`Title`]: the plain text of the first
///   heading, or else of the first line, that has a visible character; `None` without one.
/// * `html_has_the_structure_of_the_text`: [`html`](Self::html) MUST contain the text, with an element for each structure.
/// * `html_is_safe`: [`html`](Self::html) MUST be a fragment that is safe in a page, whatever the text is: without scripts, event
///   handlers, styles, forms and frames; URLs are `http`, `https` or `mailto`, those of images `https`; links have
///   `rel="noopener noreferrer nofollow"`; checkboxes are disabled.
/// * `hostile_markdown_costs_little`: whatever the text is, the methods MUST return in time and memory that are linear in its
///   length, and the elements of [`html`](Self::html) MUST NOT be nested more than some hundred times.
pub trait Markdown: Send + Sync {
    /// Returns what a text says.
    fn facts(&self, content: &str) -> MarkdownFacts;

    /// Returns the text with a checkbox, counted from 1 in the order of the text, ticked or not; `None` if there is no such one.
    fn set_task(&self, content: &str, number: u32, done: bool) -> Option<String>;

    /// Returns a title for a text that has none; `None` if the text has no visible character.
    fn title(&self, content: &str) -> Option<String>;

    /// Returns a text as an HTML fragment that is safe in a page.
    fn html(&self, content: &str) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_titles_meet_in_one_form() {
        let link = |title| MemoLink::to_title(title).expect("a title");
        assert_eq!(link("Straße"), link(" STRASSE "));
        assert_eq!(link("한"), link("\u{1112}\u{1161}\u{11ab}"));
        assert_ne!(link("Resume"), link("Résumé"));
        for title in ["", " ", "\u{200b}", "a\nb", &"a".repeat(201)] {
            assert_eq!(MemoLink::to_title(title), None, "{title:?}");
        }
    }
}
