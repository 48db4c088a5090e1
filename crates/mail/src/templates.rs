//! The texts of mail, in English and Korean.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::{Locale, MailContent, MailMessage, MailRenderer, Reminder, Secret};

/// Renders mail whose links lead to the pages of this server.
pub struct MailTemplates {
    public_url: Arc<str>,
}

/// A part of a mail.
enum Paragraph {
    Text(&'static str),
    /// Text from a client.
    Quote(String),
    Link(String),
}

use Paragraph::{Link, Quote, Text};

impl MailTemplates {
    /// Templates for a server at this URL, which has no slash at the end.
    #[must_use]
    pub const fn new(public_url: Arc<str>) -> Self {
        Self { public_url }
    }

    fn page(&self, page: &str, token: &Secret) -> Paragraph {
        Link(format!("{}/{page}?token={}", self.public_url, URL_SAFE_NO_PAD.encode(token.expose())))
    }

    fn home(&self) -> Paragraph {
        Link(self.public_url.to_string())
    }

    #[expect(clippy::too_many_lines, reason = "a list of texts")]
    fn english(&self, message: &MailMessage) -> (&'static str, Vec<Paragraph>) {
        match message {
            MailMessage::VerifyEmail { token } => (
                "Confirm your e-mail address",
                vec![
                    Text(
                        "Please confirm that this is your e-mail address. The link works once and expires in 24 hours:",
                    ),
                    self.page("verify-email", token),
                    Text("If you did not request this, you can ignore this message."),
                ],
            ),
            MailMessage::ResetPassword { token } => (
                "Set a new password",
                vec![
                    Text("Use this link to set a new password. It works once and expires in one hour:"),
                    self.page("reset-password", token),
                    Text("If you did not request this, you can ignore this message: your password stays the same."),
                ],
            ),
            MailMessage::NewDevice { device, ip } => (
                "New device signed in to your account",
                vec![
                    Text("Someone signed in to your account from a device that has not been used before:"),
                    device_line(device.as_deref(), ip.as_deref()),
                    Text("If this was not you, change your password and sign out all other devices:"),
                    self.home(),
                ],
            ),
            MailMessage::PasswordChanged => (
                "Your password was changed",
                vec![
                    Text("The password of your account was changed. If you did not do this, reset your password now:"),
                    self.home(),
                ],
            ),
            MailMessage::EmailChanged => (
                "Your e-mail address was changed",
                vec![
                    Text(
                        "The e-mail address of your account was changed to another one. If you did not do this, contact \
                         the operator of this server:",
                    ),
                    self.home(),
                ],
            ),
            MailMessage::IdentityLinked { provider } => (
                "A social account was linked to your account",
                vec![
                    Text("From now on, an account at this provider can sign in to yours:"),
                    Quote(provider.clone()),
                    Text("If you did not do this, change your password and unlink all social accounts:"),
                    self.home(),
                ],
            ),
            MailMessage::IdentityUnlinked { provider } => (
                "A social account was unlinked from your account",
                vec![
                    Text("Your account at this provider can no longer sign in to yours:"),
                    Quote(provider.clone()),
                    Text("If you did not do this, change your password and sign out all other devices:"),
                    self.home(),
                ],
            ),
            MailMessage::ApiKeyCreated { name } => (
                "An API key was created for your account",
                vec![
                    Text("From now on, a program that has the key can use your account. The name of the key:"),
                    Quote(name.clone()),
                    Text(
                        "If you did not do this, remove the key, change your password and sign out all other devices:",
                    ),
                    self.home(),
                ],
            ),
            MailMessage::MfaEnabled => (
                "Two-step sign-in was turned on",
                vec![
                    Text("From now on, signing in to your account by password also requires a code."),
                    Text("If you did not do this, contact the operator of this server:"),
                    self.home(),
                ],
            ),
            MailMessage::MfaDisabled => (
                "Two-step sign-in was turned off",
                vec![
                    Text("From now on, your password alone is enough to sign in to your account."),
                    Text("If you did not do this, change your password and sign out all other devices:"),
                    self.home(),
                ],
            ),
            MailMessage::Reminder(reminder) => (
                "Reminder of a memo",
                self.reminder(
                    "You wanted to be reminded of this memo:",
                    reminder,
                    "This reminder is late: the server could not send it in time.",
                ),
            ),
            MailMessage::WebhookDisabled { webhook } => (
                "A webhook was disabled",
                vec![
                    Text("A webhook of your account was disabled, because its receiver does not accept messages:"),
                    Quote(webhook.clone()),
                    Text(
                        "Its last deliveries show the reason. If you enable it again, it continues after the last \
                         change that was sent:",
                    ),
                    self.home(),
                ],
            ),
        }
    }

    fn reminder(&self, intro: &'static str, reminder: &Reminder, late: &'static str) -> Vec<Paragraph> {
        let late = reminder.is_late.then_some(Text(late));
        let quoted = [reminder.title.as_str().to_owned(), reminder.local_time()].map(Quote);
        [Text(intro)].into_iter().chain(quoted).chain(late).chain([self.home()]).collect()
    }

    fn korean_reminder(&self, reminder: &Reminder) -> Vec<Paragraph> {
        let late = "서버가 제시간에 보내지 못해 늦게 도착한 알림입니다.";
        self.reminder("요청하신 메모의 알림입니다.", reminder, late)
    }

    #[expect(clippy::too_many_lines, reason = "a list of texts")]
    fn korean(&self, message: &MailMessage) -> (&'static str, Vec<Paragraph>) {
        match message {
            MailMessage::VerifyEmail { token } => (
                "이메일 주소를 확인해 주세요",
                vec![
                    Text(
                        "아래 링크를 눌러 이메일 주소를 확인해 주세요. 링크는 24시간 동안 한 번만 사용할 수 있습니다.",
                    ),
                    self.page("verify-email", token),
                    Text("직접 요청하지 않으셨다면 이 메일을 무시하셔도 됩니다."),
                ],
            ),
            MailMessage::ResetPassword { token } => (
                "비밀번호를 재설정해 주세요",
                vec![
                    Text(
                        "아래 링크에서 새 비밀번호를 설정할 수 있습니다. 링크는 1시간 동안 한 번만 사용할 수 있습니다.",
                    ),
                    self.page("reset-password", token),
                    Text("직접 요청하지 않으셨다면 이 메일을 무시하셔도 됩니다. 비밀번호는 바뀌지 않습니다."),
                ],
            ),
            MailMessage::NewDevice { device, ip } => (
                "새로운 기기에서 로그인했습니다",
                vec![
                    Text("이전에 사용한 적이 없는 기기에서 회원님의 계정에 로그인했습니다."),
                    device_line(device.as_deref(), ip.as_deref()),
                    Text("본인이 아니라면 비밀번호를 변경하고 다른 기기에서 모두 로그아웃해 주세요."),
                    self.home(),
                ],
            ),
            MailMessage::PasswordChanged => (
                "비밀번호가 변경되었습니다",
                vec![
                    Text(
                        "회원님 계정의 비밀번호가 변경되었습니다. 본인이 변경하지 않았다면 바로 비밀번호를 재설정해 \
                         주세요.",
                    ),
                    self.home(),
                ],
            ),
            MailMessage::EmailChanged => (
                "이메일 주소가 변경되었습니다",
                vec![
                    Text(
                        "회원님 계정의 이메일 주소가 다른 주소로 변경되었습니다. 본인이 변경하지 않았다면 서버 \
                         운영자에게 문의해 주세요.",
                    ),
                    self.home(),
                ],
            ),
            MailMessage::IdentityLinked { provider } => (
                "소셜 계정이 연결되었습니다",
                vec![
                    Text("이제 아래 제공자의 계정으로 회원님의 계정에 로그인할 수 있습니다."),
                    Quote(provider.clone()),
                    Text("본인이 연결하지 않았다면 비밀번호를 변경하고 모든 소셜 계정의 연결을 끊어 주세요."),
                    self.home(),
                ],
            ),
            MailMessage::IdentityUnlinked { provider } => (
                "소셜 계정의 연결이 해제되었습니다",
                vec![
                    Text("이제 아래 제공자의 계정으로는 회원님의 계정에 로그인할 수 없습니다."),
                    Quote(provider.clone()),
                    Text("본인이 해제하지 않았다면 비밀번호를 변경하고 다른 기기에서 모두 로그아웃해 주세요."),
                    self.home(),
                ],
            ),
            MailMessage::ApiKeyCreated { name } => (
                "API 키가 생성되었습니다",
                vec![
                    Text(
                        "이제 이 키를 가진 프로그램이 회원님의 계정을 사용할 수 있습니다. 키의 이름은 다음과 같습니다.",
                    ),
                    Quote(name.clone()),
                    Text(
                        "본인이 만들지 않았다면 키를 삭제하고, 비밀번호를 변경한 뒤 다른 기기에서 모두 로그아웃해 \
                         주세요.",
                    ),
                    self.home(),
                ],
            ),
            MailMessage::MfaEnabled => (
                "2단계 인증이 설정되었습니다",
                vec![
                    Text("이제 비밀번호로 로그인할 때 코드도 입력해야 합니다."),
                    Text("본인이 설정하지 않았다면 서버 운영자에게 문의해 주세요."),
                    self.home(),
                ],
            ),
            MailMessage::MfaDisabled => (
                "2단계 인증이 해제되었습니다",
                vec![
                    Text("이제 비밀번호만으로 회원님의 계정에 로그인할 수 있습니다."),
                    Text("본인이 해제하지 않았다면 비밀번호를 변경하고 다른 기기에서 모두 로그아웃해 주세요."),
                    self.home(),
                ],
            ),
            MailMessage::Reminder(reminder) => ("메모 알림", self.korean_reminder(reminder)),
            MailMessage::WebhookDisabled { webhook } => (
                "웹훅이 비활성화되었습니다",
                vec![
                    Text("수신 서버가 메시지를 받지 않아 회원님 계정의 웹훅을 비활성화했습니다."),
                    Quote(webhook.clone()),
                    Text(
                        "최근 전송 기록에서 이유를 확인할 수 있습니다. 다시 활성화하면 멈춘 곳부터 이어서 전송합니다.",
                    ),
                    self.home(),
                ],
            ),
        }
    }
}

fn device_line(device: Option<&str>, ip: Option<&str>) -> Paragraph {
    Quote([device, ip].into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

impl MailRenderer for MailTemplates {
    fn render(&self, message: &MailMessage, locale: Locale) -> MailContent {
        let (language, (subject, paragraphs)) = match locale {
            Locale::En => ("en", self.english(message)),
            Locale::Ko => ("ko", self.korean(message)),
        };
        let texts: Vec<_> = paragraphs.iter().map(Paragraph::text).collect();
        let paragraphs: String = paragraphs.iter().map(Paragraph::html).collect();
        MailContent {
            subject: subject.to_owned(),
            text: texts.join("\n\n") + "\n",
            html: format!(
                "<!doctype html><html lang=\"{language}\"><title>{}</title><body>{paragraphs}</body></html>",
                escape(subject)
            ),
        }
    }
}

impl Paragraph {
    fn text(&self) -> &str {
        match self {
            Text(text) => text,
            Quote(text) | Link(text) => text,
        }
    }

    fn html(&self) -> String {
        let text = escape(self.text());
        if matches!(self, Link(_)) { format!("<p><a href=\"{text}\">{text}</a></p>") } else { format!("<p>{text}</p>") }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates() -> MailTemplates {
        MailTemplates::new("https://memo.example".into())
    }

    #[test]
    fn a_link_leads_to_the_page_of_its_token() {
        let token = Secret::new([0xfb; 32]);
        let link = format!("https://memo.example/reset-password?token={}", URL_SAFE_NO_PAD.encode([0xfb; 32]));
        for locale in [Locale::En, Locale::Ko] {
            let mail = templates().render(&MailMessage::ResetPassword { token: token.clone() }, locale);
            assert!(mail.text.contains(&format!("\n\n{link}\n\n")), "{}", mail.text);
            assert!(mail.html.contains(&format!("<p><a href=\"{link}\">{link}</a></p>")), "{}", mail.html);
        }
    }

    #[test]
    fn the_html_document_names_its_language() {
        for (locale, language) in [(Locale::En, "en"), (Locale::Ko, "ko")] {
            let mail = templates().render(&MailMessage::PasswordChanged, locale);
            assert!(mail.html.starts_with(&format!("<!doctype html><html lang=\"{language}\">")), "{}", mail.html);
            assert_eq!(mail.text.is_ascii(), locale == Locale::En);
        }
    }

    #[test]
    fn an_unknown_device_is_described_by_its_address() {
        let message = MailMessage::NewDevice { device: None, ip: Some("192.0.2.1".into()) };
        assert!(templates().render(&message, Locale::En).text.contains("\n\n192.0.2.1\n\n"));
    }

    async fn renderer() -> Option<Arc<dyn MailRenderer>> {
        Some(Arc::new(templates()))
    }

    memo_conformance::mail_renderer_tests!(renderer);
}
