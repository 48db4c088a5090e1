//! Random values. They are composed of few parts, so that texts, titles, times and tags are often equal or similar.

use memo_domain::{
    Content, DisplayName, Email, MarkdownFacts, Memo, MemoFilter, MemoScope, MemoSort, MemoState, SearchQuery,
    SortDirection, SortField, Tag, Tags, Timestamp, Title, UserId, Visibility,
};

use super::random::Random;
use crate::samples::{AWKWARD, EARLIEST, LATEST, at, content, display_name, email, tag, title};

/// Parts of texts and queries.
const PARTS: [&str; 40] = [
    "회의",
    "회의록",
    "주간",
    "의록",
    "록",
    "가나",
    "나다",
    "가나다",
    "\u{1112}\u{116c}\u{110b}\u{1174}",
    "ㅋㅋ",
    "ㅋ",
    "work",
    "Work",
    "WORKSHOP",
    "ab",
    "bc",
    "abc",
    "banana",
    "Straße",
    "strasse",
    "ﬁn",
    "é",
    "e\u{301}",
    "Σίσυφος",
    "поиск",
    "会議",
    "東京",
    "ｶﾞ",
    "ガ",
    "ＡＢ",
    "👩\u{200d}👧",
    "👩",
    "𠮷",
    "بحث",
    "น้ำ",
    "100%",
    "a_b",
    "\"",
    "-",
    "\\'*",
];

const SEPARATORS: [&str; 7] = [" ", " ", "", "", "\n", "\u{3000}", ", "];

const TITLES: [&str; 8] = ["주간회의록", "주간 회의", "Work", "work", "가", "Straße 가나다", "banana", "\u{1d160}"];

const TAGS: [&str; 10] =
    ["Work", "work", "STRASSE", "straße", "한글", "\u{1112}\u{1161}\u{11ab}글", "résumé", "resume", "100%", "a tag"];

/// Parts joined by separators.
fn joined(chance: &mut Random, most: usize) -> String {
    let mut text = String::new();
    for _ in 0..chance.below(most + 1) {
        text.push_str(chance.one_of(&PARTS));
        text.push_str(chance.one_of(&SEPARATORS));
    }
    text
}

pub(super) fn some_title(chance: &mut Random) -> Title {
    match chance.below(10) {
        0..5 => title(chance.one_of(&TITLES)),
        5 => Title::new(chance.one_of(&AWKWARD)).unwrap_or_else(|_| title("-")),
        _ => Title::new(joined(chance, 4)).unwrap_or_else(|_| title("-")),
    }
}

fn some_content(chance: &mut Random) -> Content {
    match chance.below(20) {
        0 => content(chance.one_of(&AWKWARD)),
        1 => content(&joined(chance, 3).repeat(200)),
        2 => Content::default(),
        _ => content(&joined(chance, 10)),
    }
}

pub(super) fn some_tag(chance: &mut Random) -> Tag {
    tag(chance.one_of(&TAGS))
}

pub(super) fn some_tags(chance: &mut Random, most: usize) -> Tags {
    let number = chance.below(most + 1);
    let tags: Vec<Tag> = (0..number).map(|_| some_tag(chance)).collect();
    Tags::new(tags).expect("few tags")
}

/// One of a few times, or the earliest or latest.
pub(super) fn some_time(chance: &mut Random) -> Timestamp {
    match chance.below(40) {
        0 => EARLIEST,
        1 => LATEST,
        n => at(i64::try_from(n).expect("a small number") % 8),
    }
}

pub(super) fn some_name(chance: &mut Random) -> DisplayName {
    let name = DisplayName::new(chance.one_of(&AWKWARD));
    name.unwrap_or_else(|_| display_name(chance.one_of(&TITLES)))
}

/// One of a few addresses, each in two forms.
pub(super) fn some_email(chance: &mut Random) -> Email {
    let number = chance.below(30);
    let local = chance.one_of(&["jos\u{e9}", "JOSE\u{301}", "jose", "한글", "\u{1112}\u{1161}\u{11ab}글"]);
    email(&format!("{local}{number}@Example.com"))
}

pub(super) fn some_device(chance: &mut Random) -> Option<String> {
    chance.maybe(70, |chance| chance.one_of(&AWKWARD).to_owned())
}

pub(super) fn some_state(chance: &mut Random) -> MemoState {
    MemoState {
        title: some_title(chance),
        content: some_content(chance),
        tags: some_tags(chance, 4),
        pinned: chance.percent(30),
        archived: chance.percent(20),
        visibility: if chance.percent(40) { Visibility::Public } else { Visibility::Private },
        remind_at: chance.maybe(20, some_time),
    }
}

/// Changes some of the fields that the owner edits.
pub(super) fn vary(chance: &mut Random, memo: &mut Memo) {
    let other = some_state(chance);
    match chance.below(8) {
        0 => memo.state = other,
        1 => memo.state.title = other.title,
        2 | 3 => {
            memo.facts.snippet = other.content.as_str().chars().take(MarkdownFacts::SNIPPET_MAX).collect();
            memo.state.content = other.content;
        }
        4 => memo.state.tags = other.tags,
        5 => (memo.state.pinned, memo.state.archived) = (other.pinned, other.archived),
        6 => memo.deleted_at = if memo.is_trashed() { None } else { Some(some_time(chance)) },
        _ => (memo.state.visibility, memo.state.remind_at) = (other.visibility, other.remind_at),
    }
}

/// A query with terms cut from these texts, or across the boundary of both.
fn some_query(chance: &mut Random, texts: &[String; 2]) -> Option<SearchQuery> {
    let mut text = String::new();
    for _ in 0..=chance.below(2) {
        let [title, content] = texts;
        let part = match chance.below(6) {
            0 => title.clone(),
            1 => content.clone(),
            2 => format!("{title}{content}"),
            3 => format!("{title} {content}"),
            _ => joined(chance, 2),
        };
        let from = chance.below(part.chars().count().min(40) + 1);
        let length = 1 + chance.below(6);
        let term: String = part.chars().skip(from).take(length).collect();
        let (sign, quote, term) = match chance.below(8) {
            0 => ("-", "", term),
            1 | 3 => ("", "\"", term),
            2 => ("-", "\"", term),
            _ => ("", "", term),
        };
        text.extend([sign, quote, &term, quote, " "]);
    }
    let short: String = text.chars().take(SearchQuery::MAX).collect();
    SearchQuery::parse(&short).expect("a short query")
}

/// A filter. A search in it uses the given texts.
pub(super) fn some_filter(chance: &mut Random, viewer: UserId, texts: Option<&[String; 2]>) -> MemoFilter {
    let scope =
        chance.one_of(&[MemoScope::Mine, MemoScope::Mine, MemoScope::Mine, MemoScope::Public, MemoScope::Liked]);
    let rarely = |chance: &mut Random| chance.maybe(5, some_time);
    MemoFilter {
        viewer,
        scope,
        trashed: chance.percent(10),
        archived: chance.maybe(10, |chance| chance.percent(40)),
        pinned: chance.maybe(10, |chance| chance.percent(40)),
        visibility: chance.maybe(8, |chance| chance.one_of(&[Visibility::Private, Visibility::Public])),
        tags: if chance.percent(20) { some_tags(chance, 2).iter().cloned().collect() } else { Vec::new() },
        created_after: rarely(chance),
        created_before: rarely(chance),
        updated_after: rarely(chance),
        updated_before: rarely(chance),
        search: texts.filter(|_| chance.percent(75)).and_then(|texts| some_query(chance, texts)),
    }
}

pub(super) fn some_sort(chance: &mut Random) -> MemoSort {
    let field = chance.one_of(&[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title, SortField::Relevance]);
    MemoSort { field, direction: chance.one_of(&[SortDirection::Ascending, SortDirection::Descending]) }
}
