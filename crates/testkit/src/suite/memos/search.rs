//! Full-text search: what a query finds.

use serde_json::json;

use crate::{
    Actor, TestApp,
    suite::{AWKWARD_TEXTS, for_all},
};

const NONE: [&str; 0] = [];

/// Creates a memo and returns its id.
pub(super) async fn create(actor: &Actor, title: &str, content: &str) -> String {
    actor.create_memo(&json!({"title": title, "content": content})).await.expect_status(201).id().to_owned()
}

pub async fn search_finds_a_word_inside_a_word(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "주간회의록", "").await;
    create(&alice, "other", "다음 주 전체회의는 10시입니다.").await;
    create(&alice, "neither", "회 의").await;
    for text in ["회의", "체회의", "회의는", "회의록", "주간회의록"] {
        let expected: &[_] = match text {
            "회의" => &["other", "주간회의록"],
            "체회의" | "회의는" => &["other"],
            _ => &["주간회의록"],
        };
        assert_eq!(alice.found(text).await, expected, "{text}");
    }
    assert_eq!(alice.found("의회").await, NONE);
}

pub async fn search_ignores_case_width_and_unicode_form(app: TestApp) {
    let alice = app.user("alice").await;
    // Each in two forms: a memo with either form is found by the other.
    let forms = [
        ("NFD", "한글 회의", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} \u{1112}\u{116c}\u{110b}\u{1174}"),
        ("accent", "Crème brûlée", "Cre\u{300}me bru\u{302}le\u{301}e"),
        ("case", "Team Sync", "tEAM sYNC"),
        ("greek", "ΑΣΦΆΛΕΙΑ ΝΈΦΟΣ", "ασφάλεια νέφος"),
        ("full width", "ＭＥＭＯ　１２３", "memo 123"),
        ("half width", "ガラスの窓", "ｶﾞﾗｽの窓"),
        ("half-width letters", "ﾻﾻﾻ", "ㅋㅋㅋ"),
        ("sharp s", "Hauptstraße", "HAUPTSTRASSE"),
        ("ligature", "eﬃcient", "efficient"),
        ("white space", "one  two\n\tthree", "one two three"),
    ];
    for (name, one, other) in forms {
        create(&alice, &format!("{name} 1"), one).await;
        create(&alice, &format!("{name} 2"), other).await;
    }
    for (name, one, other) in forms {
        for text in [one, other] {
            let both = [format!("{name} 2"), format!("{name} 1")];
            assert_eq!(alice.found(&format!("\"{text}\"")).await, both, "{text}");
            assert_eq!(alice.found(text).await, both, "{text}");
        }
    }
}

pub async fn search_works_in_any_script(app: TestApp) {
    let alice = app.user("alice").await;
    for (title, content) in [
        ("japanese", "毎週の会議は月曜日です。カタカナとひらがな。"),
        ("chinese", "每周例会的會議紀錄"),
        ("latin", "The quarterly planning, naïve façade"),
        ("cyrillic", "Еженедельное совещание"),
        ("arabic", "اجتماع أسبوعي"),
        ("thai", "การประชุมประจำสัปดาห์"),
        ("emoji", "Done 🎉🎂 family 👨‍👩‍👧 flag 🇰🇷"),
        ("jamo", "ㅋㅋㅋ ㅠㅠ"),
        ("rare", "𠮷野家 𝄞"),
    ] {
        create(&alice, title, content).await;
    }
    for (text, title) in [
        ("会議", "japanese"),
        ("曜日", "japanese"),
        ("タカ", "japanese"),
        ("紀錄", "chinese"),
        ("arterl", "latin"),
        ("naïve", "latin"),
        ("ЖЕНЕ", "cyrillic"),
        ("جتما", "arabic"),
        ("ประชุม", "thai"),
        ("🎉", "emoji"),
        ("🎉🎂", "emoji"),
        ("👨‍👩‍👧", "emoji"),
        ("🇰🇷", "emoji"),
        ("ㅋㅋ", "jamo"),
        ("𠮷野", "rare"),
        ("𝄞", "rare"),
    ] {
        assert_eq!(alice.found(text).await, [title], "{text}");
    }
    assert_eq!(alice.found("議会").await, NONE);
}

pub async fn search_finds_a_single_character(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "a", "회의").await;
    create(&alice, "b", "x").await;
    create(&alice, "z", "").await;
    for (text, expected) in
        [("회", &["a"][..]), ("의", &["a"]), ("X", &["b"]), ("z", &["z"]), ("a", &["a"]), ("q", &[]), ("ㅎ", &[])]
    {
        assert_eq!(alice.found(text).await, expected, "{text}");
    }
    assert_eq!(alice.found("a 회").await, ["a"]);
    assert_eq!(alice.found("b 회").await, NONE);
}

pub async fn search_needs_all_words_in_any_order(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "weekly", "planning of the team").await;
    create(&alice, "daily", "team sync").await;
    for (text, expected) in [
        ("team", &["daily", "weekly"][..]),
        ("team weekly", &["weekly"]),
        ("WEEKLY of", &["weekly"]),
        ("team team", &["daily", "weekly"]),
        ("team sync weekly", &[]),
        ("  sync\u{3000}team\t", &["daily"]),
    ] {
        assert_eq!(alice.found(text).await, expected, "{text}");
    }
    // A word must be within the title or within the content, not across both.
    create(&alice, "half", "way").await;
    assert_eq!(alice.found("halfway").await, NONE);
    assert_eq!(alice.found("\"half way\"").await, NONE);
    assert_eq!(alice.found("half way").await, ["half"]);
}

pub async fn quoted_phrase_is_found_as_a_whole(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "1", "the team sync is at ten").await;
    create(&alice, "2", "sync the team").await;
    create(&alice, "3", "Team\n   Sync").await;
    assert_eq!(alice.found("team sync").await, ["3", "2", "1"]);
    for text in ["\"team sync\"", "\" TEAM  sync \"", "＂team sync＂", "\"eam sy\""] {
        assert_eq!(alice.found(text).await, ["3", "1"], "{text}");
    }
    assert_eq!(alice.found("\"team sync\" ten").await, ["1"]);
    assert_eq!(alice.found("\"team sync\"ten").await, ["1"]);
    assert_eq!(alice.found("\"sync team\"").await, NONE);
}

pub async fn minus_sign_excludes_a_term(app: TestApp) {
    let alice = app.user("alice").await;
    create(&alice, "회의 초안", "").await;
    create(&alice, "회의 확정", "team sync").await;
    create(&alice, "점심", "sync team").await;
    for (text, expected) in [
        ("회의 -초안", &["회의 확정"][..]),
        ("-초안 회의", &["회의 확정"]),
        ("회의 -회의", &[]),
        ("-회의", &["점심"]),
        ("-\"team sync\"", &["점심", "회의 초안"]),
        ("-TEAM", &["회의 초안"]),
        ("-없음", &["점심", "회의 확정", "회의 초안"]),
        ("-초안 -점심", &["회의 확정"]),
        ("-초 -점", &["회의 확정"]),
        ("－초안 회의", &["회의 확정"]),
    ] {
        assert_eq!(alice.found(text).await, expected, "{text}");
    }
}

pub async fn operator_characters_are_searched_literally(app: TestApp) {
    let alice = app.user("alice").await;
    let texts = [
        "\"",
        "\"\"",
        "\"\"\"",
        "'",
        "''",
        "`",
        "(",
        ")",
        "()",
        "*",
        "**",
        "x*",
        "NEAR",
        "NEAR(a b)",
        "NEAR/2",
        "AND",
        "OR",
        "NOT",
        "a AND",
        "OR a",
        "NOT x",
        "a:b",
        "title:x",
        ":",
        "^",
        "^a",
        "{",
        "}",
        "{a b}",
        "%",
        "%%",
        "_",
        "__",
        "\\",
        "\\\\",
        "\\%",
        "';",
        "' OR 1=1",
        ";",
        "!",
        "!!",
        "&",
        "&&",
        "|",
        "||",
        "a & b",
        "a | !b",
        "<->",
        "a<->b",
        "<2>",
        "+",
        "+x",
        "~",
        "~x",
        "@",
        "@4",
        ">",
        "<",
        "><",
        "a-b",
        "-",
        "a -",
        "#",
        "##",
        "$",
        "$1",
        "?",
        "=",
        ",",
        ".",
        "..",
        "/",
        "/*",
        "//",
        "[",
        "]",
        "[a-z]",
        "c++",
        "\u{200b}",
        "\u{feff}x",
        "\u{202e}abc",
        "\u{1}",
        "a\u{7}b",
        "\"open end",
        "end\"",
        "a\"b",
        "\"a\"b\"",
    ];
    for text in texts {
        create(&alice, "literal", &format!("before {text} after")).await;
        let found = alice.list_memos(&[("q", text), ("limit", "1"), ("sort", "-created_at")]).await.expect_status(200);
        let expected = format!("before {text} after");
        assert_eq!(found["items"][0]["content"], expected, "{text:?}");
    }
    // A leading minus sign excludes, but in quotation marks it is an ordinary character.
    for text in ["--", "'; --", "--x", "-(", "-*", "-\"", "- -x", "a -- b"] {
        create(&alice, "literal", &format!("before {text} after")).await;
        alice.search(text).await.expect_status(200);
        if !text.contains('"') {
            let phrase = format!("\"{text}\"");
            let query = [("q", &*phrase), ("limit", "1"), ("sort", "-created_at")];
            let found = alice.list_memos(&query).await.expect_status(200);
            assert_eq!(found["items"][0]["content"], format!("before {text} after"), "{phrase:?}");
        }
    }
}

pub async fn search_has_no_wildcards(app: TestApp) {
    let alice = app.user("alice").await;
    for title in ["abc", "a%c", "a_c", "a*c", "a?c", "a.c", "a\\c", "[a-c]"] {
        alice.memo(title).await;
    }
    for text in ["a%c", "a_c", "a*c", "a?c", "a.c", "a\\c", "[a-c]", "abc"] {
        assert_eq!(alice.found(text).await, [text]);
    }
    for text in ["a%", "%c", "_c", "a?"] {
        assert_eq!(alice.found(text).await.len(), 1, "{text}");
    }
    for text in ["a__c", "%b%", "ab*", ".*", "\\a", "[abc]"] {
        assert_eq!(alice.found(text).await, NONE, "{text}");
    }
}

pub async fn search_finds_any_part_of_a_text(app: TestApp) {
    let alice = app.user("alice").await;
    // No characters that change with their neighbours when normalized, and no quotation marks, which end a phrase.
    let texts = "[ !#-~가-힣ａ-ｚぁ-ん一-龥ㅋßИя🎉\n]{4,60}";
    for_all(40, (texts, 0..60_usize, 1..12_usize), async |(text, from, length): (String, usize, usize)| {
        let id = create(&alice, "t", &text).await;
        let part: String = text.chars().skip(from % text.chars().count()).take(length).collect();
        if !part.trim().is_empty() {
            let response = alice.search(&format!("\"{part}\"")).await.expect_status(200);
            assert_eq!(response["items"][0]["id"], id, "{part:?} in {text:?}");
        }
        alice.delete_memo_for_good(&id).await.expect_empty(204);
    })
    .await;
}

pub async fn awkward_texts_are_found_by_themselves(app: TestApp) {
    let alice = app.user("alice").await;
    for (n, text) in AWKWARD_TEXTS.into_iter().enumerate() {
        create(&alice, &n.to_string(), text).await;
        // Ignorable characters alone are no query.
        if text.chars().all(|char| "\u{200b}\u{200d}\u{ad}".contains(char)) {
            continue;
        }
        let phrase = format!("\"{}\"", text.replace('"', " "));
        let query = if text.contains('"') { text.split('"').next().unwrap_or_default() } else { &phrase };
        let found = alice.list_memos(&[("q", query), ("limit", "100")]).await.expect_status(200);
        assert!(found.titles().contains(&n.to_string()), "{text:?}");
    }
}

pub async fn long_text_is_searched_to_its_end(app: TestApp) {
    let alice = app.user("alice").await;
    let filler = "가나다라마바사 lorem ipsum ".repeat(4_000);
    let content: String = filler.chars().take(99_990).chain("끝에있는말!".chars()).collect();
    create(&alice, "long", &content).await;
    create(&alice, "short", "lorem").await;
    assert_eq!(alice.found("끝에있는말").await, ["long"]);
    assert_eq!(alice.found("말!").await, ["long"]);
    assert_eq!(alice.found("lorem -끝").await, ["short"]);
    let long = "lorem ipsum ".repeat(17);
    let query: String = long.chars().take(200).collect();
    assert_eq!(alice.found(&query).await, ["long"]);
}

pub async fn blank_search_lists_everything(app: TestApp) {
    let alice = app.user("alice").await;
    alice.memo("a").await;
    for text in ["", " ", "\t\n", "\u{3000}\u{a0}"] {
        assert_eq!(alice.found(text).await, ["a"], "{text:?}");
    }
}

pub async fn search_query_length_is_limited(app: TestApp) {
    let alice = app.user("alice").await;
    alice.search(&"가".repeat(200)).await.expect_status(200);
    alice.search(&"🎈".repeat(200)).await.expect_status(200);
    alice.search(&"- ".repeat(100)).await.expect_status(200);
    alice.search(&"a b ".repeat(50)).await.expect_status(200);
    alice.search(&"-a ".repeat(66)).await.expect_status(200);
    alice.search(&"가".repeat(201)).await.invalid_parameter("q", "too_long");
    alice.search("a\0b").await.invalid_parameter("q", "nul_character");
    alice.search("\0").await.invalid_parameter("q", "nul_character");
    let twice = alice.get("/api/v1/memos?q=a&q=b").await.problem("validation_failed");
    assert_eq!(twice.errors()[0].1, "q");
}
