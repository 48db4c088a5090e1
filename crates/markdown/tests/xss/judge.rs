//! Reads HTML by the algorithm of browsers, and checks what is in it.

use html5ever::{
    ParseOpts, local_name, ns, parse_document, serialize,
    serialize::{SerializeOpts, TraversalScope},
    tendril::TendrilSink as _,
    tree_builder::TreeBuilderOpts,
};
use markup5ever_rcdom::{Handle, NodeData, RcDom, SerializableHandle};

const ELEMENTS: [&str; 47] = [
    "a", "b", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "input", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "u", "ul", // and those around
    "html", "head", "body", "main",
];

const PAGE_ELEMENTS: [&str; 10] =
    ["article", "button", "form", "header", "label", "link", "meta", "time", "title", "input"];

/// Checks a fragment, in the way that a page has it, and again after a browser has written and read it.
pub fn judge(content: &str, html: &str) {
    for scripting_enabled in [false, true] {
        let first = parse(&format!("<!doctype html><body><main>{html}</main>"), scripting_enabled);
        walk(content, html, &first.document, &|name| ELEMENTS.contains(&name));
        let second = parse(&serialized(&first), scripting_enabled);
        walk(content, html, &second.document, &|name| ELEMENTS.contains(&name));
    }
}

/// Checks a whole page.
pub fn judge_page(content: &str, html: &str) {
    let page = parse(html, true);
    let is_known = |name: &str| ELEMENTS.contains(&name) || PAGE_ELEMENTS.contains(&name);
    walk(content, html, &page.document, &is_known);
}

fn parse(html: &str, scripting_enabled: bool) -> RcDom {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    parse_document(RcDom::default(), ParseOpts { tree_builder, ..ParseOpts::default() }).one(html)
}

fn serialized(dom: &RcDom) -> String {
    let mut bytes = Vec::new();
    let options = SerializeOpts { traversal_scope: TraversalScope::IncludeNode, ..SerializeOpts::default() };
    serialize(&mut bytes, &SerializableHandle::from(dom.document.clone()), options).expect("written");
    String::from_utf8(bytes).expect("UTF-8")
}

fn walk(content: &str, html: &str, node: &Handle, is_known: &dyn Fn(&str) -> bool) {
    match &node.data {
        NodeData::Element { name, attrs, .. } => {
            assert_eq!(name.ns, ns!(html), "{content:?}: {html}");
            assert!(is_known(&name.local), "element {} of {content:?}: {html}", name.local);
            let attributes = attrs.borrow();
            for attribute in attributes.iter() {
                let place = format!("{}={:?} of {content:?}: {html}", attribute.name.local, attribute.value);
                check_attribute(&name.local, &attribute.name.local, &attribute.value, &place);
            }
            let has = |wanted: &str, value: &str| {
                attributes.iter().any(|attribute| *attribute.name.local == *wanted && *attribute.value == *value)
            };
            assert!(name.local != local_name!("a") || has("rel", "noopener noreferrer nofollow"), "{html}");
            assert!(!has("type", "checkbox") || has("disabled", ""), "{html}");
        }
        NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => panic!("a comment of {content:?}: {html}"),
        _ => {}
    }
    for child in node.children.borrow().iter() {
        walk(content, html, child, is_known);
    }
}

fn check_attribute(element: &str, attribute: &str, value: &str, place: &str) {
    assert!(!attribute.starts_with("on"), "{place}");
    let starts = |starts: &[&str]| starts.iter().any(|start| value.to_ascii_lowercase().starts_with(start));
    let is_known = match (element, attribute) {
        ("a", "href") => starts(&["http://", "https://", "mailto:", "#"]),
        ("img", "src") => starts(&["https://"]),
        ("link", "href") => value == "/shared/style.css",
        ("form", "action") => value.starts_with("/shared/"),
        ("a" | "img", "title") | ("img", "alt" | "loading" | "referrerpolicy") | ("a" | "link", "rel") => true,
        ("input", "type") => ["checkbox", "password"].contains(&value),
        ("input", "disabled" | "checked") => true,
        ("input", "name" | "autocomplete" | "required" | "autofocus" | "aria-invalid" | "aria-describedby") => true,
        ("ol", "start") => value.bytes().all(|byte| byte.is_ascii_digit()),
        ("code", "class") => value.starts_with("language-") && !value.contains(char::is_whitespace),
        ("pre" | "div" | "span" | "td" | "th" | "main" | "p", "class") => {
            ["plain", "table", "memo-link", "left", "center", "right", "notice", "meta", "error"].contains(&value)
        }
        ("form", "method") => value == "post",
        ("html", "lang") | ("meta", "charset" | "name" | "content") | ("time", "datetime") => true,
        ("p", "id" | "role") => ["error", "alert"].contains(&value),
        _ => false,
    };
    assert!(is_known, "{place}");
}
