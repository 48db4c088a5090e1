//! Whether the caller of a request that takes long is still signed in.

use std::{net::IpAddr, time::Duration};

use actix_web::{HttpRequest, web::Data};
use memo_application::{Credential, Error, Principal, SignIn, UnauthenticatedReason};
use tokio::time::{Instant, timeout_at};

use crate::{
    context::RequestContext,
    extractor::from_head,
    problem::{Code, Problem},
};

/// How often the store is asked: events of other nodes may be lost, and a session that ended on another node must end here
/// within 5 s.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(4);

/// The caller of a request, who was signed in when it began.
pub struct SignedIn {
    sign_in: Data<SignIn>,
    caller: Principal,
    /// The address of the client.
    client: Option<IpAddr>,
    next_check: Instant,
}

from_head!(SignedIn: |request| SignedIn::of(request).ok_or_else(|| Problem::new(Code::InternalError)));

impl SignedIn {
    fn of(request: &HttpRequest) -> Option<Self> {
        let (caller, client) = RequestContext::read(request, |context| (context.caller, context.client))?;
        let next_check = Instant::now() + CHECK_INTERVAL;
        Some(Self { sign_in: request.app_data().cloned()?, caller: caller?, client, next_check })
    }

    /// Asks the store now.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the session or the API key has ended; those of the store.
    pub async fn check(&mut self) -> Result<(), Error> {
        if !self.sign_in.is_current(&self.caller, self.client).await? {
            return Err(Error::Unauthenticated(match self.caller.credential {
                Credential::AccessToken { .. } | Credential::Cookie { .. } => UnauthenticatedReason::SessionEnded,
                Credential::ApiKey { .. } => UnauthenticatedReason::ApiKeyInvalid,
            }));
        }
        self.next_check = Instant::now() + CHECK_INTERVAL;
        Ok(())
    }

    /// Asks the store if it was not asked for a while.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub async fn check_if_due(&mut self) -> Result<(), Error> {
        if Instant::now() < self.next_check { Ok(()) } else { self.check().await }
    }

    /// Waits for work, and asks the store in the meantime.
    ///
    /// # Errors
    /// Those of [`check`](Self::check), and of the work.
    pub async fn during<T, E: From<Error>>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        tokio::pin!(work);
        loop {
            match timeout_at(self.next_check, &mut work).await {
                Ok(result) => return result,
                Err(_) => self.check().await?,
            }
        }
    }
}
