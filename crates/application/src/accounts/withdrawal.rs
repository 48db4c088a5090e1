//! Users remove their account.

use std::time::Duration;

use memo_domain::{Causes, Email, Job, JobId, JobKind, JobState, Sweep, TokenPurpose, User, UserId};

use super::{Accounts, AuditEntry, AuditKind, Device, Error, Principal, check_same_password, present};
use crate::{
    Ports, api_keys::remove_all as remove_api_keys, jobs::withdrawal, likes, roles::check_not_last,
    transaction::Transaction, webhooks::remove_all as remove_webhooks,
};

/// How long the response waits until no public memos and likes are left; after that the job removes them.
const PATIENCE: Duration = Duration::from_secs(10);

impl Accounts {
    /// Removes an account. It ends at once: its sessions, its ways to sign in and its address; its data is removed in steps,
    /// first what others can see.
    ///
    /// # Errors
    /// [`Error::PasswordWrong`], [`Error::RecentSignInRequired`], [`Error::TooManyAttempts`], or
    /// [`Error::LastAdministrator`] if no administrator would remain.
    pub async fn withdraw(&self, caller: &Principal, password: Option<&str>, device: &Device) -> Result<(), Error> {
        let proved = self.reauthentication.prove_for_withdrawal(caller, password, device).await?;
        let transactions = self.ports.transactions.on_behalf_of(caller.user_id);
        let withdrawn = transactions.write(async |tx| {
            let administrators = tx.users().lock_administrators().await?;
            // The lookup locks the user, so that no session begins that is not among those that end.
            let mut user = present(tx.users().lookup(caller.user_id).await?)?;
            proved.as_ref().map_or(Ok(()), |proved| check_same_password(proved, &user))?;
            let now = tx.now();
            let ended = tx.sessions().end_all(user.id, None, now).await?;
            let from = user.version;
            user.disable(now);
            check_not_last(&administrators, &user)?;
            close(tx, &mut user).await?;
            tx.users().update(&user, from).await?;
            insert_job(tx, &self.ports, user.id).await?;
            tx.end_sessions(ended);
            tx.log(AuditEntry::new(caller.user_id, AuditKind::Withdrawn, device));
            Ok(())
        });
        withdrawn.await
    }

    /// Removes the public memos and the likes of a user whose account has ended, so that no user sees them when the response is
    /// sent. A failure is only logged: the job removes them, too.
    pub async fn hide_memos(&self, user: UserId) {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let end = self.ports.now() + PATIENCE;
        while self.ports.now() < end {
            let swept = transactions.write(async |tx| {
                match withdrawal::sweep(tx, user, Sweep::PublicMemos, &*self.ports.clock).await? {
                    0 => likes::withdraw(tx, user).await,
                    swept => Ok(swept),
                }
            });
            match swept.await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %Causes(&error), "the job will remove the public memos");
                    return;
                }
            }
        }
    }
}

/// Ends all ways to sign in and what still waits for the user, and frees the address.
async fn close(tx: &mut Transaction, user: &mut User) -> Result<(), Error> {
    for identity in tx.identities().list_by_user(user.id).await? {
        tx.identities().remove(user.id, &identity.provider).await?;
    }
    for (purpose, _) in TokenPurpose::NAMES {
        tx.one_time_tokens().remove_all(user.id, purpose).await?;
    }
    tx.second_factors().remove(user.id).await?;
    remove_api_keys(tx, user.id).await?;
    remove_webhooks(tx, user.id).await?;
    for kind in [JobKind::MAIL, JobKind::RETAG, JobKind::WEBHOOK_DELIVERY] {
        for job in tx.jobs().list_waiting(user.id, &kind).await? {
            tx.jobs().remove(job.id).await?;
        }
    }
    let address = format!("withdrawn-{}@withdrawn.invalid", user.id);
    user.email = Email::new(address).map_err(|error| Error::Internal { source: error.to_string().into() })?;
    user.email_verified = false;
    user.password_hash = None;
    user.touch(tx.now());
    Ok(())
}

async fn insert_job(tx: &mut Transaction, ports: &Ports, user: UserId) -> Result<(), Error> {
    let now = tx.now();
    let job = Job {
        id: JobId::new(ports.id(now)),
        owner: None,
        kind: JobKind::WITHDRAWAL,
        label: "withdrawal".to_owned(),
        payload: withdrawal::seal(&*ports.sealer, user).map_err(|source| Error::Internal { source })?,
        state: JobState::Waiting,
        attempts: 0,
        begun: 0,
        run_at: now,
        created_at: now,
        error: None,
    };
    tx.jobs().insert(&job).await?;
    tx.wake_jobs();
    Ok(())
}
