//! A [`Store`](memo_domain::Store) over any engine that keeps bytes in order: redb, fjall, LMDB or a
//! `BTreeMap`.
//!
//! An adapter implements two small traits, [`Engine`] and [`Snapshot`], and wraps the engine in a [`KvStore`]. This
//! crate does the rest: how entities are written as bytes, keys, indexes, pages, search, and all repositories.
//!
//! # Units of work
//! A unit of work reads from one snapshot and buffers its writes; [`commit`](memo_domain::UnitOfWork::commit) hands all
//! of them to [`Engine::commit`]. There is one writer at a time: the others wait in
//! [`begin_for`](memo_domain::Store::begin_for), and take turns by user. Readers wait for nothing.
//!
//! # Threads
//! Every call of an engine that may wait for a disk is made on a thread for blocking work, so no method of the store
//! blocks the thread that polls it. An engine in memory ([`Engine::is_in_memory`]) is called directly.
//!
//! # Cost
//! A memo is found by its id, in the order of a time or of its title, and by its tag through indexes. Other conditions of
//! a [`MemoFilter`](memo_domain::MemoFilter), search among them, read each memo of the list until the page is full. A
//! list by relevance and a count read all memos of the list. A search compares the stored form of the texts, on a thread for
//! blocking work, and ends after five seconds.

#![deny(missing_docs)]

mod codec;
mod engine;
mod entity;
mod keys;
mod repositories;
mod store;
mod transaction;

pub use engine::{Direction, Engine, Entries, Entry, Snapshot, Writes};
pub use store::KvStore;
