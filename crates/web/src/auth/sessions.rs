use memo_application::SignIn;
use memo_domain::SessionId;

use crate::{dto::SessionDto, prelude::*};

operations! {
    list_sessions => Policy::interactive().condition(Condition::IfNoneMatch);
    end_session => Policy::interactive().body(Body::Empty).problems(&[Code::SessionNotFound]);
    end_sessions => Policy::interactive().body(Body::Empty).no_store();
}

id_paths! {
    /// The `{id}` of a session in the path.
    SessionPath(SessionId) at "id" or SessionNotFound;
}

/// List sessions
///
/// The active sessions of the caller, the newest first.
#[utoipa::path(
    get, path = "/api/v1/auth/sessions", tag = "auth",
    responses((status = 200, description = "The active sessions", body = Items<SessionDto>)),
)]
async fn list_sessions(
    caller: Caller,
    request: HttpRequest,
    sign_in: Data<SignIn>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let sessions = sign_in.sessions(caller.user_id).await?.into_iter();
    let items: Items<_> = sessions.map(|session| SessionDto::new(session, caller.session_id())).collect();
    revalidated(&request, &items)
}

/// End a session
///
/// Its tokens become invalid.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions/{id}", tag = "auth",
    params(("id" = String, Path, description = "The id of the session", format = "uuid")),
    responses((status = 204, description = "The session has ended")),
)]
async fn end_session(
    caller: Caller,
    SessionPath(id): SessionPath,
    sign_in: Data<SignIn>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    sign_in.end_session(caller.user_id, id, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which sessions end.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct EndSessionsQuery {
    /// Whether to keep the current session.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false, default = false)]
    except_current: Option<bool>,
}

input_as_is!(EndSessionsQuery);

/// End all sessions
///
/// Including the current one, unless `except_current=true`. Without that parameter, the response removes the cookie and what
/// the browser has stored for this site.
#[utoipa::path(
    delete, path = "/api/v1/auth/sessions", tag = "auth",
    params(EndSessionsQuery),
    responses((status = 204, description = "The sessions have ended", headers(
        ("Set-Cookie" = String, description = "Removes the cookie; absent if `except_current=true`"),
        ("Clear-Site-Data" = String, description = "Removes what the browser has stored for this site; absent if `except_current=true`"),
    ))),
)]
async fn end_sessions(
    caller: Caller,
    sign_in: Data<SignIn>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    Query(query): Query<EndSessionsQuery>,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let except_current = query.except_current == Some(true);
    sign_in.end_all(&caller, except_current, &device).await?;
    Ok(if except_current { HttpResponse::NoContent().finish() } else { signed_out(&settings) })
}
