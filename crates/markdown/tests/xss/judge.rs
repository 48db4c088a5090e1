//! Reads HTML by the algorithm of browsers, and checks what is in it.

use html5ever::{
    ParseOpts, local_name, ns, parse_document, serialize,
    serialize::{SerializeOpts, TraversalScope},
    tendril::TendrilSink as _,
    tree_builder::TreeBuilderOpts,
};
use markup5ever_rcdom::{Handle, NodeData, RcDom, SerializableHandle};

const ELEMENTS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "details",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    // Around the fragment.
    "html",
    "head",
    "body",
    "main",
];

const PAGE_ELEMENTS: [&str; 9] = ["article", "button", "form", "header", "label", "link", "meta", "time", "title"];

/// Checks a fragment, in the way that a page has it, and again after a browser has written and read it.
pub fn judge(content: &str, html: &str) {
    for scripting_enabled in [false, true] {
        let first = parse(&format!("<!doctype html><body><main>{html}</main>"), scripting_enabled);
        walk(content, html, &first.document, false);
        let second = parse(&serialized(&first), scripting_enabled);
        walk(content, html, &second.document, false);
    }
}

/// Checks a whole page.
pub fn judge_page(content: &str, html: &str) {
    let page = parse(html, true);
    walk(content, html, &page.document, true);
}

fn parse(html: &str, scripting_enabled: bool) -> RcDom {
    let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
    parse_document(RcDom::default(), ParseOpts { tree_builder, ..ParseOpts::default() }).one(html)
}

fn serialized(dom: &RcDom) -> String {
    let mut bytes = Vec::new();
    let options = SerializeOpts { traversal_scope: TraversalScope::ChildrenOnly(None), ..SerializeOpts::default() };
    serialize(&mut bytes, &SerializableHandle::from(dom.document.clone()), options).expect("written");
    String::from_utf8(bytes).expect("UTF-8")
}

fn walk(content: &str, html: &str, node: &Handle, is_page: bool) {
    match &node.data {
        NodeData::Element { name, attrs, .. } => {
            assert_eq!(name.ns, ns!(html), "{content:?}: {html}");
            let is_known = ELEMENTS.contains(&&*name.local) || is_page && PAGE_ELEMENTS.contains(&&*name.local);
            assert!(is_known, "element {} of {content:?}: {html}", name.local);
            let attributes = attrs.borrow();
            for attribute in attributes.iter() {
                let place = format!("{}={:?} of {content:?}: {html}", attribute.name.local, attribute.value);
                let known = [is_known_attribute, is_attribute_of_pages];
                let count = if is_page { 2 } else { 1 };
                let is_known =
                    |known: &fn(&str, &str, &str) -> bool| known(&name.local, &attribute.name.local, &attribute.value);
                assert!(known[..count].iter().any(is_known), "{place}");
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
        walk(content, html, child, is_page);
    }
}

fn is_known_attribute(element: &str, attribute: &str, value: &str) -> bool {
    let starts = |starts: &[&str]| starts.iter().any(|start| value.to_ascii_lowercase().starts_with(start));
    match (element, attribute) {
        ("a", "href") => starts(&["http://", "https://", "mailto:", "#"]),
        ("img", "src") => starts(&["https://"]),
        ("a" | "img", "title") | ("img", "alt" | "loading" | "referrerpolicy") | ("a", "rel") => true,
        ("input", "type") => value == "checkbox",
        ("input", "disabled" | "checked") => value.is_empty(),
        ("ol", "start") => value.bytes().all(|byte| byte.is_ascii_digit()),
        ("code", "class") => value.starts_with("language-") && !value.contains(char::is_whitespace),
        ("pre", "class") => value == "plain",
        ("div", "class") => value == "table",
        ("span", "class") => value == "memo-link",
        ("td" | "th", "class") => ["left", "center", "right"].contains(&value),
        _ => false,
    }
}

fn is_attribute_of_pages(element: &str, attribute: &str, value: &str) -> bool {
    match (element, attribute) {
        ("html", "lang") => ["en", "ko"].contains(&value),
        ("link", "rel") => value == "stylesheet",
        ("link", "href") => value == "/shared/style.css",
        ("form", "action") => value.starts_with("/shared/"),
        ("form", "method") => value == "post",
        ("input", "type" | "name") => value == "password",
        ("input", "autocomplete" | "required" | "autofocus" | "aria-invalid" | "aria-describedby")
        | ("meta", "charset" | "name" | "content")
        | ("time", "datetime") => true,
        ("main" | "p", "class") => ["notice", "meta", "error"].contains(&value),
        ("p", "id" | "role") => ["error", "alert"].contains(&value),
        _ => false,
    }
}
