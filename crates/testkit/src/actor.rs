use std::{ops::Deref, sync::Arc};

use reqwest::Url;
use serde_json::{Value, json};

use crate::{Call, Response, browser::Jar, call::Reach};

/// The password of every new [`User`].
const PASSWORD: &str = "correct horse battery staple";

/// A client that sends requests, authenticated or not.
#[derive(Clone)]
pub struct Actor {
    reach: Arc<Reach>,
    token: Option<Arc<str>>,
    jar: Option<Arc<Jar>>,
}

impl Actor {
    pub(crate) const fn new(reach: Arc<Reach>, token: Option<Arc<str>>) -> Self {
        Self { reach, token, jar: None }
    }

    pub(crate) const fn in_browser(reach: Arc<Reach>, jar: Arc<Jar>) -> Self {
        Self { reach, token: None, jar: Some(jar) }
    }

    /// This actor with an access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.reach.clone(), Some(token.into()))
    }

    /// A request. The target is a path with an optional query.
    pub fn call(&self, method: &str, target: &str) -> Call {
        let call = Call::new(self.reach.clone(), method, target);
        let call = match &self.jar {
            Some(jar) => call.with_jar(jar.clone()).header("sec-fetch-site", "same-origin"),
            None => call,
        };
        match &self.token {
            Some(token) => call.header("authorization", format!("Bearer {token}")),
            None => call,
        }
    }

    /// A `GET` request.
    pub fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    /// `POST /api/v1/auth/sign-up`
    pub fn sign_up(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/auth/sign-up").json(body)
    }

    /// `POST /api/v1/auth/token` with this form.
    pub fn token(&self, form: &[(&str, &str)]) -> Call {
        self.call("POST", "/api/v1/auth/token").form(form)
    }

    /// `POST /api/v1/auth/token` with a password, for all scopes.
    pub fn sign_in(&self, email: &str, password: &str) -> Call {
        self.token(&[("grant_type", "password"), ("username", email), ("password", password)])
    }

    /// `POST /api/v1/auth/token` with a refresh token.
    pub fn refresh(&self, refresh_token: &str) -> Call {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
    }

    /// `POST /api/v1/auth/revoke`
    pub fn revoke(&self, token: &str) -> Call {
        self.call("POST", "/api/v1/auth/revoke").form(&[("token", token)])
    }

    /// `POST /api/v1/auth/session`
    pub fn create_session(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/auth/session").json(body)
    }

    /// `POST /api/v1/auth/session/proof`
    pub fn prove(&self, password: &str) -> Call {
        self.call("POST", "/api/v1/auth/session/proof").json(&json!({"password": password}))
    }

    /// `DELETE /api/v1/auth/session`
    pub fn sign_out(&self) -> Call {
        self.call("DELETE", "/api/v1/auth/session")
    }

    /// `GET /api/v1/auth/sessions`
    pub fn sessions(&self) -> Call {
        self.get("/api/v1/auth/sessions")
    }

    /// `DELETE /api/v1/auth/sessions/{id}`
    pub fn end_session(&self, id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/auth/sessions/{id}"))
    }

    /// `DELETE /api/v1/auth/sessions`
    pub fn end_sessions(&self) -> Call {
        self.call("DELETE", "/api/v1/auth/sessions")
    }

    /// `POST /api/v1/auth/token` with a code of the second factor.
    pub fn second_step(&self, mfa_token: &str, otp: &str) -> Call {
        self.token(&[("grant_type", "mfa_otp"), ("mfa_token", mfa_token), ("otp", otp)])
    }

    /// `POST /api/v1/auth/email/verify`
    pub fn verify_email(&self, token: &str) -> Call {
        self.call("POST", "/api/v1/auth/email/verify").json(&json!({"token": token}))
    }

    /// `POST /api/v1/auth/email/verify/resend`
    pub fn resend_verification(&self) -> Call {
        self.call("POST", "/api/v1/auth/email/verify/resend")
    }

    /// `POST /api/v1/auth/password/forgot`
    pub fn forgot_password(&self, email: &str) -> Call {
        self.call("POST", "/api/v1/auth/password/forgot").json(&json!({"email": email}))
    }

    /// `POST /api/v1/auth/password/reset`
    pub fn reset_password(&self, token: &str, password: &str) -> Call {
        self.call("POST", "/api/v1/auth/password/reset").json(&json!({"token": token, "password": password}))
    }

    /// `PUT /api/v1/me/password`
    pub fn change_password(&self, current: &str, new: &str) -> Call {
        self.call("PUT", "/api/v1/me/password").json(&json!({"current_password": current, "new_password": new}))
    }

    /// `DELETE /api/v1/me`
    pub fn withdraw(&self, password: &str) -> Call {
        self.call("DELETE", "/api/v1/me").json(&json!({"password": password}))
    }

    /// `GET /api/v1/me/mfa`
    pub fn mfa(&self) -> Call {
        self.get("/api/v1/me/mfa")
    }

    /// `POST /api/v1/me/mfa/totp`
    pub fn begin_totp(&self) -> Call {
        self.call("POST", "/api/v1/me/mfa/totp")
    }

    /// `POST /api/v1/me/mfa/totp/confirm`
    pub fn confirm_totp(&self, code: &str) -> Call {
        self.call("POST", "/api/v1/me/mfa/totp/confirm").json(&json!({"code": code}))
    }

    /// `DELETE /api/v1/me/mfa/totp`
    pub fn remove_totp(&self, password: &str) -> Call {
        self.call("DELETE", "/api/v1/me/mfa/totp").json(&json!({"current_password": password}))
    }

    /// `GET /api/v1/me/audit`
    pub fn audit(&self) -> Call {
        self.get("/api/v1/me/audit")
    }

    /// `GET /api/v1/me/api-keys`
    pub fn api_keys(&self) -> Call {
        self.get("/api/v1/me/api-keys")
    }

    /// `POST /api/v1/me/api-keys`
    pub fn create_api_key(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/me/api-keys").json(body)
    }

    /// `GET /api/v1/me/webhooks`
    pub fn webhooks(&self) -> Call {
        self.get("/api/v1/me/webhooks")
    }

    /// `POST /api/v1/me/webhooks`
    pub fn create_webhook(&self, body: &Value) -> Call {
        self.call("POST", "/api/v1/me/webhooks").json(body)
    }

    /// `PATCH /api/v1/me/webhooks/{id}`
    pub fn patch_webhook(&self, id: &str, patch: &Value) -> Call {
        self.call("PATCH", &format!("/api/v1/me/webhooks/{id}")).merge_patch(patch)
    }

    /// `DELETE /api/v1/me/webhooks/{id}`
    pub fn delete_webhook(&self, id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/me/webhooks/{id}"))
    }

    /// `POST /api/v1/me/webhooks/{id}/ping`
    pub fn ping_webhook(&self, id: &str) -> Call {
        self.call("POST", &format!("/api/v1/me/webhooks/{id}/ping"))
    }

    /// `GET /api/v1/me/webhooks/{id}/deliveries` with this query.
    pub fn webhook_deliveries(&self, id: &str, query: &str) -> Call {
        self.get(&format!("/api/v1/me/webhooks/{id}/deliveries{query}"))
    }

    /// `POST /api/v1/me/webhooks/{id}/deliveries/{delivery_id}/redeliver`
    pub fn redeliver(&self, id: &str, delivery: &str) -> Call {
        self.call("POST", &format!("/api/v1/me/webhooks/{id}/deliveries/{delivery}/redeliver"))
    }

    /// `PATCH /api/v1/me/api-keys/{id}`
    pub fn patch_api_key(&self, id: &str, patch: &Value) -> Call {
        self.call("PATCH", &format!("/api/v1/me/api-keys/{id}")).merge_patch(patch)
    }

    /// `DELETE /api/v1/me/api-keys/{id}`
    pub fn delete_api_key(&self, id: &str) -> Call {
        self.call("DELETE", &format!("/api/v1/me/api-keys/{id}"))
    }

    /// `GET /api/v1/admin/users`
    pub fn list_users(&self, query: &[(&str, &str)]) -> Call {
        self.get("/api/v1/admin/users").query(query)
    }

    /// `PATCH /api/v1/admin/users/{id}`
    pub fn patch_user(&self, id: &str, patch: &Value) -> Call {
        self.call("PATCH", &format!("/api/v1/admin/users/{id}")).merge_patch(patch)
    }

    /// `GET /api/v1/me`
    pub fn me(&self) -> Call {
        self.get("/api/v1/me")
    }

    /// `PATCH /api/v1/me`
    pub fn patch_me(&self, patch: &Value) -> Call {
        self.call("PATCH", "/api/v1/me").merge_patch(patch)
    }

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

/// A user who is signed in. Dereferences to an [`Actor`] with the access token.
#[derive(Clone)]
pub struct User {
    actor: Actor,
    /// The id of the account.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// The access token.
    pub access_token: String,
    /// The refresh token of the same session.
    pub refresh_token: String,
}

impl User {
    pub(crate) async fn sign_up(anonymous: Actor, name: &str, email: &str) -> Self {
        let account = json!({"email": email, "password": PASSWORD, "display_name": name});
        let account = anonymous.sign_up(&account).await.expect_status(201);
        let tokens = anonymous.sign_in(email, PASSWORD).await.expect_status(200);
        Self {
            actor: anonymous.with_token(tokens.text("access_token")),
            id: account.id().to_owned(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            access_token: tokens.text("access_token").to_owned(),
            refresh_token: tokens.text("refresh_token").to_owned(),
        }
    }

    /// Starts another session; with these scopes, or with all scopes if `scope` is empty.
    pub async fn sign_in_again(&self, scope: &str) -> Response {
        let mut form = vec![("grant_type", "password"), ("username", &*self.email), ("password", &*self.password)];
        if !scope.is_empty() {
            form.push(("scope", scope));
        }
        self.actor.token(&form).await.expect_status(200)
    }

    /// The user with the access token of a new session.
    pub async fn with_new_token(&self) -> Actor {
        self.with_scope("").await
    }

    /// The user with a token for these scopes only.
    pub async fn with_scope(&self, scope: &str) -> Actor {
        self.with_token(self.sign_in_again(scope).await.text("access_token"))
    }
}

impl Deref for User {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}
