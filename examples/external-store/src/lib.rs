//! A store for memo that keeps everything in a map, and each commit as a line of a file.
//!
//! It is an example of a crate that the server does not know: it implements the ports of `memo-domain`, and passes the
//! whole suite. Read `state` and `store` first; `accounts`, `changes`, `jobs`, `memos`, `sessions` and `users` are the
//! repositories; `file`, `json` and `entities` make it durable.
//!
//! What it is not made for: it holds everything in memory, a search reads each memo, and the file never gets shorter.

#![deny(missing_docs)]

mod accounts;
mod changes;
mod entities;
mod file;
mod jobs;
mod json;
mod memos;
mod sessions;
mod state;
mod store;
mod users;

pub use store::FileStore;
