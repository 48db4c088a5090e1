//! Text as Markdown (`CommonMark` 0.31, section 2.4): what would be markup gets a backslash, and nothing else does.

/// Appends a text so that it is shown as it is. `output` is the line so far.
pub fn push_escaped(text: &str, output: &mut String) {
    if output.is_empty() || output.ends_with('\n') {
        push_line_start(text, output);
        return;
    }
    push_inline(text, output);
}

/// Appends a text that begins a line: a heading, a list or a quotation begins with its first characters.
fn push_line_start(text: &str, output: &mut String) {
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let digits = text.len() - text.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    let after = &text[digits..];
    if (1..=9).contains(&digits) && after.starts_with(['.', ')']) && is_end(&after[1..]) {
        output.push_str(&text[..digits]);
        output.push('\\');
        output.push_str(&after[..1]);
        push_inline(&after[1..], output);
        return;
    }
    let is_heading = text.starts_with('#') && is_end(text.trim_start_matches('#'));
    let is_item = text.starts_with(['-', '+']) && is_end(&text[1..]);
    let is_rule = ['-', '='].iter().any(|char| text.starts_with(*char) && text.trim_matches([*char, ' ']).is_empty());
    if is_heading || is_item || is_rule || text.starts_with('>') || text.starts_with("~~~") {
        output.push('\\');
    }
    push_inline(text, output);
}

fn push_inline(text: &str, output: &mut String) {
    let mut previous = output.chars().next_back();
    for (at, char) in text.char_indices() {
        let rest = &text[at + char.len_utf8()..];
        let next = rest.chars().next();
        let is_markup = match char {
            '\\' | '`' | '*' | '[' | ']' => true,
            // Inside a word, it is no emphasis.
            '_' => ![previous, next].iter().all(|char| char.is_some_and(char::is_alphanumeric)),
            '<' => next.is_none_or(|next| next.is_ascii_alphabetic() || "/!?".contains(next)),
            '~' => previous == Some('~') || next == Some('~'),
            '&' => is_entity(rest),
            _ => false,
        };
        if is_markup {
            output.push('\\');
        }
        output.push(char);
        previous = Some(char);
    }
}

/// Whether an ampersand before this text would begin a character reference.
fn is_entity(rest: &str) -> bool {
    /// The longest name in HTML has 31 characters.
    const MAX_NAME: usize = 32;
    let name: String = rest.chars().take(MAX_NAME).take_while(|char| *char != ';').collect();
    let is_name = !name.is_empty() && name.trim_start_matches('#').chars().all(|char| char.is_ascii_alphanumeric());
    is_name && rest[name.len()..].starts_with(';')
}

/// Code between backticks, more of them than it contains (`CommonMark` 0.31, section 6.1).
pub fn code_span(code: &str) -> String {
    let fence = "`".repeat(longest_run(code) + 1);
    let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{code}{space}{fence}")
}

/// Code in a fenced block (`CommonMark` 0.31, section 4.5).
pub fn code_block(code: &str) -> String {
    let fence = "`".repeat(longest_run(code).max(2) + 1);
    format!("{fence}\n{}\n{fence}", code.trim_matches('\n'))
}

fn longest_run(code: &str) -> usize {
    code.split(|char| char != '`').map(str::len).max().unwrap_or(0)
}

/// The destination of a link (`CommonMark` 0.31, section 6.3).
pub fn destination(url: &str) -> String {
    let clean: String = url.chars().filter(|char| !char.is_control() && !"<>".contains(*char)).collect();
    if clean.contains([' ', '(', ')', '\\']) || clean.is_empty() { format!("<{clean}>") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_markup_is_escaped() {
        for (text, escaped) in [
            ("snake_case, 2 * 3", r"snake_case, 2 \* 3"),
            ("_a_ __b__", r"\_a\_ \_\_b\_\_"),
            ("a < b, <b>, x <", r"a < b, \<b>, x \<"),
            ("AT&T & &lt; &#x41; &x", r"AT&T & \&lt; \&#x41; &x"),
            ("[a](b) `c` \\", r"\[a\](b) \`c\` \\"),
            ("# a", r"\# a"),
            ("#tag", "#tag"),
            ("- a", r"\- a"),
            ("-a", "-a"),
            ("---", r"\---"),
            ("===", r"\==="),
            ("> a", r"\> a"),
            ("12. a", r"12\. a"),
            ("12.5 a", "12.5 a"),
            ("2026년 1월", "2026년 1월"),
            ("~a~~", r"~a\~\~"),
            ("", ""),
        ] {
            let mut output = String::new();
            push_escaped(text, &mut output);
            assert_eq!(output, escaped, "{text}");
        }
        let mut output = "a ".to_owned();
        push_escaped("# b - c 1. d", &mut output);
        assert_eq!(output, "a # b - c 1. d");
    }

    #[test]
    fn code_has_fences_longer_than_those_in_it() {
        assert_eq!([code_span("a"), code_span("`a` ``b"), code_span("")], ["`a`", "``` `a` ``b ```", "``"]);
        assert_eq!(code_block("\na\n```\n"), "````\na\n```\n````");
    }
}
