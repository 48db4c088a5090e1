use super::*;

fn markdown(body: &str) -> String {
    let enml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n\
         <!DOCTYPE en-note SYSTEM \"http://xml.evernote.com/pub/enml2.dtd\"><en-note>{body}</en-note>"
    );
    to_markdown(&enml, 1 << 20).expect("converted").markdown
}

#[test]
fn paragraphs_and_breaks() {
    for (enml, expected) in [
        ("<div>a</div><div><br/></div><div>b</div>", "a\n\nb"),
        ("<div>a<br/>b<br/><br/>c</div>", "a  \nb\n\nc"),
        ("a<div>b</div>c", "a\n\nb\n\nc"),
        ("<div>\n  a \t b\n</div>\n<div>c</div>\n", "a b\n\nc"),
        ("<div>&nbsp;&nbsp;&nbsp; a&nbsp;b</div>", "a b"),
        ("<p>a</p><hr/><p>b</p>", "a\n\n***\n\nb"),
        ("<h1>a <b>b</b></h1><h3>c<br/>d</h3>", "# a **b**\n\n### c d"),
        ("<span>a</span> <span>b</span>", "a b"),
        ("", ""),
    ] {
        assert_eq!(markdown(enml), expected, "{enml}");
    }
}

/// They are looked at once, and not for each of the breaks: that would be 40 thousand million.
#[test]
fn breaks_after_white_space_take_time_for_each_alone() {
    let blank = "&nbsp;".repeat(200_000);
    for after in ["<br/>", "<div>a</div>"] {
        let enml = format!("<en-note><span>{blank}{}</span></en-note>", after.repeat(200_000));
        let converted = super::to_markdown(&enml, 16 << 20).expect("it is converted");
        assert_eq!(converted.markdown.is_empty(), after == "<br/>");
    }
}

#[test]
fn text_marks_and_links() {
    for (enml, expected) in [
        ("<b>a</b> and<i> b </i>c <s>d</s>", "**a** and *b* c ~~d~~"),
        ("<b><i>a</i></b><b> </b>b", "***a*** b"),
        ("<b><div>a</div><div>b</div></b>", "a\n\nb"),
        ("<a href=\"https://a.example/?x=1&amp;y=(2)\">a [b]</a>", r"[a \[b\]](<https://a.example/?x=1&y=(2)>)"),
        ("<a href=\"https://a.example/a_b\">https://a.example/a_b</a>", "<https://a.example/a_b>"),
        (
            "<span style=\"font-weight: bold\">a </span><span style=\"color: red; font-weight:700; font-style: italic;\">b</span>c",
            "**a** ***b***c",
        ),
        ("<span style=\"font-weight:500\">a</span> <span style=\"text-decoration: line-through\">b</span>", "a ~~b~~"),
        ("<a>a</a><a href=\"x\"></a>", "a"),
        ("<code>a*b`</code>", "`` a*b` ``"),
        ("2 * 3 &lt;b&gt; &amp;amp; &#xd55c;&#44544; &copy; &unknown;", r"2 \* 3 \<b> \&amp; 한글 © \&unknown;"),
        ("<div># a</div><div>1. b</div><div>- c</div>", "\\# a\n\n1\\. b\n\n\\- c"),
        (
            "<img src=\"https://a.example/b.png\" alt=\"b\"/><img src=\"data:image/png;base64,AAAA\"/>",
            "![b](https://a.example/b.png)",
        ),
        ("a<en-media type=\"image/png\" hash=\"00\"/>b", "ab"),
    ] {
        assert_eq!(markdown(enml), expected, "{enml}");
    }
}

#[test]
fn lists_and_tasks() {
    for (enml, expected) in [
        ("<ul><li>a</li><li><div>b</div></li></ul>", "- a\n- b"),
        (
            "<div>x</div><ol>\n <li>a</li>\n <li>b<ul><li>c</li></ul></li></ol><div>y</div>",
            "x\n\n1. a\n2. b\n   - c\n\ny",
        ),
        ("<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ul><li><div>a</div><div>b</div></li></ul>", "- a\n\n  b"),
        ("<div><en-todo checked=\"true\"/>a</div><div><en-todo/>b</div><div>c</div>", "- [x] a\n- [ ] b\n\nc"),
        (
            "<ul style=\"--en-todo:true;\"><li style=\"--en-checked: true;\"><div>a</div></li><li style=\"--en-checked:false;\">b</li></ul>",
            "- [x] a\n- [ ] b",
        ),
        ("a<div style=\"--en-task-group:true; --en-id:1\"><div>Content not supported</div></div>b", "ab"),
        ("<ul><li><en-todo checked=\"false\"/>a</li></ul>", "- - [ ] a"),
    ] {
        assert_eq!(markdown(enml), expected, "{enml}");
    }
}

#[test]
fn quotations_code_and_tables() {
    for (enml, expected) in [
        ("<blockquote><div>a</div><div>b</div></blockquote>c", "> a\n>\n> b\n\nc"),
        ("<pre>a\n  *b* &lt;\n</pre>", "```\na\n  *b* <\n```"),
        (
            "<div style=\"box-sizing: border-box; -en-codeblock:true;\"><div>fn a() {</div><div>&nbsp; b</div><div><br/></div><div>}</div></div>",
            "```\nfn a() {\n  b\n\n}\n```",
        ),
        (
            "<table><colgroup><col/></colgroup><tbody><tr><td><div>a</div></td><td>b|c</td></tr> <tr><td>d<br/>e</td><td></td><td>f</td></tr></tbody></table>",
            "| a | b\\|c |  |\n| --- | --- | --- |\n| d<br>e |  | f |",
        ),
        ("<td>a</td><tr><td>b</td><td>c</td></tr>", "a\n\nb c"),
        ("<table></table>a", "a"),
    ] {
        assert_eq!(markdown(enml), expected, "{enml}");
    }
}

#[test]
fn encrypted_parts_are_left_out_and_told() {
    let converted = to_markdown("<en-note>a<en-crypt hint=\"x\">AAAA</en-crypt>b</en-note>", 100).expect("converted");
    assert_eq!(converted, Converted { markdown: "ab".into(), has_encrypted_part: true });
}

#[test]
fn markup_that_is_not_well_formed_is_read_as_far_as_it_goes() {
    for (enml, expected) in [
        ("<div>a</p></div></div></div>b", "a\n\nb"),
        ("<div><b>a", "**a**"),
        ("a & b &", "a & b &"),
        ("just text", "just text"),
    ] {
        assert_eq!(to_markdown(enml, 100).expect("converted").markdown, expected, "{enml}");
    }
    for enml in ["<div", "a <![CDATA[b", "<!-- a"] {
        assert_eq!(to_markdown(enml, 100), Err(Reason::Malformed), "{enml}");
    }
}

#[test]
fn depth_and_size_are_bounded_and_entities_are_not_expanded() {
    let deep = |depth| to_markdown(&"<div>".repeat(depth), 1 << 20);
    assert!(deep(MAX_DEPTH).is_ok());
    assert_eq!(deep(MAX_DEPTH + 1), Err(Reason::TooDeep));
    // Each level of a quotation makes each line longer.
    let quoted = format!("{}{}", "<blockquote>".repeat(90), "a<br/>".repeat(1_000));
    assert_eq!(
        to_markdown(&format!("{quoted}{}", "</blockquote>".repeat(90)), 50_000),
        Err(Reason::TooLarge { max: 50_000 })
    );
    let laughs = "<!DOCTYPE en-note [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><en-note>&b;</en-note>";
    assert_eq!(to_markdown(laughs, 100).expect("converted").markdown, r"\&b;");
}
