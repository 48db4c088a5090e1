//! The suite, laid out like the URL tree.

pub mod admin;
pub mod archives;
pub mod auth;
pub mod bounds;
pub mod changes;
pub mod compression;
pub mod digests;
pub mod docs;
pub mod errors;
pub mod every_operation;
pub mod hostile;
pub mod housekeeping;
pub mod idempotency;
pub mod limits;
pub mod links;
pub mod live;
pub mod live_settings;
pub mod me;
pub mod memos;
pub mod nodes;
pub mod operations;
pub mod rates;
pub mod settings;
pub mod tag_operations;
pub mod tags;
pub mod transfer;
pub mod transfer_limits;
pub mod transfer_revisions;
pub mod transfer_secrets;
pub mod transfer_settings;
pub mod transport;

use std::time::Duration;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    task::{JoinSet, block_in_place},
};

use crate::{Actor, Call, Response};

/// Asserts a JSON value by an inline snapshot. Duplicates are allowed: each store asserts it in one process.
macro_rules! assert_json {
    ($($snapshot:tt)*) => {
        insta::allow_duplicates! { insta::assert_json_snapshot!($($snapshot)*) }
    };
}
use assert_json;

const DAY: Duration = Duration::from_hours(24);

/// Texts that careless software changes or fails on.
const AWKWARD_TEXTS: [&str; 20] = [
    "주간회의록",
    // The same text in NFD.
    "\u{110c}\u{116e}\u{1100}\u{1161}\u{11ab}\u{1112}\u{116c}\u{110b}\u{1174}\u{1105}\u{1169}\u{11a8}",
    "caf\u{e9} cafe\u{301}",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 👍🏽",
    "مرحبا بالعالم \u{202e}abc\u{202c} שלום",
    "one\ntwo\r\nthree\rfour\u{2028}five\u{85}",
    " spaces around \t",
    "\u{feff}a byte order mark",
    "<script>alert('x')</script> & \"quotes\" \\ / ' -- ; DROP TABLE memos",
    "100% _under_ %25 %00 +",
    "\u{1}\u{7}\u{8}\u{1b}[31m\u{7f}",
    "\u{fffd}\u{ffff}\u{10ffff}",
    "ﬁ ﷺ ½ Ａ",
    "ß ẞ İ ı ſ",
    "\u{200b}\u{200d}\u{ad}",
    "𝕳𝖊𝖑𝖑𝖔 𠜎",
    "null",
    "{\"a\": [1, 2]}",
    "\\u0000 \\n",
    "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}",
];

/// Sends the calls concurrently and returns all responses.
async fn send_concurrently(calls: impl IntoIterator<Item = Call>) -> Vec<Response> {
    let mut running = JoinSet::new();
    for call in calls {
        running.spawn(async { call.await });
    }
    running.join_all().await
}

/// Fills the session cache: afterwards the server accepts these actors for a moment without asking the store.
async fn warm_session_cache(actors: &[&Actor]) {
    for actor in actors.repeat(2) {
        actor.me().await.expect_status(200);
    }
}

/// Tests a property with random inputs, and shrinks an input that fails.
async fn for_all<S: Strategy>(cases: u32, inputs: S, property: impl AsyncFn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = block_in_place(|| {
        TestRunner::new(config).run(&inputs, |input| {
            Handle::current().block_on(property(input));
            Ok::<_, TestCaseError>(())
        })
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Invalid values of a memo's fields, each with the pointer and the code of its error.
fn invalid_memo_fields() -> Vec<(Value, &'static str, &'static str)> {
    let long = |length| "가".repeat(length);
    vec![
        (json!({"title": ""}), "/title", "too_short"),
        (json!({"title": long(201)}), "/title", "too_long"),
        (json!({"title": "a\0b"}), "/title", "nul_character"),
        (json!({"title": "a\nb"}), "/title", "control_character"),
        (json!({"title": " \u{3000}"}), "/title", "no_visible_character"),
        (json!({"title": "\u{200b}\u{200f}\u{ad}"}), "/title", "no_visible_character"),
        (json!({"title": "invoice\u{202e}gpj.exe"}), "/title", "bidirectional_control"),
        (json!({"title": "\u{2066}a\u{2069}"}), "/title", "bidirectional_control"),
        (json!({"title": 1}), "/title", "wrong_type"),
        (json!({"title": ["a"]}), "/title", "wrong_type"),
        (json!({"content": long(100_001)}), "/content", "too_long"),
        (json!({"content": "\0"}), "/content", "nul_character"),
        (json!({"content": {}}), "/content", "wrong_type"),
        (json!({"tags": [""]}), "/tags/0", "too_short"),
        (json!({"tags": ["a", " \t "]}), "/tags/1", "control_character"),
        (json!({"tags": ["a", "   "]}), "/tags/1", "too_short"),
        (json!({"tags": ["a", "b", long(51)]}), "/tags/2", "too_long"),
        (json!({"tags": ["a\nb"]}), "/tags/0", "control_character"),
        (json!({"tags": ["a\0"]}), "/tags/0", "nul_character"),
        (json!({"tags": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}), "/tags", "too_many"),
        (json!({"tags": "work"}), "/tags", "wrong_type"),
        (json!({"tags": ["a", 2]}), "/tags/1", "wrong_type"),
        (json!({"pinned": "true"}), "/pinned", "wrong_type"),
        (json!({"archived": 1}), "/archived", "wrong_type"),
        (json!({"visibility": "secret"}), "/visibility", "invalid_choice"),
        (json!({"visibility": true}), "/visibility", "wrong_type"),
        (json!({"visibility": {"private": null}}), "/visibility", "wrong_type"),
        (json!({"remind_at": "tomorrow"}), "/remind_at", "malformed"),
        (json!({"remind_at": "2026-02-30T00:00:00Z"}), "/remind_at", "malformed"),
        (json!({"remind_at": "2026-01-31T09:00:00.123456Z"}), "/remind_at", "not_in_future"),
        (json!({"remind_at": "2020-01-01T00:00:00Z"}), "/remind_at", "not_in_future"),
        (json!({"remind_at": 1_800_000_000}), "/remind_at", "wrong_type"),
        (json!({"titel": "a"}), "/titel", "unknown_member"),
        (json!({"owner_id": "0198c0de-7f00-7000-8000-00000000000a"}), "/owner_id", "unknown_member"),
        (json!({"owner": {"id": "0198c0de-7f00-7000-8000-00000000000a"}}), "/owner", "unknown_member"),
        (json!({"id": "0198c0de-7f00-7000-8000-00000000000a"}), "/id", "unknown_member"),
        (json!({"version": 7}), "/version", "unknown_member"),
        (json!({"deleted_at": null}), "/deleted_at", "unknown_member"),
        (json!({"like_count": 7}), "/like_count", "unknown_member"),
        (json!({"open_tasks": 7}), "/open_tasks", "unknown_member"),
    ]
}

/// A JSON object with the fields of both. Those of the second win.
fn merged(mut one: Value, other: &Value) -> Value {
    let other = other.as_object().cloned().unwrap_or_default();
    one.as_object_mut().expect("an object").extend(other);
    one
}
