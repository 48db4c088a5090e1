//! The mails that members get, in their language, and the way into the outbox.

use memo_domain::{Email, Job, JobId, JobKind, JobState, Locale, Mail, Sealed, Secret, Source, User};

use crate::{Error, Ports, secret_text, transaction::Transaction};

/// What sealed mail is bound to.
const CONTEXT: &str = "mail";

/// Why somebody gets a mail.
pub enum Letter<'a> {
    /// To prove that the address is theirs.
    Verify(&'a Secret),
    /// To set a new password.
    Reset(&'a Secret),
    /// Somebody signed in from something new.
    NewDevice { device: Option<&'a str>, ip: Option<&'a str> },
    /// Their password is another one now.
    PasswordChanged,
    /// Their address was taken away for another; to the old one.
    EmailChanged,
}

impl Letter<'_> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify_email",
            Self::Reset(_) => "reset_password",
            Self::NewDevice { .. } => "new_device",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
        }
    }

    /// Subject and lines; the link stands by itself in one of them.
    fn text(&self, locale: Locale, url: &str) -> (String, Vec<String>) {
        let lines =
            |subject: &str, lines: &[&str]| (subject.to_owned(), lines.iter().map(|&line| line.into()).collect());
        match (self, locale) {
            (Self::Verify(secret), Locale::En) => lines(
                "Confirm your e-mail address",
                &[
                    "Please confirm that this address is yours. The link works once, for 24 hours:",
                    &format!("{url}/verify-email?token={}", secret_text(secret)),
                    "If you did not ask for this, do nothing.",
                ],
            ),
            (Self::Verify(secret), Locale::Ko) => lines(
                "이메일 주소를 확인해 주세요",
                &[
                    "이 주소가 본인의 것임을 확인해 주세요. 링크는 24시간 동안 한 번만 쓸 수 있습니다:",
                    &format!("{url}/verify-email?token={}", secret_text(secret)),
                    "요청하신 적이 없다면 아무것도 하지 않으셔도 됩니다.",
                ],
            ),
            (Self::Reset(secret), Locale::En) => lines(
                "Set a new password",
                &[
                    "You can set a new password here. The link works once, for an hour:",
                    &format!("{url}/reset-password?token={}", secret_text(secret)),
                    "If you did not ask for this, do nothing: your password stays as it is.",
                ],
            ),
            (Self::Reset(secret), Locale::Ko) => lines(
                "새 비밀번호를 정하세요",
                &[
                    "아래 링크에서 새 비밀번호를 정할 수 있습니다. 링크는 한 시간 동안 한 번만 쓸 수 있습니다:",
                    &format!("{url}/reset-password?token={}", secret_text(secret)),
                    "요청하신 적이 없다면 아무것도 하지 않으셔도 됩니다. 비밀번호는 그대로입니다.",
                ],
            ),
            (Self::NewDevice { device, ip }, Locale::En) => lines(
                "A new sign-in to your account",
                &[
                    "Somebody signed in to your account from something that it was not used from before:",
                    &described(*device, *ip),
                    "If it was not you, change your password and end all other sign-ins:",
                    url,
                ],
            ),
            (Self::NewDevice { device, ip }, Locale::Ko) => lines(
                "새로운 기기에서 로그인했습니다",
                &[
                    "지금까지 쓰지 않던 기기에서 계정에 로그인했습니다:",
                    &described(*device, *ip),
                    "본인이 아니라면 비밀번호를 바꾸고 다른 로그인을 모두 끝내세요:",
                    url,
                ],
            ),
            (Self::PasswordChanged, Locale::En) => lines(
                "Your password was changed",
                &["The password of your account was changed. If it was not you, set a new one:", url],
            ),
            (Self::PasswordChanged, Locale::Ko) => lines(
                "비밀번호가 바뀌었습니다",
                &["계정의 비밀번호가 바뀌었습니다. 본인이 아니라면 새 비밀번호를 정하세요:", url],
            ),
            (Self::EmailChanged, Locale::En) => lines(
                "Your e-mail address was changed",
                &[
                    "Your account has another e-mail address now. If it was not you, write to who runs this server:",
                    url,
                ],
            ),
            (Self::EmailChanged, Locale::Ko) => lines(
                "이메일 주소가 바뀌었습니다",
                &["계정의 이메일 주소가 다른 주소로 바뀌었습니다. 본인이 아니라면 서버 운영자에게 알리세요:", url],
            ),
        }
    }
}

fn described(device: Option<&str>, ip: Option<&str>) -> String {
    [device, ip].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Puts a mail to a member into the outbox, in the same unit of work.
pub async fn enqueue(tx: &mut Transaction, ports: &Ports, user: &User, letter: Letter<'_>) -> Result<(), Error> {
    enqueue_to(tx, ports, user, &user.email, letter).await
}

/// As [`enqueue`], to another address than the one they have now.
pub async fn enqueue_to(
    tx: &mut Transaction,
    ports: &Ports,
    user: &User,
    to: &Email,
    letter: Letter<'_>,
) -> Result<(), Error> {
    let now = ports.now();
    let (subject, lines) = letter.text(user.locale, &ports.public_url);
    let text = lines.join("\n\n") + "\n";
    let content = [to.as_str(), &subject, &text, &html(user.locale, &subject, &lines, &ports.public_url)].join("\0");
    let job = Job {
        id: JobId::new(ports.id(now)),
        owner: Some(user.id),
        kind: JobKind::MAIL,
        label: letter.kind().to_owned(),
        payload: ports.sealer.seal(CONTEXT, content.as_bytes()).map_err(|source| Error::Internal { source })?,
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

/// The mail of an entry of the outbox.
pub fn unseal(ports: &Ports, id: JobId, content: &Sealed) -> Result<Mail, Source> {
    let content = String::from_utf8(ports.sealer.open(CONTEXT, content)?)?;
    let mut content = content.split('\0').map(str::to_owned);
    let mut next = || content.next().ok_or("a mail lacks a part");
    let (to, subject, text, html) = (next()?, next()?, next()?, next()?);
    Ok(Mail { id, to: Email::new(to).map_err(|error| error.to_string())?, subject, text, html })
}

/// What leads to this server is a link; nothing else is, such as what a device calls itself.
fn html(locale: Locale, subject: &str, lines: &[String], url: &str) -> String {
    let lang = match locale {
        Locale::En => "en",
        Locale::Ko => "ko",
    };
    let mut html = format!("<!doctype html><html lang=\"{lang}\"><title>{}</title><body>", escaped(subject));
    for line in lines {
        let is_link = line.strip_prefix(url).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let line = escaped(line);
        let line = if is_link { format!("<a href=\"{line}\">{line}</a>") } else { line };
        html.extend(["<p>", &line, "</p>"]);
    }
    html + "</body></html>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
