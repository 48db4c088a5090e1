use memo_application::{SignedIn, secret_text};

use crate::prelude::*;

/// The grant of a user who has signed in; if a second factor is required, the problem that says so.
pub fn completed<T>(signed_in: SignedIn<T>) -> Result<T, Problem> {
    match signed_in {
        SignedIn::Done(grant) => Ok(grant),
        SignedIn::SecondFactorNeeded(token) => Err(Problem::mfa_required(secret_text(&token))),
    }
}
