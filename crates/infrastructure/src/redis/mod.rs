//! What nodes tell each other by way of Redis.

mod session_events;

pub use session_events::RedisSessionEvents;
