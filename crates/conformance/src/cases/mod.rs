//! The cases: one module for each port, and for each aspect that has many.

pub(crate) mod audit;
pub(crate) mod browser_sessions;
pub(crate) mod cache;
pub(crate) mod changes;
pub(crate) mod concurrency;
pub(crate) mod feed_races;
pub(crate) mod filters;
pub(crate) mod identities;
pub(crate) mod jobs;
pub(crate) mod memos;
pub(crate) mod one_time_tokens;
pub(crate) mod pages;
pub(crate) mod refresh_tokens;
pub(crate) mod removed_users;
pub(crate) mod reopening;
pub(crate) mod search;
pub(crate) mod second_factors;
pub(crate) mod session_lists;
pub(crate) mod sessions;
pub(crate) mod tags;
pub(crate) mod units_of_work;
pub(crate) mod user_lists;
pub(crate) mod users;
