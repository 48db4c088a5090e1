//! What nodes share by Redis: short-lived state, cookie sessions, events.

mod browser_sessions;
mod cache;
mod connection;
mod events;

pub use browser_sessions::RedisBrowserSessions;
pub use cache::RedisCache;
pub use connection::Redis;
pub use events::RedisEvents;
