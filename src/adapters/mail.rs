//! The mailer: the scheme of `mail.url` selects the adapter.

use std::sync::Arc;

use memo_domain::{Clock, Mailer};
use memo_mail::MailSettings;

use crate::{Settings, StartError, data_dir};

/// Returns the mailer that the settings name, by default one that writes files to the data folder.
///
/// # Errors
/// [`StartError`] if a setting is invalid. An unreachable server is no error.
pub fn mailer(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, StartError> {
    let url = if let Some(url) = &settings.mail.url {
        url.expose().to_owned()
    } else {
        data_dir::make(settings)?;
        format!("file:{}", settings.data_dir.join("mail").display())
    };
    #[cfg(not(feature = "smtp"))]
    if url.starts_with("smtp:") || url.starts_with("smtps:") {
        return Err(StartError::not_built_in("mail.url: SMTP", "smtp"));
    }
    let password = settings.mail.password.as_ref().map(|password| password.expose().to_owned());
    let mail = MailSettings { url, from: settings.mail.from.clone(), password };
    memo_mail::mailer(&mail, clock).map_err(StartError::setting)
}
