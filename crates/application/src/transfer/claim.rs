//! Of each user, one import runs at a time, on all nodes: the row of a job whose lease the import prolongs.

use std::{sync::Arc, time::Duration};

use memo_domain::{Causes, Job, JobId, JobKind, JobState, Sealed, Timestamp, UserId};

use super::Transfer;
use crate::{Error, Ports, accounts::present};

/// How long an import that is not prolonged keeps others waiting: the node has crashed.
const LEASE: Duration = Duration::from_mins(2);
/// How long after its last renewal a claim is prolonged.
pub const RENEWED_AFTER: Duration = Duration::from_secs(30);

/// The right to import. It ends when it is dropped.
pub struct ImportClaim {
    ports: Arc<Ports>,
    job: Job,
    renewed_at: Timestamp,
    is_released: bool,
}

impl Transfer {
    /// Claims the right to import.
    ///
    /// # Errors
    /// [`Error::ImportRunning`], or [`Error::Unauthenticated`] if the user is gone.
    pub async fn claim_import(&self, user: UserId) -> Result<ImportClaim, Error> {
        let now = self.ports.now();
        let job = Job {
            id: JobId::new(self.ports.id(now)),
            owner: Some(user),
            kind: JobKind::IMPORT,
            label: "import".to_owned(),
            payload: Sealed::new(Vec::new()),
            state: JobState::Waiting,
            attempts: 0,
            begun: 0,
            run_at: now + LEASE,
            created_at: now,
            error: None,
        };
        let transactions = self.ports.transactions.on_behalf_of(user);
        let claimed = transactions.write(async |tx| {
            // Locks the user: of two imports that begin at the same time, one finds the other.
            present(tx.users().lookup(user).await?)?;
            for other in tx.jobs().list_waiting(user, &JobKind::IMPORT).await? {
                if other.run_at > tx.now() {
                    return Err(Error::ImportRunning);
                }
                tx.jobs().remove(other.id).await?;
            }
            Ok(tx.jobs().insert(&job).await?)
        });
        claimed.await?;
        Ok(ImportClaim { ports: self.ports.clone(), job, renewed_at: now, is_released: false })
    }
}

impl ImportClaim {
    /// Prolongs the claim, if it is time to.
    ///
    /// # Errors
    /// [`Error::ImportRunning`] if it was not prolonged in time, and another import has begun.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let now = self.ports.now();
        if now.since(self.renewed_at) >= RENEWED_AFTER {
            let (job, prolonged) = (&self.job, Job { run_at: now + LEASE, ..self.job.clone() });
            let renewed = self.ports.transactions.write(async |tx| {
                // After a failed commit that took effect all the same, it is prolonged already.
                if !tx.jobs().holds(job).await? && !tx.jobs().holds(&prolonged).await? {
                    return Err(Error::ImportRunning);
                }
                Ok(tx.jobs().update(&prolonged).await?)
            });
            renewed.await?;
            (self.job, self.renewed_at) = (prolonged, now);
        }
        Ok(())
    }
}

impl ImportClaim {
    /// Ends the claim, so that the user's next import may begin when this returns. A failure is only logged: the claim then
    /// ends with its lease.
    pub async fn release(mut self) {
        self.is_released = true;
        let id = self.job.id;
        let removed = self.ports.transactions.write(async |tx| Ok(tx.jobs().remove(id).await?));
        if let Err(error) = removed.await {
            tracing::warn!(error = %Causes(&error), "an import ends only with its lease");
        }
    }
}

/// A client that is gone must not wait for the end of the lease.
impl Drop for ImportClaim {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        let (transactions, id) = (self.ports.transactions.clone(), self.job.id);
        self.ports.background.run(Box::pin(async move {
            let removed = transactions.write_boxed(id, |tx, id| Box::pin(async { Ok(tx.jobs().remove(*id).await?) }));
            if let Err(error) = removed.await {
                tracing::warn!(error = %Causes(&error), "an import ends only with its lease");
            }
        }));
    }
}
