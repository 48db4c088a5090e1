//! Operators of search engines are treated as plain text.

use std::sync::Arc;

use memo_domain::Store;

use super::{Fixture, corpus::OPERATORS};

pub(crate) async fn a_search_treats_operators_as_text(store: Arc<dyn Store>) {
    let texts: Vec<_> = OPERATORS
        .iter()
        .enumerate()
        .map(|(n, operator)| match n % 3 {
            0 => ("x y".to_owned(), format!("x {operator} y")),
            1 => (format!("x{operator}y"), "x".to_owned()),
            _ => (format!("{operator}y"), format!("x{operator}")),
        })
        .collect();
    let texts = texts.iter().map(|(title, content)| (title.as_str(), content.as_str()));
    let fixture = Fixture::with_texts(store, texts.chain([("x", "y"), ("xy", "yx")])).await;
    for operator in OPERATORS {
        for text in [format!("x{operator}y"), format!("x \"{operator}\""), format!("-{operator}")] {
            fixture.check(&text).await;
        }
        assert!(fixture.check(operator).await > 0, "{operator} is found");
    }
    for text in [
        "x AND y",
        "x OR z",
        "NOT z",
        "x NEAR y",
        "x*",
        "title:x",
        "title : x",
        "{title}: x",
        "^x",
        "x' OR '1'='1",
        "'; DROP TABLE memos; --",
        "x\"; --",
        "\\' OR 1=1 #",
        "x & y | !z",
        "x <-> y",
        "x:*",
        "+x -y",
        "(x)",
        "((x",
        "~x @@ y",
        "%x%",
        "x_y",
        "\\",
        "\\x",
        "\"\\\"",
        "x\\",
        "$$x$$",
        "?1 :x @x $x",
    ] {
        fixture.check(text).await;
    }
}
