//! One SeaORM entity for each table.

pub mod api_key;
pub mod audit_event;
pub mod change;
pub mod change_feed;
pub mod idempotent_response;
pub mod identity;
pub mod job;
pub mod memo;
pub mod memo_like;
pub mod memo_link;
pub mod memo_revision;
pub mod memo_share;
pub mod memo_tag;
pub mod one_time_token;
pub mod recovery_code;
pub mod refresh_token;
pub mod second_factor;
pub mod session;
pub mod usage_day;
pub mod user;
pub mod webhook;
pub mod webhook_delivery;
