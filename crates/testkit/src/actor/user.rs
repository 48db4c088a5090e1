use std::ops::Deref;

use serde_json::json;

use super::Actor;
use crate::Response;

/// The password of every new [`User`].
const PASSWORD: &str = "correct horse battery staple";

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
