//! Requests to `/api/v1/auth`, `/api/v1/me` and `/api/v1/admin`.

use serde_json::{Value, json};

use super::Actor;
use crate::Call;

impl Actor {
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
}
