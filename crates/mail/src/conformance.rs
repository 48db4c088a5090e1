//! The mailers in the suite of their port.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use memo_conformance::{TestMailer, TestNotifier};
use memo_domain::{Email, Mailer, Notifier, Recipient};
use memo_memory::CapturedMail;
use tempfile::TempDir;

use crate::{
    FileMailer, MailNotifier, MailSettings, MailTemplates, SmtpMailer,
    smtp::tests::{Act, Server},
    tests::clock,
};

const FROM: &str = "Memo <memo@example.org>";

struct Files {
    root: TempDir,
    mailer: Arc<dyn Mailer>,
}

impl Files {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let mailer = FileMailer::new(root.path().join("mail"), FROM, clock()).expect("a mailer");
        Self { root, mailer: Arc::new(mailer) }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

#[async_trait]
impl TestMailer for Files {
    fn mailer(&self) -> Arc<dyn Mailer> {
        self.mailer.clone()
    }

    async fn delivered(&self) -> Vec<String> {
        let folder = [self.folder("moved"), self.folder("mail")].into_iter().find(|folder| folder.is_dir());
        let files = fs::read_dir(folder.expect("a folder")).expect("a folder");
        files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("UTF-8")).collect()
    }

    async fn fail(&self) {
        fs::rename(self.folder("mail"), self.folder("moved")).expect("moved");
        fs::write(self.folder("mail"), "not a folder").expect("written");
    }

    async fn hang(&self) -> bool {
        false
    }
}

mod file {
    use super::{Files, TestMailer};

    async fn mailer() -> Option<Box<dyn TestMailer>> {
        Some(Box::new(Files::new()))
    }

    memo_conformance::mailer_tests!(mailer);
}

struct Smtp {
    port: u16,
    server: Arc<Server>,
    is_hanging: AtomicBool,
}

#[async_trait]
impl TestMailer for Smtp {
    fn mailer(&self) -> Arc<dyn Mailer> {
        let settings =
            MailSettings { url: format!("smtp://127.0.0.1:{}", self.port), from: FROM.into(), password: None };
        let mailer = SmtpMailer::new(&settings, clock()).expect("a mailer");
        let is_hanging = self.is_hanging.load(Ordering::Relaxed);
        Arc::new(if is_hanging { mailer.within(Duration::from_millis(300)) } else { mailer })
    }

    async fn delivered(&self) -> Vec<String> {
        let (mut messages, mut message) = (Vec::new(), None::<String>);
        for line in self.server.heard() {
            message = match message {
                None => (line == "DATA").then(String::new),
                Some(message) if line == "." => {
                    messages.push(message);
                    None
                }
                Some(message) => Some(message + &line + "\r\n"),
            };
        }
        messages
    }

    async fn fail(&self) {
        self.server.act(&[("RCPT", Act::Say("451 4.3.0 busy"))]);
    }

    async fn hang(&self) -> bool {
        self.server.act(&[("greeting", Act::Hang)]);
        self.is_hanging.store(true, Ordering::Relaxed);
        true
    }
}

mod smtp {
    use super::{Arc, AtomicBool, Server, Smtp, TestMailer};

    async fn mailer() -> Option<Box<dyn TestMailer>> {
        let (port, server): (u16, Arc<Server>) = Server::new(&[], &[]).start().await;
        Some(Box::new(Smtp { port, server, is_hanging: AtomicBool::new(false) }))
    }

    memo_conformance::mailer_tests!(mailer);
}

struct Notified(Arc<CapturedMail>);

#[async_trait]
impl TestNotifier for Notified {
    fn notifier(&self) -> Arc<dyn Notifier> {
        let templates = MailTemplates::new("https://memo.example".into());
        Arc::new(MailNotifier::new(Arc::new(templates), self.0.clone()))
    }

    fn recipient(&self) -> Recipient {
        Recipient::Email(Email::new("alice@example.com").expect("an address"))
    }

    async fn delivered(&self) -> Vec<String> {
        self.0.sent().into_iter().map(|mail| mail.text).collect()
    }

    async fn fail(&self) {
        self.0.fail_temporarily(usize::MAX);
    }

    async fn hang(&self) -> bool {
        // The mailer has a time limit of its own.
        false
    }
}

mod notifier {
    use super::{Arc, CapturedMail, Notified, TestNotifier};

    async fn notifier() -> Option<Box<dyn TestNotifier>> {
        Some(Box::new(Notified(Arc::new(CapturedMail::new()))))
    }

    memo_conformance::notifier_tests!(notifier);
}
