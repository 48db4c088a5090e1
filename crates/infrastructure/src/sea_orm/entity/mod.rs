//! One entity for each table, with its columns in the types that are kept.

pub mod change;
pub mod change_feed;
pub mod memo;
pub mod memo_tag;
pub mod refresh_token;
pub mod session;
pub mod user;
