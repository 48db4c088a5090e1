//! The cases, a module for each port and for each matter that has many.

pub(crate) mod changes;
pub(crate) mod concurrency;
pub(crate) mod feed_races;
pub(crate) mod filters;
pub(crate) mod memos;
pub(crate) mod pages;
pub(crate) mod refresh_tokens;
pub(crate) mod reopening;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod tags;
pub(crate) mod units_of_work;
pub(crate) mod users;
