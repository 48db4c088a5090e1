//! Memos made of texts.

use crate::TestApp;

const MARKDOWN: &str = "text/markdown";

pub async fn text_becomes_a_memo_titled_by_its_heading_or_first_line(app: TestApp) {
    let alice = app.user("alice").await;
    for (media_type, text, title) in [
        (MARKDOWN, "# 주간회의록\n\n- 배포 일정\n", "주간회의록"),
        ("text/markdown; charset=utf-8", "intro\n\n## The *plan*\n", "The plan"),
        ("text/plain", "\r\n  buy milk\r\nand bread", "buy milk"),
        ("Text/Plain", "한", "한"),
    ] {
        let memo = alice.capture(media_type, text).await.expect_status(201);
        assert_eq!((&memo["title"], &memo["content"]), (&title.into(), &text.into()), "{text:?}");
        let location = format!("/api/v1/memos/{}", memo.id());
        assert_eq!(alice.get(&location).await.expect_status(200).json, memo.json);
        memo.expect_header("location", &location);
    }
}

pub async fn captured_memo_has_the_tags_of_the_query(app: TestApp) {
    let alice = app.user("alice").await;
    let tags = [("tag", "회의"), ("tag", "work"), ("tag", "WORK")];
    let memo = alice.capture(MARKDOWN, "a").query(&tags).await.expect_status(201);
    assert_eq!(memo["tags"], serde_json::json!(["회의", "work"]));
    // They are added to those of a JSON body.
    let body = serde_json::json!({"title": "a", "tags": ["home"]});
    let memo = alice.create_memo(&body).query(&[("tag", "work")]).await.expect_status(201);
    assert_eq!(memo["tags"], serde_json::json!(["home", "work"]));
    let many: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(|tag| ("tag", &**tag)).collect();
    alice.capture(MARKDOWN, "a").query(&many).await.expect_status(201);
    alice.create_memo(&body).query(&many).await.invalid_parameter("tag", "too_many");
    alice.capture(MARKDOWN, "a").query(&[("tag", " ")]).await.problem("validation_failed");
}

pub async fn text_that_makes_no_memo_is_refused(app: TestApp) {
    let alice = app.user("alice").await;
    for text in ["", " \n\t\n", "\u{200b}\u{ad}"] {
        alice.capture(MARKDOWN, text).await.invalid("/title", "no_visible_character");
    }
    alice.capture(MARKDOWN, "a\0b").await.invalid("/content", "nul_character");
    alice.capture(MARKDOWN, "a".repeat(100_001)).await.invalid("/content", "too_long");
    alice.capture(MARKDOWN, [b'a', 0xff]).await.expect_status(400).problem("bad_request");
    alice.capture("text/markdown; charset=euc-kr", "a").await.problem("unsupported_media_type");
    alice.capture("text/html", "<p>a</p>").await.problem("unsupported_media_type");
    assert!(alice.titles(&[]).await.is_empty());
    let longest = format!("# {}\n{}", "한".repeat(300), "a".repeat(99_697));
    let memo = alice.capture(MARKDOWN, longest.clone()).await.expect_status(201);
    assert_eq!(memo.text("title").chars().count(), 200);
    assert_eq!(memo["content"], longest);
}
