//! Mail: templates, and mailers: a folder of files, or an SMTP server.

mod file;
mod message;
mod notifier;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;

use std::{fmt, io, path::PathBuf, sync::Arc};

use memo_domain::{Clock, Mailer};
use thiserror::Error;

pub use file::FileMailer;
pub use notifier::MailNotifier;
#[cfg(feature = "smtp")]
pub use smtp::SmtpMailer;
pub use templates::MailTemplates;

/// The settings of a mailer.
#[derive(Clone)]
pub struct MailSettings {
    /// `file:folder` or `file:///folder`, `smtp://host:port` or `smtps://host:port`; it may contain user and password.
    pub url: String,
    /// The sender: `memo@example.org` or `Memo <memo@example.org>`.
    pub from: String,
    /// The password of the URL's user. It overrides one in the URL.
    pub password: Option<String>,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may contain a password.
        f.debug_struct("MailSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// A setting of mail is invalid. The text is one line without the password.
#[derive(Debug, Error)]
pub enum MailSettingsError {
    /// The URL is invalid.
    #[error(
        "mail.url must be a folder such as file:mail or file:///var/lib/memo/mail, or a server such as \
         smtp://user:password@mail.example.org:587 or smtps://mail.example.org: {0}"
    )]
    Url(&'static str),
    /// The sender is not an address.
    #[error("mail.from must be a sender such as memo@example.org or Memo <memo@example.org>")]
    From,
    /// A user without a password, or a password without a user.
    #[error("mail.url must contain a user if there is a password, in it or in mail.password, and the other way round")]
    Credentials,
    /// The folder can't be created or written to.
    #[error("mail can't be written to the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Returns the mailer that the scheme of the URL selects.
///
/// # Errors
/// [`MailSettingsError`] if a setting is invalid. An unreachable server is no error.
pub fn mailer(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, MailSettingsError> {
    match settings.url.split_once(':') {
        Some(("file", _)) if settings.password.is_some() => Err(MailSettingsError::Credentials),
        Some(("file", folder)) => Ok(Arc::new(FileMailer::new(file::folder(folder)?, &settings.from, clock)?)),
        #[cfg(feature = "smtp")]
        Some(("smtp" | "smtps", _)) => Ok(Arc::new(SmtpMailer::new(settings, clock)?)),
        _ => Err(MailSettingsError::Url("unknown scheme")),
    }
}

#[cfg(all(test, feature = "smtp"))]
mod conformance;

#[cfg(test)]
mod tests {
    use memo_domain::{Email, JobId, Mail, Timestamp};
    use memo_memory::FixedClock;

    use super::*;

    pub fn clock() -> Arc<dyn Clock> {
        Arc::new(FixedClock::at(Timestamp::parse("2026-01-31T09:00:00.123456Z").expect("a time")))
    }

    pub fn mail() -> Mail {
        Mail {
            id: JobId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("an id"),
            to: Email::new("alice@example.com").expect("an address"),
            subject: "Confirm your address".into(),
            text: "Hello,\n\nhttps://memo.example/verify?token=abc\n.\n".into(),
            html: "<p>Hello</p>\n".into(),
        }
    }

    #[cfg(feature = "smtp")]
    fn settings(url: &str, from: &str, password: Option<&str>) -> MailSettings {
        MailSettings { url: url.into(), from: from.into(), password: password.map(Into::into) }
    }

    #[cfg(feature = "smtp")]
    #[tokio::test]
    async fn the_scheme_selects_the_mailer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        for url in [format!("file:{path}"), format!("file://{path}")] {
            let mailer = mailer(&settings(&url, "memo@localhost", None), clock()).expect("a mailer");
            mailer.send(&mail()).await.expect("sent");
        }
        for url in ["smtp://localhost", "smtps://mail.example.org", "smtp://[::1]:25", "smtp://u:p@127.0.0.1:2525/"] {
            assert!(mailer(&settings(url, "Memo <memo@example.org>", None), clock()).is_ok(), "{url}");
        }
        assert!(
            mailer(&settings("smtps://u%40x@mail.example.org", "메모 <memo@example.org>", Some("p")), clock()).is_ok()
        );
    }

    #[cfg(feature = "smtp")]
    #[test]
    fn an_invalid_setting_is_reported_in_one_line_without_the_password() {
        for (url, from, password, said) in [
            ("", "memo@localhost", None, "scheme"),
            ("mail.example.org:25", "memo@localhost", None, "scheme"),
            ("http://u:hunter2@mail.example.org", "memo@localhost", None, "scheme"),
            ("smtp:", "memo@localhost", None, "host"),
            ("smtp://", "memo@localhost", None, "host"),
            ("smtp://u:hunter2@:25", "memo@localhost", None, "malformed"),
            ("smtp://u:hunter2@h:99999", "memo@localhost", None, "malformed"),
            ("smtp://u:hunter2@h:0", "memo@localhost", None, "port"),
            ("smtp://u:hunter2@h/inbox", "memo@localhost", None, "path"),
            ("smtp://u:hunter2@h?tls=no", "memo@localhost", None, "tls"),
            ("smtps://u:hunter2@h?tls=required", "memo@localhost", None, "tls"),
            ("smtp://u:hunter2@h?password=1", "memo@localhost", None, "tls"),
            ("smtp://u:%0d%0aQUIT@h", "memo@localhost", None, "control"),
            ("smtp://h", "memo@localhost", Some("hunter2"), "mail.password"),
            ("smtp://u@h", "memo@localhost", None, "mail.password"),
            ("file:mail", "memo@localhost", Some("hunter2"), "mail.password"),
            ("file:", "memo@localhost", None, "folder"),
            ("file://server/folder", "memo@localhost", None, "slash"),
            ("smtp://h", "memo", None, "sender"),
            ("smtp://h", "", None, "sender"),
            ("smtp://h", "Memo <memo@example.org>\r\nBcc: x@example.org", None, "sender"),
            ("smtp://h", "\"Memo\r\nBcc: x@example.org\" <memo@example.org>", None, "sender"),
        ] {
            let settings = settings(url, from, password);
            let error = mailer(&settings, clock()).err().expect("refused").to_string();
            assert!(error.contains(said) && !error.contains("hunter2") && error.lines().count() == 1, "{url}: {error}");
            assert!(!format!("{settings:?}").contains("hunter2"));
        }
        let error =
            mailer(&settings("file:/proc/nowhere/mail", "memo@localhost", None), clock()).err().expect("refused");
        assert!(error.to_string().contains("/proc/nowhere/mail"), "{error}");
    }
}
