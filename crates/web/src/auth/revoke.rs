use memo_application::{SignIn, read_secret};

use super::token::FORM_SIZE;
use crate::prelude::*;

operations! {
    revoke => Policy::public().body(Body::Form).size(FORM_SIZE).no_store();
}

/// A form of RFC 7009. Unknown parameters are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form, whose parameters are read by name")]
#[schema(example = json!({"token": "2YotnFZFEjr1zCsicMWpAA"}))]
struct RevokeForm {
    /// A refresh token or an access token, whose session ends. Without one, nothing happens.
    #[schema(nullable = false)]
    token: Option<String>,
}

/// Revoke a token
///
/// Ends the session of a refresh token or an access token, with all its tokens (RFC 7009). An invalid token is no error.
#[utoipa::path(
    post, path = "/api/v1/auth/revoke", tag = "auth",
    request_body = RevokeForm,
    responses((status = 200, description = "The session has ended, if there was one")),
)]
async fn revoke(sign_in: Data<SignIn>, FromDevice(device): FromDevice, form: Form) -> Result<HttpResponse, Problem> {
    if let Ok(Some(token)) = form.get("token") {
        sign_in.revoke(read_secret(token).as_ref(), token, &device).await?;
    }
    Ok(HttpResponse::Ok().finish())
}
