//! Mail: its texts, and the ways it is sent: into a folder, or to an SMTP server.

mod file;
mod message;
#[cfg(feature = "smtp")]
mod smtp;
mod templates;

use std::{fmt, io, path::PathBuf, sync::Arc};

use memo_domain::{Clock, Mailer};
use thiserror::Error;

pub use file::FileMailer;
#[cfg(feature = "smtp")]
pub use smtp::SmtpMailer;
pub use templates::MailTemplates;

/// Where mail goes, and who it is from.
#[derive(Clone)]
pub struct MailSettings {
    /// `file:folder` or `file:///folder`, `smtp://host:port` or `smtps://host:port`; user and password may be in it.
    pub url: String,
    /// `memo@example.org`, or `Memo <memo@example.org>`.
    pub from: String,
    /// The password of the URL's user, where it is not in the URL. It comes before one that is.
    pub password: Option<String>,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("MailSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// What is wrong with the settings of mail. A line that names the setting, and never the password.
#[derive(Debug, Error)]
pub enum MailSettingsError {
    /// The URL has another form.
    #[error(
        "the URL of mail is none of a folder, as in file:mail or file:///var/lib/memo/mail, and none of a server, as in \
         smtp://user:password@mail.example.org:587 or smtps://mail.example.org: {0}"
    )]
    Url(&'static str),
    /// The sender is no address.
    #[error("the sender of mail is no address, as in memo@example.org or Memo <memo@example.org>")]
    From,
    /// There is a password, and nobody whose it is; or the other way round.
    #[error("mail needs both a user, in its URL, and a password, there or in a setting of its own; or neither")]
    Credentials,
    /// The folder can't be made or written to.
    #[error("mail can't be written to the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What sends mail, by the scheme of the URL.
///
/// # Errors
/// [`MailSettingsError`] where a setting can't be right; a server that is away is no error yet.
pub fn mailer(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, MailSettingsError> {
    match settings.url.split_once(':') {
        Some(("file", folder)) => Ok(Arc::new(FileMailer::new(file::folder(folder)?, &settings.from, clock)?)),
        #[cfg(feature = "smtp")]
        Some(("smtp" | "smtps", _)) => Ok(Arc::new(SmtpMailer::new(settings, clock)?)),
        _ => Err(MailSettingsError::Url("its scheme is another one")),
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
    async fn the_scheme_says_where_mail_goes() {
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
    fn what_is_wrong_is_said_in_a_line_without_the_password() {
        for (url, from, password, said) in [
            ("", "memo@localhost", None, "scheme"),
            ("mail.example.org:25", "memo@localhost", None, "scheme"),
            ("http://u:hunter2@mail.example.org", "memo@localhost", None, "scheme"),
            ("smtp:", "memo@localhost", None, "host"),
            ("smtp://", "memo@localhost", None, "host"),
            ("smtp://u:hunter2@:25", "memo@localhost", None, "none of"),
            ("smtp://u:hunter2@h:99999", "memo@localhost", None, "none of"),
            ("smtp://u:hunter2@h:0", "memo@localhost", None, "port"),
            ("smtp://u:hunter2@h/inbox", "memo@localhost", None, "path"),
            ("smtp://u:hunter2@h?tls=no", "memo@localhost", None, "tls"),
            ("smtps://u:hunter2@h?tls=required", "memo@localhost", None, "tls"),
            ("smtp://u:hunter2@h?password=1", "memo@localhost", None, "tls"),
            ("smtp://u:%0d%0aQUIT@h", "memo@localhost", None, "control"),
            ("smtp://h", "memo@localhost", Some("hunter2"), "neither"),
            ("smtp://u@h", "memo@localhost", None, "neither"),
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
