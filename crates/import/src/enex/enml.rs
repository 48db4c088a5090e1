//! ENML, the XHTML of Evernote's notes, as Markdown.
//!
//! No document type is read, and no entity but those of HTML is known, so none can be defined to grow. Elements are frames on a
//! stack of limited depth: at its end, each is rendered into the text of the one around it.

use quick_xml::{
    Reader,
    escape::resolve_html5_entity,
    events::{BytesStart, Event},
};

use super::{
    escape::{destination, push_escaped},
    frame::{Frame, Kind},
};
use crate::Reason;

/// How deep elements may be nested.
pub const MAX_DEPTH: usize = 100;

/// The text of a note.
#[derive(Debug, PartialEq, Eq)]
pub struct Converted {
    pub markdown: String,
    /// Whether a part was left out because only Evernote can decrypt it.
    pub has_encrypted_part: bool,
}

/// Converts a note to Markdown of at most `max` bytes.
///
/// # Errors
/// [`Reason::Malformed`], [`Reason::TooDeep`] or [`Reason::TooLarge`].
pub fn to_markdown(enml: &str, max: u64) -> Result<Converted, Reason> {
    let mut reader = Reader::from_str(enml);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    // Other programs write ENML, too, and not all of it is well-formed.
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut converter = Converter { frames: vec![Frame::new(Kind::Block)], ..Converter::default() };
    loop {
        match reader.read_event().map_err(|_| Reason::Malformed)? {
            Event::Start(element) => converter.start(&element)?,
            Event::End(_) => converter.end(),
            Event::Text(text) => converter.pending.push_str(&text),
            Event::CData(text) => converter.pending.push_str(&text),
            Event::GeneralRef(reference) => converter.reference(&reference),
            Event::Eof => break,
            _ => {}
        }
        if converter.size() as u64 > max {
            return Err(Reason::TooLarge { max });
        }
    }
    while converter.frames.len() > 1 {
        converter.end();
    }
    converter.flush();
    let markdown = converter.frames.pop().map(|frame| frame.text.trim().to_owned()).unwrap_or_default();
    Ok(Converted { markdown, has_encrypted_part: converter.has_encrypted_part })
}

#[derive(Default)]
struct Converter {
    frames: Vec<Frame>,
    /// Text that is not in a frame yet: what follows decides how it is escaped.
    pending: String,
    has_encrypted_part: bool,
}

impl Converter {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Reason> {
        self.flush();
        if self.frames.len() > MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
        let name = element.name();
        let name: &str = name.as_ref();
        let style = attribute(element, "style");
        let style = style.replace(' ', "").to_ascii_lowercase();
        let has_style = |declaration: &str| style.contains(declaration);
        let kind = match &*name.to_ascii_lowercase() {
            "div" if has_style("en-codeblock:true") => Kind::Pre,
            // In place of the tasks, which are elements of their own outside of the content.
            "div" if has_style("en-task-group:true") => Kind::Skipped,
            "en-note" | "div" | "p" | "section" | "article" | "dl" | "dt" | "dd" => Kind::Block,
            "h1" => Kind::Heading(1),
            "h2" => Kind::Heading(2),
            "h3" => Kind::Heading(3),
            "h4" => Kind::Heading(4),
            "h5" => Kind::Heading(5),
            "h6" => Kind::Heading(6),
            "ul" => Kind::List { is_ordered: false, items: 0 },
            "ol" => Kind::List { is_ordered: true, items: 0 },
            "li" if has_style("en-checked:true") => Kind::Item { is_done: Some(true) },
            "li" if has_style("en-checked:false") => Kind::Item { is_done: Some(false) },
            "li" => Kind::Item { is_done: None },
            "blockquote" => Kind::Quote,
            "pre" => Kind::Pre,
            "table" => Kind::Table,
            "tr" => Kind::Row,
            "td" | "th" => Kind::Cell,
            "b" | "strong" => Kind::Mark("**"),
            "i" | "em" => Kind::Mark("*"),
            "s" | "strike" | "del" => Kind::Mark("~~"),
            "span" => span_mark(&style).map_or(Kind::Inline, Kind::Mark),
            "code" | "tt" => Kind::Code,
            "a" => Kind::Link(attribute(element, "href")),
            "script" | "style" | "title" => Kind::Skipped,
            "en-crypt" => {
                self.has_encrypted_part = true;
                Kind::Skipped
            }
            other => {
                self.void_element(other, element);
                Kind::Inline
            }
        };
        self.frames.push(Frame::new(kind));
        Ok(())
    }

    /// Elements without content, of which what is written is written at their beginning.
    fn void_element(&mut self, name: &str, element: &BytesStart<'_>) {
        let in_pre = self.is_in_pre();
        let Some(frame) = self.frames.last_mut() else { return };
        match name {
            "br" if in_pre => frame.text.push('\n'),
            "br" => frame.push_break(),
            "hr" => frame.push_block("***", false),
            "en-todo" => {
                let mark = if attribute(element, "checked") == "true" { "x" } else { " " };
                let is_start = frame.text.is_empty() || frame.text.ends_with('\n');
                frame.push_inline(&format!("{}[{mark}] ", if is_start { "- " } else { "" }));
            }
            "img" => {
                let source = attribute(element, "src");
                if source.starts_with("http") {
                    let alternative = attribute(element, "alt").replace(['[', ']', '\n'], " ");
                    frame.push_inline(&format!("![{alternative}]({})", destination(&source)));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        self.flush();
        if self.frames.len() < 2 {
            return;
        }
        let in_pre = self.frames.iter().rev().skip(1).any(|frame| matches!(frame.kind, Kind::Pre));
        if let Some(frame) = self.frames.pop() {
            frame.render_into(&mut self.frames, in_pre);
        }
    }

    fn reference(&mut self, name: &str) {
        let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        });
        if let Some(char) = number.and_then(char::from_u32) {
            self.pending.push(char);
        } else if let Some(text) = resolve_html5_entity(name) {
            self.pending.push_str(text);
        } else {
            self.pending.extend(["&", name, ";"]);
        }
    }

    /// Moves the pending text to the current frame.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.pending);
        if text.is_empty() || self.frames.iter().any(|frame| matches!(frame.kind, Kind::Skipped)) {
            return;
        }
        let in_pre = self.is_in_pre();
        let in_code = self.frames.iter().any(|frame| matches!(frame.kind, Kind::Code));
        let Some(frame) = self.frames.last_mut() else { return };
        if in_pre {
            frame.text.push_str(&text.replace('\u{a0}', " "));
            return;
        }
        let text = frame.collapse(&text);
        if text.trim().is_empty() {
            // Between blocks, white space is nothing.
            if frame.kind.is_inline() || !(frame.text.is_empty() || frame.is_after_block) {
                frame.text.push_str(&text);
            }
            return;
        }
        frame.separate();
        if in_code { frame.text.push_str(&text) } else { push_escaped(&text, &mut frame.text) }
    }

    fn is_in_pre(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame.kind, Kind::Pre))
    }

    /// The size of the text that may become part of the result, in bytes.
    fn size(&self) -> usize {
        self.pending.len() + self.frames.last().map_or(0, |frame| frame.text.len())
    }
}

/// The mark for the style of a text, written without spaces and in lower case.
fn span_mark(style: &str) -> Option<&'static str> {
    let is_bold =
        ["bold", "600", "700", "800", "900"].iter().any(|weight| style.contains(&format!("font-weight:{weight}")));
    let is_italic = style.contains("font-style:italic");
    match (is_bold, is_italic) {
        (true, true) => Some("***"),
        (true, false) => Some("**"),
        (false, true) => Some("*"),
        (false, false) => style.contains("text-decoration:line-through").then_some("~~"),
    }
}

/// The value of an attribute; empty if it is absent.
fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let mut attributes = element.html_attributes();
    let found = attributes.with_checks(false).flatten().find(|attribute| {
        let key: &str = attribute.key.as_ref();
        key.eq_ignore_ascii_case(name)
    });
    let Some(found) = found else { return String::new() };
    let unescaped = quick_xml::escape::unescape_with(&found.value, resolve_html5_entity);
    unescaped.map_or_else(|_| found.value.clone().into_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
