//! The repositories. Each method is one closure over the [`Transaction`](crate::transaction::Transaction), since it may
//! run on another thread.

mod accounts;
mod api_keys;
mod audit;
mod changes;
mod idempotency;
mod jobs;
mod likes;
mod links;
mod memos;
mod revisions;
mod sessions;
mod shares;
mod usage;
mod users;
mod webhooks;
