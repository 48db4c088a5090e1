use memo_application::{SignIn, read_secret};

use super::step::completed;
use crate::{cookies, dto::UserDto, prelude::*};

operations! {
    create_session => Policy::optional().body(Body::Json).no_store().rate(RateClass::SignIn)
        .problems(&[Code::CredentialsWrong, Code::MfaRequired, Code::Overloaded]);
    delete_session => Policy::optional().body(Body::Empty).no_store();
    prove_session => Policy::interactive().body(Body::Json).no_store()
        .problems(&[Code::PasswordWrong, Code::RecentSignInRequired, Code::Overloaded]);
}

/// How a browser signs in: `email` and `password`, or in the second step `mfa_token` and `otp`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "alice@example.com", "password": "correct horse battery"}))]
struct SessionRequest {
    /// The e-mail address.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(custom(proof)))]
    #[schema(nullable = false, format = "proof")]
    email: Option<String>,
    /// The password.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(custom(proof)))]
    #[schema(nullable = false, format = "current-password")]
    password: Option<String>,
    /// The token of the first step. It is valid for 5 minutes, and accepts up to five wrong codes.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(custom(proof)))]
    #[schema(nullable = false, format = "proof")]
    mfa_token: Option<String>,
    /// A code of the authenticator, or a recovery code.
    #[serde(default, deserialize_with = "present")]
    #[garde(inner(custom(proof)))]
    #[schema(nullable = false, format = "proof")]
    otp: Option<String>,
}

/// A step of signing in.
enum Step {
    Password { email: String, password: String },
    Code { token: String, code: String },
}

impl Input for SessionRequest {
    type Command = Step;

    fn read(self, refused: &mut Refusals) -> Result<Step, Refused> {
        let is_second = self.mfa_token.is_some() || self.otp.is_some();
        let first = [("email", self.email), ("password", self.password)];
        let second = [("mfa_token", self.mfa_token), ("otp", self.otp)];
        let (step, other) = if is_second { (second, first) } else { (first, second) };
        for (name, _) in step.iter().filter(|(_, value)| value.is_none()) {
            refused.add(name, FieldCode::Required);
        }
        for (name, _) in other.iter().filter(|(_, value)| value.is_some()) {
            refused.add(name, FieldCode::UnknownField);
        }
        let [(_, Some(name)), (_, Some(secret))] = step else { return Err(Refused) };
        Ok(if is_second {
            Step::Code { token: name, code: secret }
        } else {
            Step::Password { email: name, password: secret }
        })
    }
}

/// Sign in with a cookie
///
/// For browsers: the response sets an `HttpOnly` cookie. The session of a previous cookie ends.
#[utoipa::path(
    post, path = "/api/v1/auth/session", tag = "auth",
    request_body = SessionRequest,
    responses((status = 200, description = "The user", body = UserDto, headers(("Set-Cookie" = String, description = "The session, and a known device")))),
)]
async fn create_session(
    request: HttpRequest,
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(step): Json<SessionRequest>,
) -> Result<HttpResponse, Problem> {
    let previous = cookies::session_secret(&request, &settings);
    let grant = match step {
        Step::Password { email, password } => {
            completed(sign_in.cookie_by_password(&email, &password, previous.as_ref(), &device).await?)?
        }
        Step::Code { token, code } => {
            let token = read_secret(&token).ok_or_else(Problem::credentials_wrong)?;
            sign_in.cookie_by_code(&token, &code, previous.as_ref(), &device).await?
        }
    };
    let device = cookies::device(&settings, grant.device.clone());
    Ok(HttpResponse::Ok().cookie(cookies::session(&settings, &grant)).cookie(device).json(UserDto::from(grant.user)))
}

/// Sign out
///
/// Ends the session of the cookie or of the access token. Without one, nothing happens.
#[utoipa::path(
    delete, path = "/api/v1/auth/session", tag = "auth",
    responses((status = 204, description = "Signed out", headers(
        ("Set-Cookie" = String, description = "Removes the cookie"),
        ("Clear-Site-Data" = String, description = "Removes what the browser has stored for this site"),
    ))),
)]
async fn delete_session(
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    MaybeCaller(caller): MaybeCaller,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    if let Some(session_id) = caller.and_then(|caller| caller.session_id()) {
        sign_in.sign_out(session_id, &device).await?;
    }
    Ok(signed_out(&settings))
}

/// A proof that the caller owns the account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
struct ProofRequest {
    /// The password.
    #[garde(custom(proof))]
    #[schema(format = "current-password")]
    password: String,
}

input_as_is!(ProofRequest);

/// Prove who you are
///
/// For 10 minutes, the session counts as one that began at this moment: it may link social accounts and set up a second
/// factor. Without a password, sign in again with a social account instead.
#[utoipa::path(
    post, path = "/api/v1/auth/session/proof", tag = "auth",
    request_body = ProofRequest,
    responses((status = 204, description = "The session is proved")),
)]
async fn prove_session(
    caller: Caller,
    sign_in: Data<SignIn>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(body): Json<ProofRequest>,
) -> Result<HttpResponse, Problem> {
    sign_in.prove(&caller, &body.password, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
