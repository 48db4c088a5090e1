use std::sync::Arc;

use async_trait::async_trait;
use memo_domain::{Job, JobKind, MailError, Mailer};

use super::{JobError, JobHandler};
use crate::{Ports, mails};

/// Sends mail.
pub struct MailHandler {
    ports: Arc<Ports>,
    mailer: Arc<dyn Mailer>,
}

impl MailHandler {
    /// Sends by this mailer.
    #[must_use]
    pub fn new(ports: Arc<Ports>, mailer: Arc<dyn Mailer>) -> Self {
        Self { ports, mailer }
    }
}

#[async_trait]
impl JobHandler for MailHandler {
    fn kind(&self) -> JobKind {
        JobKind::MAIL
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let mail = mails::unseal(&self.ports, job.id, &job.payload).map_err(JobError::Permanent)?;
        self.mailer.send(&mail).await.map_err(|error| match error {
            MailError::Temporary { source } => JobError::Temporary(source),
            MailError::Permanent { source } => JobError::Permanent(source),
        })
    }
}
