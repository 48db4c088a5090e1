use super::*;

#[test]
fn markdown_becomes_elements() {
    for (content, expected) in [
        ("", ""),
        ("a\nb", "<p>a\nb</p>\n"),
        ("a  \nb\\\nc", "<p>a<br>\nb<br>\nc</p>\n"),
        ("# a\n\n###### b ######", "<h1>a</h1>\n<h6>b</h6>\n"),
        ("*a* **b** ~~c~~ `d < e`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d &lt; e</code></p>\n"),
        ("> a\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>\n"),
        ("- a\n- b\n\n3. c", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol start=\"3\">\n<li>c</li>\n</ol>\n"),
        ("1. a\n\n   b", "<ol>\n<li><p>a</p>\n<p>b</p>\n</li>\n</ol>\n"),
        (
            "- [ ] a\n- [x] b",
            "<ul>\n<li><input type=\"checkbox\" disabled> a</li>\n<li><input type=\"checkbox\" disabled checked> b</li>\n</ul>\n",
        ),
        (
            "a|b|c\n-|:-:|-:\n1|*2*|3\n4",
            "<div class=\"table\"><table>\n<thead><tr><th>a</th><th class=\"center\">b</th><th class=\"right\">c</th></tr></thead>\
             <tbody>\n<tr><td>1</td><td class=\"center\"><em>2</em></td><td class=\"right\">3</td></tr>\n\
             <tr><td>4</td><td class=\"center\"></td><td class=\"right\"></td></tr>\n</tbody></table></div>\n",
        ),
        ("```rust ignore\n<a>\n\n&\n```", "<pre><code class=\"language-rust\">&lt;a&gt;\n\n&amp;\n</code></pre>\n"),
        ("```\"><script>\na\n```", "<pre><code>a\n</code></pre>\n"),
        ("    [[a]] https://x.y", "<pre><code>[[a]] https://x.y</code></pre>\n"),
        ("***\n&lt;b&gt; &amp;amp; \\*", "<hr>\n<p>&lt;b&gt; &amp;amp; *</p>\n"),
        ("[[Plan|the & plan]] \\[[x]]", "<p><span class=\"memo-link\">the &amp; plan</span> [[x]]</p>\n"),
    ] {
        assert_eq!(html(content), expected, "{content}");
    }
}

#[test]
fn links_and_images_have_safe_urls() {
    const REL: &str = "rel=\"noopener noreferrer nofollow\"";
    const LAZY: &str = "loading=\"lazy\" referrerpolicy=\"no-referrer\"";
    for (content, expected) in [
        ("[a *b*](https://x.y/?a&b)", format!("<a href=\"https://x.y/?a&amp;b\" {REL}>a <em>b</em></a>")),
        ("[a](https://x.y \"t \\\" u\")", format!("<a href=\"https://x.y\" title=\"t &quot; u\" {REL}>a</a>")),
        ("<a@b.org> [c](#d)", format!("<a href=\"mailto:a@b.org\" {REL}>a@b.org</a> <a href=\"#d\" {REL}>c</a>")),
        ("(https://x.y/a_b).", format!("(<a href=\"https://x.y/a_b\" {REL}>https://x.y/a_b</a>).")),
        ("[https://x.y](https://z.y)", format!("<a href=\"https://z.y\" {REL}>https://x.y</a>")),
        ("[a](/b) [c](javascript:d) [e](f.md)", "a c e".to_owned()),
        ("![a *b* ![c](d)](https://x.y/z.png)", format!("<img src=\"https://x.y/z.png\" alt=\"a b c\" {LAZY}>")),
        ("![a\"](https://x.y \"t\")", format!("<img src=\"https://x.y\" alt=\"a&quot;\" title=\"t\" {LAZY}>")),
        ("![a < b](http://x.y/z.png) ![](data:x)", "a &lt; b ".to_owned()),
        (
            "[![a](https://x.y)](https://z.y)",
            format!("<a href=\"https://z.y\" {REL}><img src=\"https://x.y\" alt=\"a\" {LAZY}></a>"),
        ),
    ] {
        assert_eq!(html(content), format!("<p>{expected}</p>\n"), "{content}");
    }
}

#[test]
fn raw_html_is_replaced_or_left_out() {
    for (content, expected) in [
        ("H<sub class=x>2</sub>O<br/>a<BR>", "<p>H<sub>2</sub>O<br>a<br></p>\n"),
        ("<kbd>a *b</kbd> c* d", "<p><kbd>a <em>b c</em> d</kbd></p>\n"),
        ("</b> a <i>b", "<p> a <i>b</i></p>\n"),
        ("a <span onclick=x>b</span> <!-- c --> d", "<p>a b  d</p>\n"),
        (
            "<details open>\n<summary>a <b>b</summary>\n\n*c*\n\n</details>\n\nd",
            "<details>\n<summary>a <b>b</b></summary>\n\n<p><em>c</em></p>\n</details>\n\n<p>d</p>\n",
        ),
        ("- <div>a\n\nb", "<ul>\n<li><div>a\n</div>\n</li>\n</ul>\n<p>b</p>\n"),
        ("<script>\na\n\n*b*\n</script>\n\nc", "\n<p>c</p>\n"),
        ("<p onload=a>b", "<p>b</p>\n"),
        ("<table><tr><td>a & b</table>", "a &amp; b"),
    ] {
        assert_eq!(html(content), expected, "{content}");
    }
}

#[test]
fn html_beyond_the_maximum_is_a_pre_of_the_text() {
    let row = "|".repeat(300);
    let table = format!("{row}\n{}\n{}", "|-".repeat(299) + "|", "|x\n".repeat(2_000));
    let text = html(&table);
    assert!(text.starts_with("<pre class=\"plain\">|||"), "{}", &text[..100]);
    assert!(text.len() < table.len() + 100);
    let links = "[x][]".repeat(30_000) + "\n\n[x]: https://x.y/" + &"\"".repeat(3_000);
    assert!(html(&links).len() <= MAX_HTML_BYTES);
}

#[test]
fn text_that_is_too_deep_is_a_pre() {
    let text = format!("{}<b>", "> ".repeat(1_000));
    assert_eq!(html(&text), format!("<pre class=\"plain\">{}&lt;b&gt;</pre>\n", "&gt; ".repeat(1_000)));
}
