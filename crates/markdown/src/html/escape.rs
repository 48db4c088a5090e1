//! Escaping.

/// Appends a text, so that it is the text of an element.
pub fn push_text(out: &mut String, text: &str) {
    push(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        _ => None,
    });
}

/// Appends a text, so that it is the value of an attribute in double quotes.
pub fn push_attribute(out: &mut String, text: &str) {
    push(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        // Old browsers take it as a quote.
        b'`' => Some("&#96;"),
        _ => None,
    });
}

fn push(out: &mut String, text: &str, reference: impl Fn(u8) -> Option<&'static str>) {
    let mut from = 0;
    for (place, byte) in text.bytes().enumerate() {
        if let Some(reference) = reference(byte) {
            out.push_str(&text[from..place]);
            out.push_str(reference);
            from = place + 1;
        }
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        let (mut text, mut attribute) = (String::new(), String::new());
        push_text(&mut text, "<b> & \"한\" 'x' `");
        push_attribute(&mut attribute, "<b> & \"한\" 'x' `");
        assert_eq!(text, "&lt;b&gt; &amp; \"한\" 'x' `");
        assert_eq!(attribute, "&lt;b&gt; &amp; &quot;한&quot; &#39;x&#39; &#96;");
    }
}
