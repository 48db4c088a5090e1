//! The initial schema.
//!
//! * A time is a BIGINT of microseconds since the epoch: exact, and the same in every database, independently of its time
//!   types, their precision and time zones.
//! * A version is a BIGINT, since there is no 32-bit unsigned integer that all databases support.
//! * A column `…_key` has the form by which the column next to it is compared, byte by byte. Its length is the maximum of such
//!   a form.
//! * `memos.tags` has the tags in their order as a JSON array, so that a memo is read in one row. Its content is the last
//!   column: SQLite has to read through a long text to reach the columns after it.
//! * Each index of memos serves one kind of list (active, archived, trashed, pinned, public) in its order, and ends with the
//!   id: a page reads only the rows that it shows. A partial index is used only by statements that contain its condition.
//! * `memo_tags` is an index of memos by tag, with all columns that the list of a user's tags needs.
//! * `memo_grams` is the full-text index: the bigrams of each memo, computed by the adapter, in the kind of index that each
//!   database has for many keys of one row. Next to it is the form of the memo's texts that a search compares if the bigrams do
//!   not decide: in SQLite, whose index keeps no other columns, in the table `memo_texts`.
//! * `change_feeds` has the number of each user's last change. A transaction that appends to `changes` locks its row until it
//!   ends, so the order of the numbers is the order of the commits.
//! * All rows of a user are removed with them. `audit_events.actor_id` has no foreign key: the event stays when the actor is
//!   removed. Recovery codes reference the second factor, so that they are removed with it.

mod mysql;
mod postgres;
mod sqlite;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

use crate::run;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = match manager.get_database_backend() {
            DbBackend::Sqlite => sqlite::UP,
            DbBackend::Postgres => postgres::UP,
            _ => mysql::UP,
        };
        run(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DbBackend::Sqlite => run(manager, sqlite::DOWN).await,
            _ => run(manager, DOWN).await,
        }
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// One statement, so that an interruption leaves all rows or none: a table comes before those that it references.
const DOWN: &[&str] = &["DROP TABLE IF EXISTS audit_events, jobs, recovery_codes, second_factors, one_time_tokens, \
    identities, changes, change_feeds, memo_grams, memo_tags, memos, refresh_tokens, sessions, users"];
