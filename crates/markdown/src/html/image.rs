//! Images.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{escape::push_attribute, push_text, url};

/// An image while its alternative text is read, which may have markup and images of its own.
pub struct Image {
    /// The address, if it is one that images may have.
    url: Option<String>,
    title: String,
    text: String,
    inner: usize,
}

impl Image {
    pub fn new(url: &str, title: &str) -> Self {
        Self { url: url::image(url), title: title.to_owned(), text: String::new(), inner: 0 }
    }

    /// Takes an event into the alternative text. Returns the one that ends the image.
    pub fn take<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::End(TagEnd::Image) if self.inner == 0 => return Some(event),
            Event::End(TagEnd::Image) => self.inner -= 1,
            Event::Start(Tag::Image { .. }) => self.inner += 1,
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push(' '),
            _ => {}
        }
        None
    }

    /// Writes the image, or its alternative text if there is nothing else to show.
    pub fn write(&self, out: &mut String) {
        let Some(url) = &self.url else {
            push_text(out, &self.text);
            return;
        };
        out.push_str("<img src=\"");
        push_attribute(out, url);
        out.push_str("\" alt=\"");
        push_attribute(out, &self.text);
        if !self.title.is_empty() {
            out.push_str("\" title=\"");
            push_attribute(out, &self.title);
        }
        // The address of the page contains the token of a share.
        out.push_str("\" loading=\"lazy\" referrerpolicy=\"no-referrer\">");
    }
}
