//! How mail goes out: the scheme of `mail.url` says.

use std::sync::Arc;

use memo_domain::{Clock, Mailer};

use crate::{Settings, StartError, data_dir, ports::unusable};

/// The way that the settings name: files in the data folder where they name none.
///
/// # Errors
/// [`StartError`] where a setting can't be right; a server that is away is no error yet.
pub fn mailer(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, StartError> {
    let url = if let Some(url) = &settings.mail.url {
        url.expose().to_owned()
    } else {
        data_dir::make(settings)?;
        format!("file:{}", settings.data_dir.join("mail").display())
    };
    let password = settings.mail.password.as_ref().map(|password| password.expose().to_owned());
    let mail = memo_mail::MailSettings { url, from: settings.mail.from.clone(), password };
    memo_mail::mailer(&mail, clock).map_err(|error| unusable(format!("settings: {error}")))
}
