use memo_domain::{ChangeOrigin, RevisionHead};
use serde::Serialize;
use utoipa::ToSchema;

/// What a text was replaced through.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangeOrigin, example = json!({"kind": "api_key", "id": "0198c0de-7f00-7000-8000-00000000000c"}))]
pub struct OriginDto {
    /// `session`, `api_key`, or `server` for what it does by itself, such as the steps of a long operation.
    #[schema(format = "origin")]
    kind: &'static str,
    /// The id of the session or of the API key.
    #[schema(required = true, format = "uuid")]
    id: Option<String>,
}

impl From<ChangeOrigin> for OriginDto {
    fn from(origin: ChangeOrigin) -> Self {
        match origin {
            ChangeOrigin::Session(id) => Self { kind: "session", id: Some(id.to_string()) },
            ChangeOrigin::ApiKey(id) => Self { kind: "api_key", id: Some(id.to_string()) },
            ChangeOrigin::Server => Self { kind: "server", id: None },
        }
    }
}

/// An earlier text of a memo, without its content.
#[derive(Serialize, ToSchema)]
#[schema(as = RevisionSummary, example = json!({
    "version": 1,
    "title": "Weekly meeting",
    "tags": ["work"],
    "created_at": "2026-01-31T09:00:00.123456Z",
    "replaced_at": "2026-01-31T10:00:00.123456Z",
    "replaced_by": {"kind": "api_key", "id": "0198c0de-7f00-7000-8000-00000000000c"}
}))]
pub struct RevisionSummaryDto {
    /// The version of the memo that had this text.
    #[schema(minimum = 1)]
    version: u32,
    /// The title.
    title: String,
    /// The tags.
    tags: Vec<String>,
    /// When this version was made.
    #[schema(format = "date-time")]
    created_at: String,
    /// When its text was replaced.
    #[schema(format = "date-time")]
    replaced_at: String,
    /// What it was replaced through, by the owner.
    replaced_by: OriginDto,
}

impl From<RevisionHead> for RevisionSummaryDto {
    fn from(head: RevisionHead) -> Self {
        Self {
            version: head.version.get(),
            title: head.title.as_str().to_owned(),
            tags: head.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            created_at: head.at.to_string(),
            replaced_at: head.replaced_at.to_string(),
            replaced_by: head.replaced_through.into(),
        }
    }
}
