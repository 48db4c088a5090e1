use memo_domain::{Session, SessionId};
use serde::Serialize;
use utoipa::ToSchema;

/// A session of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000c",
    "device": "Mozilla/5.0 (X11; Linux x86_64) Firefox/143.0",
    "ip": "203.0.113.7",
    "created_at": "2026-01-31T09:00:00.123456Z",
    "last_seen_at": "2026-01-31T09:12:00Z",
    "current": true
}))]
pub struct SessionDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The `User-Agent` that signed in.
    #[schema(required = true)]
    device: Option<String>,
    /// The IP address that signed in.
    #[schema(required = true)]
    ip: Option<String>,
    /// When the session was created.
    #[schema(format = "date-time")]
    created_at: String,
    /// When the session was last used, to the minute.
    #[schema(format = "date-time")]
    last_seen_at: String,
    /// Whether the request belongs to this session.
    current: bool,
}

impl SessionDto {
    /// A session, seen from the current one.
    pub fn new(session: Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id.to_string(),
            current: Some(session.id) == current,
            device: session.device,
            ip: session.ip,
            created_at: session.created_at.to_string(),
            last_seen_at: session.last_seen_at.to_string(),
        }
    }
}
