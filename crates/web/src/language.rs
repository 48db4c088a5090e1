//! The languages of the texts for people.

use actix_web::{
    HttpRequest,
    http::header::{ACCEPT_LANGUAGE, HeaderValue},
};
use memo_domain::Locale;

use crate::weights::weighted;

/// A text in every language of the API.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// English, the default.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
}

/// A language of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// The language that `Accept-Language` (RFC 9110, section 12.5.4) prefers; English if it names neither.
    pub fn preferred(header: Option<&HeaderValue>) -> Self {
        let Some(header) = header.and_then(|value| value.to_str().ok()) else { return Self::En };
        let (mut en, mut ko) = (0.0_f32, 0.0_f32);
        for (tag, weight) in weighted(header) {
            let quality = weight.unwrap_or(1.0);
            let primary = tag.split('-').next().unwrap_or_default();
            if primary.eq_ignore_ascii_case("ko") {
                ko = ko.max(quality);
            } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
                en = en.max(quality);
            }
        }
        if ko > en || (ko > 0.0 && position(header, "ko") < position(header, "en")) && ko >= en {
            Self::Ko
        } else {
            Self::En
        }
    }

    /// The language that a request prefers.
    pub fn of_request(request: &HttpRequest) -> Self {
        Self::preferred(request.headers().get(ACCEPT_LANGUAGE))
    }

    /// The language tag, for `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// A text in this language.
    pub const fn of(self, text: Text) -> &'static str {
        match self {
            Self::En => text.en,
            Self::Ko => text.ko,
        }
    }
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Ko => Self::Ko,
        }
    }
}

fn position(header: &str, tag: &str) -> usize {
    header.to_ascii_lowercase().find(tag).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferred_language_is_chosen() {
        for (header, language) in [
            ("", Language::En),
            ("ko", Language::Ko),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Ko),
            ("en-US,en;q=0.9,ko;q=0.8", Language::En),
            ("ko,en", Language::Ko),
            ("en,ko", Language::En),
            ("fr", Language::En),
            ("fr, ko;q=0.1", Language::Ko),
            ("ko;q=0", Language::En),
            ("en;Q=0.1, ko", Language::Ko),
            (";;q=,,ko;q=x", Language::Ko),
        ] {
            let value = HeaderValue::from_static(header);
            assert_eq!(Language::preferred(Some(&value)), language, "{header}");
        }
        assert_eq!(Language::preferred(None), Language::En);
    }
}
