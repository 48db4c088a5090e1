use actix_web::http::header::LOCATION;
use memo_application::{Accounts, SignUp};
use memo_domain::{DisplayName, Email, Password};

use crate::{dto::UserDto, language::Language, prelude::*};

operations! {
    sign_up => Policy::optional().body(Body::Json).no_store().rate(RateClass::SignIn)
        .problems(&[Code::SignUpClosed, Code::EmailTaken, Code::PasswordTooCommon, Code::Overloaded]);
}

/// A new user.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"email": "alice@example.com", "password": "correct horse battery", "display_name": "Alice"}))]
struct SignUpRequest {
    /// An e-mail address that no other user has, ignoring case.
    #[schema(format = "email")]
    email: String,
    /// 8 to 128 characters of any script. Passwords that are easy to guess are refused.
    #[schema(format = "new-password")]
    password: String,
    /// The name that other users see. White space at its ends is removed.
    #[schema(format = "display-name")]
    display_name: String,
}

/// The command without its locale, which is not part of the body.
impl Input for SignUpRequest {
    type Command = SignUp;

    fn read(self, refused: &mut Refusals) -> Result<SignUp, Refused> {
        let email = refused.value("email", Email::new(self.email));
        let password = refused.value("password", Password::new(self.password));
        let display_name = refused.value("display_name", DisplayName::new(self.display_name));
        let locale = Language::default().into();
        Ok(SignUp { email: email?, password: password?, display_name: display_name?, locale })
    }
}

/// Sign up
///
/// Creates an account. Sign in at `/api/v1/auth/token`. `Accept-Language` sets the `locale`, the language of mail.
#[utoipa::path(
    post, path = "/api/v1/auth/sign-up", tag = "auth",
    params(("Accept-Language" = Option<String>, Header, description = "The language of mail, `en` or `ko`; `PATCH /api/v1/me` changes it")),
    request_body = SignUpRequest,
    responses((
        status = 201, description = "The account", body = UserDto,
        headers(("Location" = String, description = "The URL of the account, for the signed-in user")),
    )),
)]
async fn sign_up(
    request: HttpRequest,
    accounts: Data<Accounts>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(sign_up): Json<SignUpRequest>,
) -> Result<HttpResponse, Problem> {
    let sign_up = SignUp { locale: Language::of_request(&request).into(), ..sign_up };
    let user = accounts.sign_up(sign_up, &device).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, "/api/v1/me")).json(UserDto::from(user)))
}
