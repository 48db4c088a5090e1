//! Requests to memos, their shares and tags, and to the change feed.

use reqwest::Url;
use serde_json::{Value, json};

use super::Actor;
use crate::Call;

impl Actor {
    /// `POST /api/v1/memos`
    pub fn create_memo(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/memos").json(body)
    }

    /// `POST /api/v1/memos` with a text
    pub fn capture(&self, media_type: &str, text: impl Into<Vec<u8>>) -> Call {
        self.call("POST", "/api/v1/memos").body(media_type, text)
    }

    /// `POST /api/v1/memos/{id}/tasks/{n}`
    pub fn set_task(&self, id: &str, number: &str, body: &Value) -> Call {
        self.call("POST", &format!("/api/v1/memos/{id}/tasks/{number}")).json(body)
    }

    /// `GET /api/v1/memos`
    pub fn list_memos(&self, query: &[(&str, &str)]) -> Call {
        self.get("/api/v1/memos").query(query)
    }

    /// `GET /api/v1/memos?q=`
    pub fn search(&self, text: &str) -> Call {
        self.list_memos(&[("q", text)])
    }

    /// `POST /api/v1/memos/batch` with these operations.
    pub fn batch(&self, operations: &Value) -> Call {
        self.call("POST", "/api/v1/memos/batch").json(&json!({"operations": operations}))
    }

    /// `GET /api/v1/changes?since=`
    pub fn changes(&self, since: u64) -> Call {
        self.get("/api/v1/changes").query(&[("since", &since.to_string())])
    }

    /// `GET /api/v1/memos/{id}`
    pub fn get_memo(&self, id: &str) -> Call {
        self.get(&format!("/api/v1/memos/{id}"))
    }

    /// `PUT /api/v1/memos/{id}`
    pub fn put_memo(&self, id: &str, body: &Value) -> Call {
        self.call("PUT", &format!("/api/v1/memos/{id}")).json(body)
    }

    /// `PATCH /api/v1/memos/{id}`
    pub fn patch_memo(&self, id: &str, patch: &Value) -> Call {
        self.call("PATCH", &format!("/api/v1/memos/{id}")).merge_patch(patch)
    }

    /// `DELETE /api/v1/memos/{id}`, which moves the memo to the trash.
    pub fn delete_memo(&self, id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/memos/{id}"))
    }

    /// `DELETE /api/v1/memos/{id}?permanent=true`
    pub fn delete_memo_for_good(&self, id: &str) -> Call {
        self.delete_memo(id).query(&[("permanent", "true")])
    }

    /// `POST /api/v1/memos/{id}/restore`
    pub fn restore_memo(&self, id: &str) -> Call {
        self.call("POST", &format!("/api/v1/memos/{id}/restore"))
    }

    /// `POST /api/v1/memos/{id}/completions`
    pub fn complete(&self, id: &str, body: &Value) -> Call {
        self.call("POST", &format!("/api/v1/memos/{id}/completions")).json(body)
    }

    /// `PUT /api/v1/memos/{id}/like`
    pub fn like(&self, id: &str) -> Call {
        self.call("PUT", &format!("/api/v1/memos/{id}/like"))
    }

    /// `DELETE /api/v1/memos/{id}/like`
    pub fn unlike(&self, id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/memos/{id}/like"))
    }

    /// `GET /api/v1/memos/{id}/likes`
    pub fn likes(&self, id: &str) -> Call {
        self.get(&format!("/api/v1/memos/{id}/likes"))
    }

    /// `POST /api/v1/memos/{id}/shares`
    pub fn share(&self, id: &str, body: &Value) -> Call {
        self.call("POST", &format!("/api/v1/memos/{id}/shares")).json(body)
    }

    /// `GET /api/v1/memos/{id}/shares`
    pub fn shares(&self, id: &str) -> Call {
        self.get(&format!("/api/v1/memos/{id}/shares"))
    }

    /// `DELETE /api/v1/memos/{id}/shares/{share_id}`
    pub fn revoke_share(&self, id: &str, share_id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/memos/{id}/shares/{share_id}"))
    }

    /// `GET /api/v1/shared/{token}`
    pub fn shared(&self, token: &str) -> Call {
        self.get(&format!("/api/v1/shared/{token}"))
    }

    /// `GET /api/v1/tags`
    pub fn list_tags(&self) -> Call {
        self.get("/api/v1/tags")
    }

    /// `PATCH /api/v1/tags/{tag}` with a new name.
    pub fn patch_tag(&self, tag: &str, new: &str) -> Call {
        self.call("PATCH", &tag_target(tag)).merge_patch(&json!({"tag": new}))
    }

    /// `DELETE /api/v1/tags/{tag}`
    pub fn delete_tag(&self, tag: &str) -> Call {
        self.call("DELETE", &tag_target(tag))
    }

    /// Creates a memo with this title only and returns its id.
    pub async fn memo(&self, title: &str) -> String {
        self.create_memo(&json!({"title": title})).await.expect_status(201).id().to_owned()
    }

    /// The titles that a search finds, last changed first.
    pub async fn found(&self, text: &str) -> Vec<String> {
        self.titles(&[("q", text)]).await
    }

    /// The titles of a memo list, in order.
    pub async fn titles(&self, query: &[(&str, &str)]) -> Vec<String> {
        self.list_memos(query).await.expect_status(200).titles()
    }
}

/// The path of a tag, percent-encoded.
fn tag_target(tag: &str) -> String {
    let mut url = Url::parse("http://localhost/api/v1/tags").expect("a URL");
    url.path_segments_mut().expect("a URL with a path").push(tag);
    url.path().to_owned()
}
