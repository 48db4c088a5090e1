//! The elements that are open.

/// How deep elements are nested. Of deeper ones the content is written alone: browsers are slow, or give up, at some hundreds.
pub const MAX_DEPTH: usize = 100;

/// The open elements, from the outermost.
#[derive(Default)]
pub struct Open {
    elements: Vec<Element>,
    /// How many of them were written.
    depth: usize,
}

struct Element {
    end: &'static str,
    /// The name of an element of raw HTML; `None` for one of Markdown.
    raw: Option<&'static str>,
}

impl Open {
    /// Begins an element of Markdown; an empty one is not written.
    pub fn start(&mut self, start: &str, end: &'static str, out: &mut String) {
        let is_written = self.depth < MAX_DEPTH && !end.is_empty();
        if is_written {
            out.push_str(start);
            self.depth += 1;
        }
        self.elements.push(Element { end: if is_written { end } else { "" }, raw: None });
    }

    /// Ends the innermost element of Markdown, and what raw HTML left open in it.
    pub fn end(&mut self, out: &mut String) {
        while let Some(element) = self.elements.pop() {
            self.write_end(&element, out);
            if element.raw.is_none() {
                return;
            }
        }
    }

    /// Begins an element of raw HTML. Without a place for it, it is left out.
    pub fn start_raw(&mut self, name: &'static str, start: &str, end: &'static str, out: &mut String) {
        if self.depth < MAX_DEPTH {
            out.push_str(start);
            self.depth += 1;
            self.elements.push(Element { end, raw: Some(name) });
        }
    }

    /// Ends an element of raw HTML and those in it, if it is open in the innermost element of Markdown.
    pub fn end_raw(&mut self, name: &str, out: &mut String) {
        let mut raw = self.elements.iter().rev().map_while(|element| element.raw);
        if let Some(count) = raw.position(|open| open == name) {
            self.pop(count + 1, out);
        }
    }

    /// Ends the elements of raw HTML in the innermost element of Markdown, from the first that must not stay open.
    pub fn end_raw_from(&mut self, is_ended: impl Fn(&str) -> bool, out: &mut String) {
        let raw = self.elements.iter().rev().map_while(|element| element.raw);
        if let Some(last) = raw.enumerate().filter(|(_, name)| is_ended(name)).map(|(place, _)| place).last() {
            self.pop(last + 1, out);
        }
    }

    /// Ends everything.
    pub fn close_all(&mut self, out: &mut String) {
        self.pop(self.elements.len(), out);
    }

    fn pop(&mut self, count: usize, out: &mut String) {
        for _ in 0..count {
            if let Some(element) = self.elements.pop() {
                self.write_end(&element, out);
            }
        }
    }

    fn write_end(&mut self, element: &Element, out: &mut String) {
        out.push_str(element.end);
        self.depth -= usize::from(!element.end.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_in_order() {
        let (mut open, mut out) = (Open::default(), String::new());
        open.start("<p>", "</p>", &mut out);
        open.start_raw("b", "<b>", "</b>", &mut out);
        open.start("", "", &mut out);
        open.start_raw("i", "<i>", "</i>", &mut out);
        open.start_raw("u", "<u>", "</u>", &mut out);
        open.end_raw("b", &mut out);
        assert_eq!(out, "<p><b><i><u>", "an outer element is not ended");
        open.end_raw("i", &mut out);
        open.end(&mut out);
        open.end(&mut out);
        assert_eq!(out, "<p><b><i><u></u></i></b></p>");
    }

    #[test]
    fn elements_below_the_maximum_depth_are_not_written() {
        let (mut open, mut out) = (Open::default(), String::new());
        for _ in 0..MAX_DEPTH + 50 {
            open.start("<b>", "</b>", &mut out);
        }
        open.start_raw("i", "<i>", "</i>", &mut out);
        for _ in 0..51 {
            open.end(&mut out);
        }
        open.start("<u>", "</u>", &mut out);
        open.close_all(&mut out);
        let n = MAX_DEPTH - 1;
        assert_eq!(out, format!("{}</b><u></u>{}", "<b>".repeat(MAX_DEPTH), "</b>".repeat(n)));
    }
}
