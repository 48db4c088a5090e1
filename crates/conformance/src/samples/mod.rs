//! Sample entities, from plain ones to the most awkward that the domain allows.

mod accounts;

use memo_domain::{
    ChangeOrigin, Content, DisplayName, Email, Locale, MarkdownFacts, Memo, MemoFacts, MemoId, MemoState, PasswordHash,
    RefreshToken, Revision, RevisionHead, Role, Scopes, Secret, SecretDigest, Session, SessionId, Share, ShareId, Tag,
    Tags, TextDelta, TimeZone, Timestamp, Title, User, UserId, Version, Visibility,
};

pub(crate) use accounts::{
    api_key, api_key_id, audit_event, audit_id, idempotent_response, identity, job, job_id, one_time_token, sealed,
    second_factor, usage, webhook, webhook_delivery, webhook_delivery_id, webhook_id,
};

/// Texts that a store may damage by normalizing, trimming, re-encoding, escaping or truncating them.
pub(crate) const AWKWARD: [&str; 12] = [
    "한글 메모, 조합형 아님",
    "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈",
    "שלום \u{202e}مرحبا\u{202c} \u{200f}",
    "a\r\nb\rc\nd\te",
    "\u{301}e\u{301}\u{20dd}\u{345}",
    "𝒜𠮷\u{1d160}\u{fffd}\u{10ffff}",
    " \u{a0}\u{3000}spaces at both ends\u{3000}  ",
    r#"'; DROP TABLE memos; -- "%_\\ $1 ?1 :a {} [] {"a":1} <b>&amp;"#,
    "\u{1}\u{8}\u{1b}[31m\u{7f}\u{85}\u{2028}\u{feff}",
    "İIıi ßẞ ΣσςŸ ǅ ŉ",
    " ",
];

/// The earliest time.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_micros(i64::MIN);
/// The latest time.
pub(crate) const LATEST: Timestamp = Timestamp::from_micros(i64::MAX);

/// 2026-01-31T09:00:00.123456Z plus microseconds: a time that a store with millisecond precision cannot represent.
pub(crate) const fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_769_850_000_123_456 + micros)
}

/// A `UUIDv7` whose first half is scattered, so that the order of ids differs from the order of `n`.
fn id(n: u32) -> String {
    let mixed = (u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (high, middle, low) = (mixed >> 32, mixed >> 16 & 0xffff, mixed & 0xfff);
    format!("{high:08x}-{middle:04x}-7{low:03x}-8000-{n:012x}")
}

pub(crate) fn memo_id(n: u32) -> MemoId {
    MemoId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn user_id(n: u32) -> UserId {
    UserId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn session_id(n: u32) -> SessionId {
    SessionId::parse(&id(n)).expect("a valid id")
}

pub(crate) fn email(text: &str) -> Email {
    Email::new(text).expect("a valid address")
}

pub(crate) fn display_name(text: &str) -> DisplayName {
    DisplayName::new(text).expect("a valid name")
}

pub(crate) fn title(text: &str) -> Title {
    Title::new(text).expect("a valid title")
}

pub(crate) fn content(text: &str) -> Content {
    Content::new(text).expect("valid content")
}

pub(crate) fn tag(text: &str) -> Tag {
    Tag::new(text).expect("a valid tag")
}

pub(crate) fn tags<'a>(texts: impl IntoIterator<Item = &'a str>) -> Tags {
    Tags::new(texts.into_iter().map(tag)).expect("few tags")
}

/// A plain user.
pub(crate) fn user(n: u32) -> User {
    let hash = PasswordHash::new(format!("$2b$04$hash{n}"));
    let address = email(&format!("user{n}@example.com"));
    User::sign_up(user_id(n), address, display_name(&format!("User {n}")), hash, Locale::En, at(0))
}

/// Users with every optional field set, with none set, and with the longest and most unusual texts.
pub(crate) fn awkward_users() -> Vec<User> {
    let names = AWKWARD.iter().filter_map(|text| DisplayName::new(text).ok());
    let mut users: Vec<_> = (0..).zip(names).map(|(n, name)| User { display_name: name, ..user(n) }).collect();
    let label = "d".repeat(61);
    let mut add = |change: &dyn Fn(&mut User)| {
        let mut user = user(u32::try_from(users.len()).expect("few users"));
        change(&mut user);
        users.push(user);
    };
    add(&|user| user.email = email("Jose\u{301}.한글+İ@Example.COM"));
    add(&|user| user.email = email(&format!("{}@{label}.{label}.{label}.org", "L".repeat(64))));
    add(&|user| user.display_name = display_name(&"𠮷".repeat(DisplayName::MAX)));
    add(&|user| {
        user.email_verified = true;
        user.earlier_email_verified = true;
        user.role = Role::Admin;
        user.locale = Locale::Ko;
        user.time_zone = TimeZone::new("America/Argentina/ComodRivadavia").expect("a zone");
        user.disabled_at = Some(LATEST);
        user.version = Version::new(u32::MAX);
        user.updated_at = LATEST;
    });
    add(&|user| {
        user.password_hash = None;
        user.created_at = EARLIEST;
        user.updated_at = Timestamp::from_micros(-1);
    });
    add(&|user| user.password_hash = Some(PasswordHash::new("$argon2id$v=19$".to_owned() + &"+/".repeat(100))));
    users
}

/// A plain memo.
pub(crate) fn memo(n: u32, owner: UserId) -> Memo {
    let state = MemoState::new(title(&format!("Memo {n}")), content(""));
    Memo::create(memo_id(n), owner, state, at(0))
}

/// A memo whose every field differs from that of [`memo`].
pub(crate) fn full_memo(n: u32, owner: UserId) -> Memo {
    Memo {
        state: MemoState {
            title: title("제목"),
            content: content("# 본문\r\n\n* 하나\n"),
            tags: tags(["Work", "한글", "a tag", "100%"]),
            pinned: true,
            archived: true,
            visibility: Visibility::Public,
            remind_at: Some(at(3)),
        },
        facts: MemoFacts { snippet: "본문 하나".to_owned(), has_tasks: true, open_tasks: 3 },
        reminded_at: Some(at(4)),
        version: Version::new(7),
        updated_at: at(2),
        deleted_at: Some(at(1)),
        ..memo(n, owner)
    }
}

/// Memos with the most unusual and the longest texts, and with the earliest and latest times.
pub(crate) fn awkward_memos(owner: UserId) -> Vec<Memo> {
    let mut memos: Vec<_> = (0..)
        .zip(AWKWARD)
        .map(|(n, text)| {
            let mut memo = full_memo(n, owner);
            memo.state.title = Title::new(text).unwrap_or_else(|_| title("-"));
            memo.state.content = content(&format!("{text}\n{text}"));
            memo.facts.snippet = String::from(text);
            memo.state.tags = Tags::new(Tag::new(text).ok().into_iter().chain([tag("b"), tag("A")])).expect("few tags");
            memo
        })
        .collect();
    // The sort key of U+1D160 is three times as long as the character: the longest of all.
    for longest in ["\u{1d160}", "𠮷", "İ", "가", "x"] {
        let mut memo = full_memo(u32::try_from(memos.len()).expect("few memos"), owner);
        memo.state.title = title(&longest.repeat(Title::MAX));
        memo.state.content = content(&longest.repeat(Content::MAX));
        memo.state.tags = tags([longest.repeat(16).as_str()]);
        memo.facts.snippet = longest.repeat(MarkdownFacts::SNIPPET_MAX);
        memo.facts.open_tasks = u32::MAX;
        memos.push(memo);
    }
    let mut ends = full_memo(100, owner);
    let last_letters =
        (b'a'..).take(Tags::MAX).map(|letter| "𠮷".repeat(Tag::MAX - 1) + &char::from(letter).to_string());
    ends.state.tags = Tags::new(last_letters.map(|text| tag(&text))).expect("few tags");
    ends.state.remind_at = Some(LATEST);
    ends.reminded_at = Some(EARLIEST);
    ends.version = Version::new(u32::MAX);
    ends.created_at = EARLIEST;
    ends.updated_at = Timestamp::from_micros(-1);
    ends.deleted_at = Some(LATEST);
    memos.push(ends);
    memos
}

/// A plain session.
pub(crate) fn session(n: u32, user_id: UserId) -> Session {
    Session {
        id: session_id(n),
        user_id,
        scopes: Scopes::all(),
        cookie: None,
        provider: None,
        device: None,
        ip: None,
        created_at: at(0),
        proved_at: None,
        last_seen_at: at(0),
        expires_at: at(1_000_000),
        ended_at: None,
    }
}

/// A session whose every field differs from that of [`session`].
pub(crate) fn full_session(n: u32, user_id: UserId, device: &str) -> Session {
    Session {
        scopes: Scopes::parse("memos:read account:write").expect("valid scopes"),
        cookie: Some(digest_of(n)),
        provider: Some("provider".to_owned()),
        device: Some(device.to_owned()),
        ip: Some("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".to_owned()),
        proved_at: Some(at(1)),
        last_seen_at: at(1),
        expires_at: LATEST,
        ended_at: Some(at(2)),
        ..session(n, user_id)
    }
}

/// A digest with problematic bytes: zero, quote, backslash, invalid UTF-8.
pub(crate) fn digest(n: u8) -> SecretDigest {
    let mut bytes = *Secret::new([n; 32]).digest().as_bytes();
    bytes[..6].copy_from_slice(&[0, b'\'', b'\\', 0xff, 0xc0, n]);
    bytes[31] = 0;
    SecretDigest::new(bytes)
}

/// A digest derived from a number.
pub(crate) fn digest_of(n: u32) -> SecretDigest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Secret::new(bytes).digest()
}

pub(crate) fn share_id(n: u32) -> ShareId {
    ShareId::parse(&id(n)).expect("a valid id")
}

/// A share without an expiry and a password.
pub(crate) fn share(n: u32, memo_id: MemoId) -> Share {
    Share {
        id: share_id(n),
        memo_id,
        digest: digest_of(5_000 + n),
        password_hash: None,
        expires_at: None,
        created_at: at(0),
        reads: 0,
    }
}

/// An earlier text of a memo.
pub(crate) fn revision(version: u32, memo_id: MemoId) -> Revision {
    let memo = memo(version, user_id(0));
    let head = RevisionHead {
        memo_id,
        version: Version::new(version),
        title: memo.state.title,
        tags: memo.state.tags,
        at: at(0),
        replaced_at: at(1),
        replaced_through: ChangeOrigin::Server,
    };
    Revision { head, delta: TextDelta { prefix: 0, suffix: version, middle: "an earlier text".to_owned() } }
}

/// An unused refresh token.
pub(crate) fn refresh_token(n: u8, session_id: SessionId) -> RefreshToken {
    RefreshToken { digest: digest(n), session_id, issued_at: at(0), expires_at: at(1_000_001), used_at: None }
}
