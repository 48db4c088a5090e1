//! A fresh database for each test, removed with it: a SQLite file, or a database on the PostgreSQL and MySQL servers that
//! `MEMO_TEST_POSTGRES_URL` and `MEMO_TEST_MYSQL_URL` name, by default those of this machine. And the Redis that
//! `MEMO_TEST_REDIS_URL` names.
//!
//! A server that is not there is skipped, unless `MEMO_TEST_REQUIRE` names it, as in `postgres,mysql,redis`.

#![expect(clippy::missing_panics_doc, reason = "to panic where something is not as it must be is what this is for")]

mod keeper;
mod proxy;
mod redis;
mod server;
mod store;

pub use proxy::Proxy;
pub use redis::redis_url;
pub use server::{Server, TestDatabase};
pub use store::{Fresh, mysql, postgres, sqlite};
