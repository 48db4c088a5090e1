//! Safe HTML.
//!
//! Raw HTML of the text: the names in [`raw`] are written as elements without attributes, other tags are left out, and so is
//! the content of elements that are no text, such as scripts.

mod escape;
mod image;
mod open;
mod raw;
mod table;
mod url;

use std::ops::Range;

use image::Image;
pub use open::MAX_DEPTH;
use open::Open;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Tag, TagEnd};
use table::Columns;
pub use url::MAX_URL_BYTES;

pub use self::escape::{push_attribute, push_text};
use crate::{
    links::{Piece, Pieces, Run},
    parser::events,
};

/// The maximum size of the HTML of a text of up to 100,000 characters; a longer one is a `<pre>` of the text.
pub const MAX_HTML_BYTES: usize = 2_000_000;

/// Returns the HTML of a text.
pub fn html(content: &str) -> String {
    rendered(content).unwrap_or_else(|| {
        let mut html = String::from("<pre class=\"plain\">");
        push_text(&mut html, content);
        html + "</pre>\n"
    })
}

fn rendered(content: &str) -> Option<String> {
    let mut renderer = Renderer::new(content);
    for (event, place) in events(content)? {
        renderer.event(event, &place);
        if renderer.out.len() > MAX_HTML_BYTES {
            return None;
        }
    }
    renderer.end_run();
    renderer.open.close_all(&mut renderer.out);
    Some(renderer.out).filter(|html| html.len() <= MAX_HTML_BYTES)
}

struct Renderer<'t> {
    source: &'t str,
    out: String,
    run: Run,
    open: Open,
    columns: Columns,
    /// The image whose alternative text is being read.
    image: Option<Image>,
    /// The HTML block that is being read.
    block: Option<String>,
    /// The number of links around the current text, of which only one has an element.
    links: usize,
    in_code: bool,
}

impl<'t> Renderer<'t> {
    fn new(source: &'t str) -> Self {
        Self {
            source,
            out: String::with_capacity(source.len() + source.len() / 4),
            run: Run::default(),
            open: Open::default(),
            columns: Columns::default(),
            image: None,
            block: None,
            links: 0,
            in_code: false,
        }
    }

    fn event(&mut self, event: Event<'_>, place: &Range<usize>) {
        let event = match &mut self.image {
            Some(image) => match image.take(event) {
                Some(event) => event,
                None => return,
            },
            None => event,
        };
        if let Event::Text(text) = &event
            && !self.in_code
        {
            self.run.push(self.source, text, place);
            return;
        }
        self.end_run();
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => push_text(&mut self.out, &text),
            Event::Code(text) => {
                self.out.push_str("<code>");
                push_text(&mut self.out, &text);
                self.out.push_str("</code>");
            }
            Event::Html(html) => self.block.get_or_insert_default().push_str(&html),
            Event::InlineHtml(html) => raw::inline(&html, &mut self.open, &mut self.out),
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(true) => self.out.push_str("<input type=\"checkbox\" disabled checked> "),
            Event::TaskListMarker(false) => self.out.push_str("<input type=\"checkbox\" disabled> "),
            // Extensions that are off.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                push_text(&mut self.out, &text);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.element("<p>", "</p>\n"),
            Tag::Heading { level, .. } => {
                let (start, end) = heading(level);
                self.element(start, end);
            }
            Tag::BlockQuote(_) => self.element("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => {
                self.in_code = true;
                match language(&kind) {
                    Some(language) => {
                        let start = format!("<pre><code class=\"language-{language}\">");
                        self.element(&start, "</code></pre>\n");
                    }
                    None => self.element("<pre><code>", "</code></pre>\n"),
                }
            }
            Tag::List(None) => self.element("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.element("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => self.element(&format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            Tag::Item => self.element("<li>", "</li>\n"),
            Tag::Table(alignments) => {
                self.columns.begin(alignments);
                self.element("<div class=\"table\"><table>\n", "</tbody></table></div>\n");
            }
            Tag::TableHead => {
                self.columns.begin_row(true);
                self.element("<thead><tr>", "</tr></thead><tbody>\n");
            }
            Tag::TableRow => {
                self.columns.begin_row(false);
                self.element("<tr>", "</tr>\n");
            }
            Tag::TableCell => {
                let (start, end) = self.columns.next_cell();
                self.element(start, end);
            }
            Tag::Emphasis => self.element("<em>", "</em>"),
            Tag::Strong => self.element("<strong>", "</strong>"),
            Tag::Strikethrough => self.element("<del>", "</del>"),
            Tag::Link { link_type, dest_url, title, .. } => self.start_link(link_type, &dest_url, &title),
            Tag::Image { dest_url, title, .. } => self.image = Some(Image::new(&dest_url, &title)),
            // HTML blocks, and extensions that are off.
            _ => self.element("", ""),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Image => {
                if let Some(image) = self.image.take() {
                    image.write(&mut self.out);
                }
                return;
            }
            TagEnd::Link => self.links = self.links.saturating_sub(1),
            TagEnd::CodeBlock => self.in_code = false,
            _ => {}
        }
        self.open.end(&mut self.out);
        if let Some(block) = self.block.take() {
            raw::block(&block, &mut self.open, &mut self.out);
        }
    }

    fn element(&mut self, start: &str, end: &'static str) {
        self.open.start(start, end, &mut self.out);
    }

    fn start_link(&mut self, link_type: LinkType, url: &str, title: &str) {
        self.links += 1;
        let url = match link_type {
            LinkType::Email => url::link(&format!("mailto:{url}")),
            _ => url::link(url),
        };
        match url.filter(|_| self.links == 1) {
            Some(url) => {
                let mut start = String::from("<a href=\"");
                push_attribute(&mut start, &url);
                if !title.is_empty() {
                    start.push_str("\" title=\"");
                    push_attribute(&mut start, title);
                }
                start.push_str("\" rel=\"noopener noreferrer nofollow\">");
                self.element(&start, "</a>");
            }
            None => self.element("", ""),
        }
    }

    /// Writes the text so far.
    fn end_run(&mut self) {
        let run = self.run.take();
        for piece in Pieces::of(&run) {
            match piece {
                Piece::Text(text) => push_text(&mut self.out, &Run::unmarked(text)),
                Piece::Memo { shown, .. } => {
                    self.out.push_str("<span class=\"memo-link\">");
                    push_text(&mut self.out, &Run::unmarked(shown));
                    self.out.push_str("</span>");
                }
                Piece::Url(text) => {
                    let text = Run::unmarked(text);
                    if self.links == 0 {
                        self.start_link(LinkType::Autolink, &text, "");
                        push_text(&mut self.out, &text);
                        self.end(TagEnd::Link);
                    } else {
                        push_text(&mut self.out, &text);
                    }
                }
            }
        }
    }
}

const fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h1>", "</h1>\n"),
        HeadingLevel::H2 => ("<h2>", "</h2>\n"),
        HeadingLevel::H3 => ("<h3>", "</h3>\n"),
        HeadingLevel::H4 => ("<h4>", "</h4>\n"),
        HeadingLevel::H5 => ("<h5>", "</h5>\n"),
        HeadingLevel::H6 => ("<h6>", "</h6>\n"),
    }
}

/// The language of a code block, if it is a name.
fn language<'k>(kind: &'k CodeBlockKind<'_>) -> Option<&'k str> {
    let CodeBlockKind::Fenced(info) = kind else { return None };
    let name = info.split_whitespace().next()?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'#' | b'.');
    (name.len() <= 40 && name.bytes().all(is_name)).then_some(name)
}

#[cfg(test)]
mod tests;
