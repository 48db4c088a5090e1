//! The adapter of [`Markdown`]: the parser is `pulldown-cmark`, the HTML is this crate's own.
//!
//! The HTML is safe by construction, not by cleaning: the renderer writes elements and attributes that are constants here,
//! and everything that comes from the text is escaped. Raw HTML is not copied; of the most common tags without attributes
//! (`html/raw.rs`) the constant with the same name is written. A sanitizer would have to parse its input as browsers do, in time
//! that is not linear for hostile input.

#![deny(missing_docs)]

mod facts;
mod html;
mod links;
mod page;
mod parser;
mod plain;
mod tasks;
mod title;
mod titles;

pub use html::{MAX_DEPTH, MAX_HTML_BYTES, MAX_URL_BYTES};
use memo_domain::{Markdown, MarkdownFacts};
pub use page::{CONTENT_SECURITY_POLICY, STYLE, ShareMeta, missing_page, password_page, share_page};
pub use parser::{MAX_BLOCK_WORK, MAX_LINE_DEPTH};
pub use titles::MAX_TITLE_WORK;

/// Reads Markdown for a server at one URL.
pub struct MarkdownReader {
    memo_url: String,
}

impl MarkdownReader {
    /// A reader for the server at this URL, which has no slash at the end.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { memo_url: format!("{public_url}/api/v1/memos/") }
    }
}

impl Markdown for MarkdownReader {
    fn facts(&self, content: &str) -> MarkdownFacts {
        facts::facts(content, &self.memo_url)
    }

    fn set_task(&self, content: &str, number: u32, done: bool) -> Option<String> {
        tasks::set(content, number, done)
    }

    fn title(&self, content: &str) -> Option<String> {
        title::title(content)
    }

    fn html(&self, content: &str) -> String {
        html::html(content)
    }
}

#[cfg(test)]
mod conformance {
    use std::sync::Arc;

    use memo_conformance::TestMarkdown;

    use super::MarkdownReader;

    async fn markdown() -> Option<TestMarkdown> {
        let public_url = "https://memo.example.org";
        Some(TestMarkdown { markdown: Arc::new(MarkdownReader::new(public_url)), public_url })
    }

    memo_conformance::markdown_tests!(markdown);
}
