use memo_application::{Enrolment, SecondFactorState, SecondFactors};

use crate::prelude::*;

operations! {
    get_mfa => Policy::interactive().condition(Condition::IfNoneMatch);
    begin_totp => Policy::interactive().body(Body::Empty).no_store()
        .problems(&[Code::ProofRequired, Code::EmailNotVerified, Code::MfaEnabled]);
    confirm_totp => Policy::interactive().body(Body::Json).no_store()
        .problems(&[Code::OtpWrong, Code::MfaNotBegun, Code::MfaEnabled]);
    remove_totp => Policy::interactive().body(Body::Json).no_store()
        .problems(&[Code::PasswordWrong, Code::RecentSignInRequired, Code::Overloaded]);
}

/// The second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = Mfa, example = json!({"totp": true, "recovery_codes_left": 10}))]
struct MfaDto {
    /// Whether signing in by password requires a code (TOTP, RFC 6238).
    totp: bool,
    /// The number of unused recovery codes.
    #[schema(minimum = 0, maximum = 10)]
    recovery_codes_left: u64,
}

impl From<SecondFactorState> for MfaDto {
    fn from(state: SecondFactorState) -> Self {
        Self { totp: state.enabled, recovery_codes_left: state.recovery_codes_left }
    }
}

/// Read the second factor
///
/// Whether it is enabled, and how many recovery codes are left.
#[utoipa::path(
    get, path = "/api/v1/me/mfa", tag = "account",
    responses((status = 200, description = "The second factor", body = MfaDto)),
)]
async fn get_mfa(
    caller: Caller,
    request: HttpRequest,
    factors: Data<SecondFactors>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let state = factors.state(caller.user_id).await?;
    revalidated(&request, &MfaDto::from(state))
}

/// What an authenticator needs. Shown only once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"secret": "JBSWY3DPEHPK3PXP", "otpauth_uri": "otpauth://totp/memo:alice%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=memo"}))]
struct TotpEnrolment {
    /// The secret in base32, to type.
    #[schema(pattern = "^[A-Z2-7]+$")]
    secret: String,
    /// The secret as a URI, for a QR code.
    #[schema(format = "uri")]
    otpauth_uri: String,
}

impl From<Enrolment> for TotpEnrolment {
    fn from(enrolment: Enrolment) -> Self {
        Self { secret: enrolment.secret, otpauth_uri: enrolment.uri }
    }
}

/// Set up a second factor
///
/// Returns what an authenticator needs (TOTP, RFC 6238). A first code has to confirm it. The e-mail address must be verified, and
/// the sign-in at most 10 minutes old (or proved again by `POST /api/v1/auth/session/proof`).
#[utoipa::path(
    post, path = "/api/v1/me/mfa/totp", tag = "account",
    responses((status = 200, description = "What the authenticator needs", body = TotpEnrolment)),
)]
async fn begin_totp(
    caller: Caller,
    factors: Data<SecondFactors>,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let enrolment = factors.begin(&caller).await?;
    Ok(HttpResponse::Ok().json(TotpEnrolment::from(enrolment)))
}

/// A code of the authenticator.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "123456"}))]
struct TotpConfirmation {
    /// The current code.
    #[garde(custom(proof))]
    #[schema(format = "proof")]
    code: String,
}

input_as_is!(TotpConfirmation);

/// Recovery codes, in case the authenticator is lost. Each is valid once. Shown only once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"recovery_codes": ["abcd-efgh-ijkl-mnop-qrst-uvwx"]}))]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Confirm the second factor
///
/// From now on, signing in by password requires a code. Returns ten recovery codes, each valid once.
#[utoipa::path(
    post, path = "/api/v1/me/mfa/totp/confirm", tag = "account",
    request_body = TotpConfirmation,
    responses((status = 200, description = "The recovery codes", body = RecoveryCodes)),
)]
async fn confirm_totp(
    caller: Caller,
    factors: Data<SecondFactors>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(body): Json<TotpConfirmation>,
) -> Result<HttpResponse, Problem> {
    let recovery_codes = factors.confirm(caller.user_id, &body.code, &device).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodes { recovery_codes }))
}

/// A proof that the caller owns the account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery"}))]
struct MfaRemovalRequest {
    /// The current password. Not needed within 10 minutes after signing in with a social account, if there is no password;
    /// null means none.
    #[garde(inner(custom(proof)))]
    #[schema(format = "current-password")]
    current_password: Option<String>,
}

input_as_is!(MfaRemovalRequest);

/// Remove the second factor
///
/// And its recovery codes.
#[utoipa::path(
    delete, path = "/api/v1/me/mfa/totp", tag = "account",
    request_body = MfaRemovalRequest,
    responses((status = 204, description = "The second factor is removed")),
)]
async fn remove_totp(
    caller: Caller,
    factors: Data<SecondFactors>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(body): Json<MfaRemovalRequest>,
) -> Result<HttpResponse, Problem> {
    factors.remove(&caller, body.current_password.as_deref(), &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
