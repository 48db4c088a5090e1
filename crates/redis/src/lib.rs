//! What nodes share and tell each other by way of Redis.

mod browser_sessions;
mod cache;
mod connection;
mod session_events;

pub use browser_sessions::RedisBrowserSessions;
pub use cache::RedisCache;
pub use connection::Redis;
pub use session_events::RedisSessionEvents;
