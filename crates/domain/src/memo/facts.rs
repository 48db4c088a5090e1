use crate::MarkdownFacts;

/// What the content of a memo says, computed when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemoFacts {
    /// The beginning of the plain text: up to [`MarkdownFacts::SNIPPET_MAX`] characters.
    pub snippet: String,
    /// Whether there are checkboxes.
    pub has_tasks: bool,
    /// The number of checkboxes that are not ticked.
    pub open_tasks: u32,
}

impl From<&MarkdownFacts> for MemoFacts {
    fn from(facts: &MarkdownFacts) -> Self {
        Self { snippet: facts.snippet.clone(), has_tasks: facts.tasks > 0, open_tasks: facts.open_tasks }
    }
}
