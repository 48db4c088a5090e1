//! `/docs/errors`: all codes, generated from their definitions.

use std::fmt::Write;

use actix_web::{HttpRequest, HttpResponse, http::header};

use crate::{
    language::Language,
    problem::{Code, FieldCode},
    respond::page,
};

/// The page, in the language of `Accept-Language`.
pub async fn error_codes(request: HttpRequest) -> HttpResponse {
    let language = Language::of_request(&request);
    let mut response = page(&request, render(language));
    response.headers_mut().insert(header::VARY, header::HeaderValue::from_static("Accept-Language"));
    response
}

fn render(language: Language) -> String {
    let (title, intro, fields, fields_intro) = match language {
        Language::En => (
            "Error codes",
            "Errors are problem documents (RFC 9457). The meaning of a <code>code</code> never changes.",
            "Codes of single fields",
            "With status 422, <code>errors</code> lists what to correct, one entry per field or parameter. If a batch fails, it tells which operation failed.",
        ),
        Language::Ko => (
            "오류 코드",
            "모든 오류는 문제 문서(RFC 9457)입니다. <code>code</code>의 뜻은 바뀌지 않습니다.",
            "항목별 코드",
            "422 응답의 <code>errors</code>에는 고칠 내용이 항목마다 하나씩 있습니다. 일괄 작업이 실패하면 어느 작업이 실패했는지도 여기에 나옵니다.",
        ),
    };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>memo: {title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/errors.css\">\n\
         <link rel=\"icon\" type=\"image/png\" href=\"/docs/favicon-32x32.png\">\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>{intro}</p>\n<table>\n",
        language.tag()
    );
    for info in Code::ALL.iter().map(|code| code.info()) {
        let detail = language.of(info.detail).replace("{0}", "…");
        row(&mut html, info.code, info.code, &format!("{} {}", info.status.as_u16(), language.of(info.title)), &detail);
    }
    let _ = write!(html, "</table>\n<h2>{fields}</h2>\n<p>{fields_intro}</p>\n<table>\n");
    for code in FieldCode::ALL {
        let detail = language.of(code.detail()).replace("{0}", "…");
        row(&mut html, &format!("errors-{}", code.name()), code.name(), "", &detail);
    }
    html.push_str("</table>\n</body>\n</html>\n");
    html
}

/// None of these texts needs escaping, which a test checks.
fn row(html: &mut String, id: &str, code: &str, title: &str, detail: &str) {
    let _ = writeln!(html, "<tr id=\"{id}\"><td><code>{code}</code></td><td>{title}</td><td>{detail}</td></tr>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_codes_are_listed_in_both_languages() {
        for language in [Language::En, Language::Ko] {
            let page = render(language);
            for info in Code::ALL.iter().map(|code| code.info()) {
                assert!(page.contains(&format!("id=\"{}\"", info.code)), "{}", info.code);
                assert!(!language.of(info.detail).contains(['<', '>', '&']), "{}", info.code);
            }
        }
    }
}
