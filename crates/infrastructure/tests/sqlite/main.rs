//! Tests of stores in SQLite files beyond the contract of every store.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod backlog;
mod erasure;
mod groups;
mod log;
mod migrations;
mod opening;
mod revisions;
mod scans;
mod schema;
mod units_of_work;

use memo_domain::{
    Access, Content, DisplayName, Email, Locale, Memo, MemoId, MemoState, PasswordHash, Store, Tag, Tags, Timestamp,
    Title, User, UserId,
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_769_850_000_123_456);

fn user(n: u128) -> User {
    User::sign_up(
        UserId::new(Uuid::from_u128(n)),
        Email::new(format!("user{n}@example.com")).expect("a valid address"),
        DisplayName::new("A user").expect("a valid name"),
        PasswordHash::new("$2b$".to_owned()),
        Locale::En,
        NOW,
    )
}

/// A memo of user 0 with two tags.
fn memo(n: u128) -> Memo {
    let title = Title::new(format!("Memo {n}")).expect("a valid title");
    let content = Content::new("x".repeat(10_000)).expect("valid content");
    let tags = Tags::new(["work", "home"].map(|tag| Tag::new(tag).expect("a valid tag"))).expect("few tags");
    let state = MemoState { tags, ..MemoState::new(title, content) };
    Memo::create(MemoId::new(Uuid::from_u128(n)), user(0).id, state, NOW)
}

/// Inserts a user in a unit of work of its own.
async fn add_user(store: &dyn Store, n: u128) {
    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.users().insert(&user(n)).await.expect("the user is added");
    uow.commit().await.expect("the unit of work commits");
}

/// Inserts a memo in a unit of work of its own.
async fn add_memo(store: &dyn Store, n: u128) {
    let mut uow = store.begin(Access::Write).await.expect("a unit of work begins");
    uow.memos().insert(&memo(n), &memo(n).search_text()).await.expect("the memo is added");
    uow.commit().await.expect("the unit of work commits");
}
