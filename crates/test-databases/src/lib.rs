//! A database for each test: a SQLite file, or a database on the servers of `MEMO_TEST_POSTGRES_URL` and
//! `MEMO_TEST_MYSQL_URL`, local ones by default; and the Redis of `MEMO_TEST_REDIS_URL`.
//!
//! Tests of an unavailable server are skipped, unless `MEMO_TEST_REQUIRE` names it, as in `postgres,mysql,redis`.

#![expect(clippy::missing_panics_doc, reason = "panics are how assertions fail")]

mod keeper;
pub mod kept;
mod proxy;
mod redis;
mod server;
mod store;

pub use proxy::Proxy;
pub use redis::redis_url;
pub use server::{Server, TestDatabase};
pub use store::{Fresh, mysql, postgres, sqlite};
