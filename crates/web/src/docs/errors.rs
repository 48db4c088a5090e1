//! `/docs/errors`: every code, from the one place that defines them.

use std::fmt::Write;

use actix_web::{HttpRequest, HttpResponse, get, http::header};

use super::page as html;
use crate::{
    language::Language,
    problem::{Code, FIELD_CODES},
};

/// In the language of `Accept-Language`.
#[get("/docs/errors")]
pub async fn error_codes(request: HttpRequest) -> HttpResponse {
    let language = Language::of_request(&request);
    let mut answer = html(&request, render(language));
    answer.headers_mut().insert(header::VARY, header::HeaderValue::from_static("Accept-Language"));
    answer
}

fn render(language: Language) -> String {
    let (title, intro, fields, fields_intro) = match language {
        Language::En => (
            "Error codes",
            "Each error is a problem document (RFC 9457). Its <code>code</code> never changes its meaning.",
            "Codes of single members",
            "An answer with status 422 says in <code>errors</code> what to correct, one entry a member; a batch that fails says there which operation failed.",
        ),
        Language::Ko => (
            "오류 코드",
            "모든 오류는 문제 문서(RFC 9457)입니다. <code>code</code>의 뜻은 바뀌지 않습니다.",
            "항목별 코드",
            "422 응답의 <code>errors</code>에는 고칠 내용이 항목마다 하나씩 있습니다. 일괄 작업이 실패하면 어느 작업이 실패했는지도 여기에 있습니다.",
        ),
    };
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>memo: {title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/errors.css\">\n\
         <link rel=\"icon\" type=\"image/png\" href=\"/docs/favicon-32x32.png\">\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>{intro}</p>\n<table>\n",
        language.tag()
    );
    for info in Code::ALL.iter().map(|code| code.info()) {
        let detail = language.of(info.detail).replace("{0}", "…");
        row(&mut page, info.code, info.code, &format!("{} {}", info.status.as_u16(), language.of(info.title)), &detail);
    }
    let _ = write!(page, "</table>\n<h2>{fields}</h2>\n<p>{fields_intro}</p>\n<table>\n");
    for (code, text) in FIELD_CODES {
        let detail = language.of(*text).replace("{0}", "…");
        row(&mut page, &format!("errors-{code}"), code, "", &detail);
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

/// None of these texts has a character that HTML would read otherwise.
fn row(page: &mut String, id: &str, code: &str, title: &str, detail: &str) {
    let _ = writeln!(page, "<tr id=\"{id}\"><td><code>{code}</code></td><td>{title}</td><td>{detail}</td></tr>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_in_both_languages() {
        for language in [Language::En, Language::Ko] {
            let page = render(language);
            for info in Code::ALL.iter().map(|code| code.info()) {
                assert!(page.contains(&format!("id=\"{}\"", info.code)), "{}", info.code);
                assert!(!language.of(info.detail).contains(['<', '>', '&']), "{}", info.code);
            }
        }
    }
}
