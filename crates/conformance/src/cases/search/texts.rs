//! What a search finds in texts of every script, and what it does not.

use std::{collections::BTreeSet, sync::Arc};

use memo_domain::{Access, Content, MemoSort, PageRequest, SearchQuery, SearchText, Store};

use super::{Fixture, corpus::TEXTS};
use crate::steps::begin;

/// All substrings of `length` characters.
fn substrings(text: &str, length: usize) -> impl Iterator<Item = String> {
    let chars: Vec<_> = text.chars().collect();
    let substrings: Vec<_> = chars.windows(length).map(|run| run.iter().collect()).collect();
    substrings.into_iter()
}

pub(crate) async fn a_search_finds_what_its_query_matches(store: Arc<dyn Store>) {
    let fixture = Fixture::with_texts(store, TEXTS).await;
    // Substrings of one to three characters of the titles and contents. Only every n-th: all would take too long.
    let mut queries = BTreeSet::new();
    for (title, content) in TEXTS {
        for length in 1..=3 {
            queries.extend(substrings(title, length).step_by(length + 1));
            queries.extend(substrings(content, length).step_by(21 + length));
        }
    }
    let mut found = 0;
    for text in &queries {
        found += usize::from(fixture.check(text).await > 0);
    }
    assert!(found > 300 && found * 10 > queries.len() * 9, "{found} of {} substrings are found", queries.len());
}

pub(crate) async fn a_search_ignores_case_and_unicode_form(store: Arc<dyn Store>) {
    let fixture = Fixture::with_texts(store, TEXTS).await;
    let mut wrong = Vec::new();
    for (text, number) in [
        ("회의", 3),
        ("\u{1112}\u{116c}\u{110b}\u{1174}", 3),
        ("주간", 3),
        ("STRASSE", 1),
        ("straße", 1),
        ("ß", 3),
        ("crème", 1),
        ("CRE\u{300}ME", 1),
        ("creme", 1),
        ("ガラス", 2),
        ("ｶﾞﾗｽ", 2),
        ("memo", 1),
        ("ｍｅｍｏ", 1),
        ("123", 3),
        ("σισυφος", 0),
        ("ΣΊΣΥΦΟΣ", 1),
        ("οδυσσευσ", 1),
        ("ёжик", 1),
        ("ежик", 0),
        ("И\u{306}ОД", 1),
        ("لا", 1),
        ("น้ำ", 1),
        ("fine", 1),
        ("ﬁne", 1),
        ("👩", 1),
        ("👩\u{200d}👧", 1),
        ("\u{200d}🌈", 1),
        ("🎉", 1),
        ("👍", 1),
        ("會議", 1),
        ("会議", 1),
        ("𠮷", 1),
        ("alpha", 1),
        ("낱말 제목에만", 1),
        ("title content", 0),
    ] {
        let found = fixture.check(text).await;
        if found != number {
            wrong.push((text, found));
        }
    }
    assert_eq!(wrong, [], "queries with an unexpected number of results");
}

pub(crate) async fn a_search_supports_phrases_and_exclusions(store: Arc<dyn Store>) {
    let fixture = Fixture::with_texts(store, TEXTS).await;
    for text in [
        "\"주간 업무\"",
        "\"주간  업무\"",
        "\"업무 주간\"",
        "업무 주간",
        "\"회의 의록\"",
        "\"b c\"",
        "\"a b c d e f\"",
        "\"a\u{3000}b\"",
        "\"회의는 금요일\"",
        "\"aa aaa\"",
        "\"aaa aa\"",
        "\" 회의 \"",
        "\"의 \"",
        "\"회의\" 결과",
        "\"x",
        "x\"",
        "\"\"",
        "\" \"",
        "\"a\"b\"",
        "회의 -초안",
        "-초안 회의",
        "회의 -\"의록 초안\"",
        "회의 -\"초안 의록\"",
        "-회의",
        "-회의 -a",
        "-\"a b\"",
        "-e -a -o -i -u",
        "-ㅋ",
        "-\u{1112}\u{116c}\u{110b}\u{1174}",
        "-STRASSE",
        "--회의",
        "- 회의",
        "-",
        "회의-",
        "회의 -회의",
        "회의 회의",
        "회의 주간 업무",
        "회 의",
        "의 회",
        "-없는말",
        "없는말",
        "회의 없는말",
    ] {
        fixture.check(text).await;
    }
    let everything = fixture.check("-없는말").await;
    assert_eq!(everything, TEXTS.len(), "excluding an absent word excludes nothing");
    assert_eq!(fixture.check("회의 -회의").await, 0);
    // Quoted substrings across word boundaries, some of them excluded.
    for (title, content) in TEXTS.into_iter().step_by(2) {
        for (n, run) in substrings(title, 4).chain(substrings(content, 5)).step_by(11).enumerate() {
            let sign = if n % 3 == 0 { "-" } else { "" };
            fixture.check(&format!("{sign}\"{run}\"")).await;
        }
    }
}

pub(crate) async fn a_search_rejects_near_misses(store: Arc<dyn Store>) {
    // Each text has all parts of the queries below, but not adjacent, not in order, or not in one field.
    let texts = [
        ("ab bc cd", "d ab"),
        ("abc", "bcd"),
        ("ab", "cd"),
        ("회의 의록", "록"),
        ("회의", "록 회 의록"),
        ("회의록", "-"),
        ("주간 회", "의록 주간회의"),
        ("가나 나다", "나다가나 다가"),
        ("-", "가나\n다 가나다"),
        ("aa", "aa aab aba baa"),
        ("a", "aaa"),
        ("ba", "nan ana an na"),
        ("b", "anana banan nanana"),
        ("-", "banana"),
        ("12 23", "34 1 2 3"),
        ("東京", "京都 東京都"),
        ("東", "京 京東京"),
        ("👩", "\u{200d}👧 👩 👧"),
        ("👩\u{200d}👧", "-"),
        ("e", "\u{301} é"),
        ("한", "하\u{11ab} 하 ㄴ"),
        ("s s", "ß"),
        ("x y", "y x"),
        ("-", "x\n\ny"),
        ("x", "y z"),
        ("_ab", "%cd ab%cd a_b"),
    ];
    let fixture = Fixture::with_texts(store, texts).await;
    for text in [
        "abcd",
        "abc",
        "bcd",
        "ab cd",
        "\"ab cd\"",
        "bc",
        "회의록",
        "의록",
        "회의",
        "회의 록",
        "\"회의 록\"",
        "\"회의 의록\"",
        "록회",
        "회의의록",
        "주간회의",
        "\"주간 회의\"",
        "가나다",
        "나다가",
        "가나가",
        "다가나",
        "aaa",
        "aaaa",
        "aab",
        "aba",
        "abaa",
        "banana",
        "nanan",
        "anan",
        "1234",
        "123",
        "234",
        "12 34",
        "東京都",
        "京都東",
        "京東",
        "東京東",
        "👩\u{200d}👧",
        "👩👧",
        "\u{200d}👧",
        "é",
        "e\u{301}",
        "한",
        "하",
        "하ㄴ",
        "ss",
        "s",
        "\"s s\"",
        "xy",
        "x y",
        "\"x y\"",
        "\"y x\"",
        "\"x y z\"",
        "ab%cd",
        "a_b",
        "a%d",
        "_ab",
        "%",
        "-abcd",
        "-회의록",
        "-\"x y\"",
        "-a -회",
    ] {
        fixture.check(text).await;
    }
    for (text, number) in [("abcd", 0), ("회의록", 1), ("가나다", 1), ("\"x y\"", 2), ("banana", 1), ("東京都", 1)]
    {
        assert_eq!(fixture.check(text).await, number, "{text}");
    }
}

pub(crate) async fn a_search_accepts_the_longest_queries(store: Arc<dyn Store>) {
    let syllables: String = ('가'..).take(400).collect();
    let letters: String = ('a'..='z').cycle().take(500).collect();
    let spaced: String = ('가'..).take(300).flat_map(|char| [char, ' ']).collect();
    let emoji = "👩\u{200d}👧".repeat(100);
    let texts =
        [("syllables", syllables.as_str()), ("letters", &letters), ("spaced", &spaced), ("emoji", &emoji), ("a", "가")];
    let fixture = Fixture::with_texts(store, texts).await;
    let cut = |text: &str, from: usize| -> String { text.chars().skip(from).take(SearchQuery::MAX).collect() };
    let quoted = |text: &str| format!("\"{}\"", text.chars().take(SearchQuery::MAX - 2).collect::<String>());
    let mut queries = vec![
        cut(&syllables, 0),
        cut(&syllables, 200),
        cut(&letters, 7),
        cut(&spaced, 0),
        cut(&spaced, 300),
        cut(&emoji, 1),
        quoted(&spaced),
        quoted(&syllables[3..]),
        format!("{}하", &cut(&syllables, 0)[3..]),
        "-가 ".repeat(66),
        "가 -하 ".repeat(40),
        "- ".repeat(100),
        "\"가\"".repeat(66),
        "\u{1d160}".repeat(SearchQuery::MAX),
        "ﷺ".repeat(SearchQuery::MAX),
        "a".repeat(SearchQuery::MAX),
    ];
    queries.push(format!("-{}", &cut(&syllables, 100)[3..]));
    for text in &queries {
        assert!(text.chars().count() <= SearchQuery::MAX, "{text}");
        fixture.check(text).await;
    }
    assert_eq!(fixture.check(&queries[0]).await, 1, "all 200 characters match");
    assert_eq!(fixture.check(&queries[8]).await, 0, "all but the last character match");
    assert_eq!(fixture.check(&queries[3]).await, 2, "100 words");
}

pub(crate) async fn a_search_covers_the_longest_texts(store: Arc<dyn Store>) {
    let length = Content::MAX - 6;
    let ending = "끝나는 낱말";
    let repeated: String = "한글로 쓴 긴 글은 ".chars().cycle().take(length).chain(ending.chars()).collect();
    // No character occurs twice, so no pair of neighbours does either.
    let distinct: String = ('\u{3400}'..='\u{4dbf}')
        .chain('\u{4e00}'..='\u{9fff}')
        .chain('가'..='힣')
        .chain('\u{20000}'..='\u{2a6df}')
        .chain('\u{30000}'..='\u{323af}')
        .chain('\u{2a700}'..='\u{2ebe0}')
        .take(Content::MAX)
        .collect();
    let texts = [("repeated", repeated.as_str()), ("distinct", &distinct), ("낱말", "가나다")];
    let fixture = Fixture::with_texts(store, texts).await;
    assert!(fixture.memos[..2].iter().all(|memo| memo.state.content.as_str().chars().count() == Content::MAX));
    let last: String = distinct.chars().skip(Content::MAX - 3).collect();
    // `MemoFilter::matches` is slow on such texts, so the expected results are written out.
    for (text, expected) in [
        ("\"끝나는 낱말\"", &[0][..]),
        ("낱말", &[0, 2]),
        ("글은 한글로 -끝", &[]),
        ("가각", &[1]),
        (last.as_str(), &[1]),
        ("각가", &[]),
    ] {
        let filter = fixture.filter(text);
        let mut uow = begin(&*fixture.store, Access::Read).await;
        assert_eq!(uow.memos().count(&filter).await.expect("memos are counted"), expected.len() as u64, "{text}");
        if !expected.is_empty() {
            let page = uow.memos().list(&filter, MemoSort::ALL[3], &PageRequest::default()).await;
            let mut found: Vec<_> = page.expect("memos are listed").items.into_iter().map(|view| view.memo).collect();
            found.sort_by_key(|memo| fixture.memos.iter().position(|stored| stored.id == memo.id));
            assert!(found.iter().eq(expected.iter().map(|index| &fixture.memos[*index])), "{text}");
        }
    }
}

pub(crate) async fn a_search_covers_a_text_up_to_its_bound(store: Arc<dyn Store>) {
    // Each of these characters stands for 18 others.
    let long = "\u{fdfa}".repeat(Content::MAX - 1) + "끝";
    let fixture = Fixture::with_texts(store, [("\u{fdfa}", long.as_str()), ("짧은", "끝")]).await;
    let form = fixture.memos[0].search_text();
    assert!((SearchText::MAX - 4..=SearchText::MAX).contains(&form.content().len()));
    for text in ["\u{fdfa}", "صلى", "\"صلى الله عليه وسلم\""] {
        assert_eq!(fixture.check(text).await, 1, "{text}");
    }
    let last: String = form.content().chars().rev().take(20).collect();
    assert_eq!(fixture.check(&format!("\"{}\"", last.chars().rev().collect::<String>().trim())).await, 1);
    assert_eq!(fixture.check("끝").await, 1, "what lies behind the bound is not found");
}
