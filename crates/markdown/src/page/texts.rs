//! The texts of pages, in English and Korean.

use memo_domain::Locale;

pub struct Texts {
    /// The value of `lang`, as in BCP 47.
    pub lang: &'static str,
    pub updated: &'static str,
    pub password_title: &'static str,
    pub password_hint: &'static str,
    pub password: &'static str,
    pub password_wrong: &'static str,
    pub open: &'static str,
    pub missing_title: &'static str,
    pub missing_hint: &'static str,
}

const ENGLISH: Texts = Texts {
    lang: "en",
    updated: "Updated",
    password_title: "This memo is protected",
    password_hint: "Enter the password that you received with the link.",
    password: "Password",
    password_wrong: "The password is wrong. Please try again.",
    open: "Open",
    missing_title: "Memo not found",
    missing_hint: "The link is incomplete, has expired, or was revoked. Please ask the person who sent it for a new one.",
};

const KOREAN: Texts = Texts {
    lang: "ko",
    updated: "수정",
    password_title: "비밀번호로 보호된 메모입니다",
    password_hint: "링크와 함께 받은 비밀번호를 입력해 주세요.",
    password: "비밀번호",
    password_wrong: "비밀번호가 맞지 않습니다. 다시 입력해 주세요.",
    open: "열기",
    missing_title: "메모를 찾을 수 없습니다",
    missing_hint: "링크가 잘못되었거나 만료되었거나 공유가 취소되었습니다. 링크를 보낸 분에게 새 링크를 요청해 주세요.",
};

pub const fn texts(locale: Locale) -> &'static Texts {
    match locale {
        Locale::En => &ENGLISH,
        Locale::Ko => &KOREAN,
    }
}
