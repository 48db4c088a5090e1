//! What the nodes of memo share by way of Redis: browser sessions, short-lived data and events.

mod browser_sessions;
mod cache;
mod connection;
mod events;

pub use browser_sessions::RedisBrowserSessions;
pub use cache::RedisCache;
pub use connection::Redis;
pub use events::RedisEvents;
