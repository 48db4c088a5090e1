//! Mail in a folder, one file each: for development, and for servers that forward it themselves.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{Clock, JobId, Mail, MailError, Mailer, Timestamp};
use tokio::task::spawn_blocking;

use super::{
    MailSettingsError,
    message::{Composer, Way},
};

/// How long a mail is kept: its links have expired, and its user may have left.
const RETENTION: Duration = Duration::from_hours(7 * 24);

/// Writes each mail to a file named by its id: the names sort by time, and a mail that is sent again replaces itself. Only the
/// folder's owner can read it, as mail contains tokens.
pub struct FileMailer {
    folder: PathBuf,
    composer: Composer,
    clock: Arc<dyn Clock>,
}

impl FileMailer {
    /// Writes mail to this folder, which is created if it is missing.
    ///
    /// # Errors
    /// [`MailSettingsError::From`] or [`MailSettingsError::Folder`].
    pub fn new(folder: PathBuf, from: &str, clock: Arc<dyn Clock>) -> Result<Self, MailSettingsError> {
        let composer = Composer::new(from, clock.clone())?;
        match make(&folder) {
            Ok(()) => Ok(Self { folder, composer, clock }),
            Err(source) => Err(MailSettingsError::Folder { path: folder, source }),
        }
    }

    async fn run(&self, job: impl FnOnce(&Path) -> io::Result<()> + Send + 'static) -> Result<(), MailError> {
        let folder = self.folder.clone();
        let done = spawn_blocking(move || job(&folder)).await;
        // A full or absent disk may come back: no error here is the mail's own fault.
        done.map_err(io::Error::other).flatten().map_err(|source| MailError::Temporary { source: source.into() })
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.composer.compose(mail, Way::EightBit)?.formatted();
        let id = mail.id.to_string();
        self.run(move |folder| write(folder, &format!("{id}.eml"), &message)).await
    }

    async fn check(&self) -> Result<(), MailError> {
        self.run(|folder| {
            make(folder)?;
            let probe = draft(folder, "check");
            open(&probe)?;
            fs::remove_file(probe)
        })
        .await
    }

    async fn clean_up(&self) -> Result<(), MailError> {
        let now = self.clock.now();
        self.run(move |folder| remove_old(folder, now)).await
    }
}

/// Returns the folder that a URL names after `file:`, relative to the working directory unless it begins with a slash.
pub fn folder(text: &str) -> Result<PathBuf, MailSettingsError> {
    let path = match text.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(MailSettingsError::Url("file:// needs a third slash")),
        None => text,
    };
    if path.is_empty() { Err(MailSettingsError::Url("no folder")) } else { Ok(path.into()) }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns the path of a temporary file, which does not count as a mail.
fn draft(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{name}.{}.new", std::process::id()))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Writes a file, whole or not at all, and returns when it would survive a power cut.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    make(folder)?;
    let draft = draft(folder, name);
    let write = || {
        let mut file = open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, folder.join(name))
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Removes mail older than [`RETENTION`], by the time in its id. Other files are kept.
fn remove_old(folder: &Path, now: Timestamp) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".eml"));
        let Some(written) = name.and_then(|name| JobId::parse(name).ok()).and_then(time_of) else { continue };
        if written + RETENTION < now {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn time_of(id: JobId) -> Option<Timestamp> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    Some(Timestamp::from_micros(i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1_000)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::tests::{clock, mail};

    fn mailer(folder: &Path) -> FileMailer {
        FileMailer::new(folder.to_owned(), "Memo <memo@example.org>", clock()).expect("a mailer")
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").file_name());
        let mut names: Vec<_> = files.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn a_mail_is_a_file_that_only_its_owner_can_read() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("data/mail");
        mailer(&folder).send(&mail()).await.expect("sent");
        assert_eq!(names(&folder), ["0198c0de-7f00-7000-8000-00000000000a.eml"]);
        let file = folder.join(&names(&folder)[0]);
        assert_eq!((mode(&folder), mode(folder.parent().expect("one")), mode(&file)), (0o700, 0o700, 0o600));
        let text = fs::read_to_string(file).expect("the file");
        assert!(
            text.contains("To: alice@example.com\r\n") && text.contains("https://memo.example/verify?token=abc\r\n")
        );
    }

    #[tokio::test]
    async fn names_sort_by_time_and_a_mail_sent_again_replaces_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = mailer(folder.path());
        let later = JobId::parse("0198c0de-7f01-7000-8000-000000000001").expect("an id");
        mailer.send(&Mail { id: later, ..mail() }).await.expect("sent");
        mailer.send(&mail()).await.expect("sent");
        mailer.send(&Mail { subject: "Again".into(), ..mail() }).await.expect("sent");
        let names = names(folder.path());
        assert_eq!(names, [format!("{}.eml", mail().id), format!("{later}.eml")]);
        assert!(fs::read_to_string(folder.path().join(&names[0])).expect("the file").contains("Subject: Again\r\n"));
    }

    #[tokio::test]
    async fn a_missing_folder_is_created_again_and_an_error_of_it_is_temporary() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("mail");
        let mailer = mailer(&folder);
        fs::remove_dir(&folder).expect("removed");
        mailer.check().await.expect("it can be written to");
        assert!(names(&folder).is_empty(), "a check leaves nothing");
        fs::remove_dir(&folder).expect("removed");
        mailer.send(&mail()).await.expect("sent");
        fs::remove_dir_all(&folder).expect("removed");
        fs::write(&folder, "in the way").expect("written");
        assert!(matches!(mailer.send(&mail()).await, Err(MailError::Temporary { .. })));
        assert!(matches!(mailer.check().await, Err(MailError::Temporary { .. })));
    }

    #[tokio::test]
    async fn old_mail_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let mailer = mailer(folder.path());
        // The clock shows 2026-01-31; these ids are of the 23rd and the 26th.
        let [old, new] = ["019be", "019bf"].map(|start| format!("{start}c00-0000-7000-8000-000000000001"));
        for id in [&old, &new] {
            let id = JobId::parse(id).expect("an id");
            mailer.send(&Mail { id, ..mail() }).await.expect("sent");
        }
        fs::write(folder.path().join("note.eml"), "of the operator").expect("written");
        mailer.clean_up().await.expect("cleaned up");
        assert_eq!(names(folder.path()), [format!("{new}.eml"), "note.eml".to_owned()]);
    }

    #[tokio::test]
    async fn an_injected_header_is_refused_permanently() {
        let folder = tempfile::tempdir().expect("a folder");
        let forged = Mail { subject: "a\r\nBcc: eve@example.com".into(), ..mail() };
        assert!(matches!(mailer(folder.path()).send(&forged).await, Err(MailError::Permanent { .. })));
        assert!(names(folder.path()).is_empty());
    }
}
