//! Finds out who calls, once, before a handler asks.

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};
use memo_application::{Error as UseCaseError, Principal, SignIn, UnauthenticatedReason, read_secret};

use super::envelope::LoggedUser;
use crate::{
    HttpSettings, cookies,
    problem::{Code, Problem},
};

/// The answer to who calls; absent where nobody signed in.
pub struct SignedIn(pub Result<Principal, UseCaseError>);

/// Reads the credentials of a request. Whether they are needed is for the handler's [`Caller`](crate::extract::Caller)
/// to say, so an operation that needs none ignores bad ones.
pub async fn authenticate(
    sign_in: web::Data<SignIn>,
    settings: web::Data<HttpSettings>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut cookies = cookies::sessions(request.request(), &settings).into_iter();
    let (cookie, is_twice) = (cookies.next(), cookies.next().is_some());
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let header = headers.next().cloned();
    if is_twice || headers.next().is_some() || header.is_some() && cookie.is_some() {
        return Ok(request.error_response(Problem::new(Code::AmbiguousCredentials)));
    }
    let principal = if let Some(header) = header {
        Some(match bearer(header.to_str().unwrap_or_default()) {
            Some(token) => sign_in.authenticate(token).await,
            None => Err(UseCaseError::Unauthenticated(UnauthenticatedReason::Invalid)),
        })
    } else if let Some(cookie) = cookie {
        if let Err(problem) = cookies::check_same_site(request.request(), &settings) {
            return Ok(request.error_response(problem));
        }
        Some(match read_secret(&cookie) {
            Some(secret) => sign_in.authenticate_cookie(&secret).await,
            None => Err(UseCaseError::Unauthenticated(UnauthenticatedReason::SessionEnded)),
        })
    } else {
        None
    };
    if let Some(principal) = principal {
        if let Ok(principal) = &principal {
            request.extensions_mut().insert(LoggedUser(principal.user_id));
        }
        request.extensions_mut().insert(SignedIn(principal));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// The token of `Bearer <token>`; the scheme is compared without case (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' ')).filter(|token| !token.is_empty())
}
