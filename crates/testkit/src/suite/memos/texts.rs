//! Titles and contents are returned byte for byte, tags in NFC.

use proptest::prelude::*;
use serde_json::json;

use crate::{
    Actor, TestApp,
    suite::{AWKWARD_TEXTS, for_all},
};

/// Writes a memo with these texts in every way and asserts that every way of reading returns them.
async fn assert_round_trip(alice: &Actor, title: &str, content: &str) {
    let texts = json!({"title": title, "content": content});
    let created = alice.create_memo(&texts).await.expect_status(201);
    let replaced = alice.put_memo(&alice.memo("a").await, &texts).await.expect_status(200);
    let patched = alice.patch_memo(&alice.memo("a").await, &texts).await.expect_status(200);
    for memo in [created, replaced, patched] {
        let read = alice.get_memo(memo.id()).await.expect_status(200);
        for response in [&memo, &read] {
            assert_eq!((&response["title"], &response["content"]), (&texts["title"], &texts["content"]));
        }
    }
    let list = alice.list_memos(&[("limit", "3")]).await.expect_status(200);
    for item in list["items"].as_array().expect("a list") {
        assert_eq!((&item["title"], &item["content"]), (&texts["title"], &texts["content"]));
    }
}

pub async fn awkward_texts_are_stored_byte_for_byte(app: TestApp) {
    let alice = app.user("alice").await;
    for text in AWKWARD_TEXTS {
        let is_title = !text.contains(|char: char| char.is_control() || "\u{200b}\u{202e}".contains(char));
        assert_round_trip(&alice, if is_title { text } else { "a" }, &format!("{text}\r\n{text}")).await;
    }
    assert_round_trip(&alice, "\u{200f} a ", "").await;
}

pub async fn any_text_is_stored_byte_for_byte(app: TestApp) {
    let alice = app.user("alice").await;
    for_all(12, ("\\PC{0,199}!", "[^\0]{0,300}"), async |(title, content): (String, String)| {
        assert_round_trip(&alice, &title, &content).await;
    })
    .await;
}

pub async fn json_escapes_are_decoded(app: TestApp) {
    let alice = app.user("alice").await;
    let call = alice.call("POST", "/api/v1/memos");
    let body = r#"{"\u0074itle": "\ud55c \uD83C\uDF88 \/ \" \\", "content": "\u0001\b\f\n\r\t"}"#;
    let memo = call.body("application/json", body).await.expect_status(201);
    assert_eq!(memo["title"], "한 🎈 / \" \\");
    assert_eq!(memo["content"], "\u{1}\u{8}\u{c}\n\r\t");
}

pub async fn invalid_unicode_is_rejected(app: TestApp) {
    let alice = app.user("alice").await;
    let call = alice.call("POST", "/api/v1/memos");
    for body in [
        // Lone surrogates are not valid Unicode.
        br#"{"title": "\ud800"}"#.to_vec(),
        br#"{"title": "\udc00"}"#.to_vec(),
        br#"{"title": "\ud800\u0041"}"#.to_vec(),
        br#"{"title": "a", "content": "\udfff\ud83c"}"#.to_vec(),
        // Invalid UTF-8: an encoded surrogate, an overlong NUL, a truncated character, Latin-1.
        b"{\"title\": \"\xed\xa0\x80\"}".to_vec(),
        b"{\"title\": \"\xc0\x80\"}".to_vec(),
        b"{\"title\": \"\xed\x95\"}".to_vec(),
        b"{\"title\": \"caf\xe9\"}".to_vec(),
        // UTF-16.
        "{\"title\": \"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        // An unescaped control character.
        b"{\"title\": \"a\nb\"}".to_vec(),
    ] {
        let response = call.clone().body("application/json", body).await;
        response.expect_status(400).problem("invalid_json");
    }
    assert_eq!(alice.titles(&[]).await, Vec::<String>::new());
}

pub async fn any_tag_is_stored_in_nfc(app: TestApp) {
    let alice = app.user("alice").await;
    for_all(
        16,
        prop::collection::vec("[가-힣a-z\u{1100}-\u{1112}\u{300}%_,;'\"\\\\🎈]{1,20}", 1..5),
        async |tags: Vec<String>| {
            let memo = alice.create_memo(&json!({"title": "a", "tags": tags})).await.expect_status(201);
            let stored: Vec<_> = memo["tags"].as_array().expect("tags").iter().filter_map(|tag| tag.as_str()).collect();
            assert!(!stored.is_empty() && stored.len() <= tags.len());
            // A normalized tag is stored unchanged and is found by itself.
            let again = alice.create_memo(&json!({"title": "a", "tags": stored})).await.expect_status(201);
            assert_eq!(again["tags"], memo["tags"]);
            let query: Vec<_> = stored.iter().map(|tag| ("tag", *tag)).collect();
            let found = alice.list_memos(&query).await.expect_status(200);
            let ids: Vec<_> = found["items"].as_array().expect("a list").iter().map(|item| &item["id"]).collect();
            assert!(ids.contains(&&memo["id"]) && ids.contains(&&again["id"]), "{stored:?}");
        },
    )
    .await;
}
