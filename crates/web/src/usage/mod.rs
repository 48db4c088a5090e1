//! `/usage`: a page with a chart of the user's usage, for a browser with a session. Its script reads the figures from the API.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, VARY},
    web::to,
};

use crate::{
    language::{Language, Text},
    policy::Policy,
    respond::{file, page},
    routing::Operations,
};

static POLICY: Policy = Policy::open();

const PAGE: &str = include_str!("usage.html");

/// The texts of the page, by their names there. The script has its own.
const TEXTS: [(&str, Text); 19] = [
    ("usage", Text { en: "Usage", ko: "사용량" }),
    ("sign-in", Text { en: "Sign in", ko: "로그인" }),
    ("sign-in-hint", Text { en: "Sign in to see your usage.", ko: "사용량을 보려면 로그인하세요." }),
    ("email", Text { en: "E-mail address", ko: "이메일 주소" }),
    ("password", Text { en: "Password", ko: "비밀번호" }),
    ("code", Text { en: "Code of the second factor", ko: "2단계 인증 코드" }),
    ("sign-out", Text { en: "Sign out", ko: "로그아웃" }),
    ("period", Text { en: "Period", ko: "기간" }),
    ("days-7", Text { en: "7 days", ko: "7일" }),
    ("days-30", Text { en: "30 days", ko: "30일" }),
    ("days-90", Text { en: "90 days", ko: "90일" }),
    ("days-365", Text { en: "1 year", ko: "1년" }),
    ("table", Text { en: "Table", ko: "표" }),
    ("by-day", Text { en: "By day", ko: "날짜별" }),
    ("by-operation", Text { en: "By operation", ko: "작업별" }),
    ("by-api-key", Text { en: "By API key", ko: "API 키별" }),
    (
        "utc",
        Text {
            en: "Days are in UTC. Latencies are those of the server.",
            ko: "날짜는 UTC 기준이며, 응답 시간은 서버에서 잰 값입니다.",
        },
    ),
    ("start", Text { en: "Start page", ko: "시작 페이지" }),
    ("script", Text { en: "This page needs JavaScript.", ko: "이 페이지에는 JavaScript가 필요합니다." }),
];

/// The page and its files.
pub fn operations() -> Operations {
    Operations::pages(&POLICY, [("/usage", || to(usage)), ("/usage.css", || to(style)), ("/usage.js", || to(script))])
}

async fn usage(request: HttpRequest) -> HttpResponse {
    let mut response = page(&request, html(Language::of_request(&request)));
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Language"));
    response
}

async fn style(request: HttpRequest) -> HttpResponse {
    file(&request, "text/css; charset=utf-8", include_str!("usage.css").into())
}

async fn script(request: HttpRequest) -> HttpResponse {
    file(&request, "text/javascript; charset=utf-8", include_str!("usage.js").into())
}

fn html(language: Language) -> String {
    let page = PAGE.replace("{lang}", language.tag());
    TEXTS.iter().fold(page, |page, (name, text)| page.replace(&format!("{{{name}}}"), language.of(*text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_used_and_every_place_has_one() {
        for (name, text) in TEXTS {
            assert!(PAGE.contains(&format!("{{{name}}}")), "{name}");
            assert!(!text.en.contains(['<', '&', '"', '{']) && !text.ko.contains(['<', '&', '"', '{']), "{name}");
        }
        for language in [Language::En, Language::Ko] {
            assert!(!html(language).contains(['{', '}']), "{}", html(language));
        }
    }
}
