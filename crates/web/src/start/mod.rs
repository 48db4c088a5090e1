//! `/`: a page for a browser that was pointed at the server, and a few fields for a program.

mod accept;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT, HeaderValue, VARY},
    web::{Data, to},
};
use serde::Serialize;

use crate::{
    language::Language,
    policy::Policy,
    problem::Problem,
    respond::{page, revalidated},
    routing::Operations,
    settings::HttpSettings,
};
use accept::prefers_html;

static POLICY: Policy = Policy::open();

/// The commands of the README's first session, which begin by setting `URL`.
const SESSION: &str = include_str!("session.sh");

/// The page.
pub fn operations() -> Operations {
    Operations::pages(&POLICY, [("/", || to(start))])
}

/// What a program gets.
#[derive(Serialize)]
struct Server {
    name: &'static str,
    version: &'static str,
    docs: String,
    openapi: String,
}

async fn start(request: HttpRequest, settings: Data<HttpSettings>) -> Result<HttpResponse, Problem> {
    let url = &settings.public_url;
    let mut response = if prefers_html(request.headers().get(ACCEPT)) {
        page(&request, html(Language::of_request(&request), url))
    } else {
        let server = Server {
            name: "memo",
            version: env!("CARGO_PKG_VERSION"),
            docs: format!("{url}/docs"),
            openapi: format!("{url}/openapi.json"),
        };
        revalidated(&request, &server)?
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Language"));
    Ok(response)
}

fn html(language: Language, url: &str) -> String {
    let (intro, docs, errors, openapi, usage, session, commands) = match language {
        Language::En => (
            "This is a server for memos, with a REST API.",
            "the explorer describes every operation; sign in there and try it",
            "every error code",
            "the OpenAPI document",
            "a chart of your own requests",
            "A first session",
            "In a terminal with <code>curl</code> and <code>jq</code>:",
        ),
        Language::Ko => (
            "REST API를 제공하는 메모 서버입니다.",
            "모든 작업을 설명하는 탐색기입니다. 로그인해서 직접 실행해 볼 수 있습니다",
            "모든 오류 코드",
            "OpenAPI 문서",
            "내 요청을 보여 주는 차트",
            "처음 써 보기",
            "<code>curl</code>과 <code>jq</code>가 있는 터미널에서:",
        ),
    };
    let (tag, version) = (language.tag(), env!("CARGO_PKG_VERSION"));
    let example = escaped(&format!("URL={url}\n\n{SESSION}"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>memo</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/errors.css\">\n\
         <link rel=\"icon\" type=\"image/png\" href=\"/docs/favicon-32x32.png\">\n</head>\n<body>\n\
         <h1>memo {version}</h1>\n<p>{intro}</p>\n<ul>\n\
         <li><a href=\"/docs\">/docs</a>: {docs}</li>\n\
         <li><a href=\"/docs/errors\">/docs/errors</a>: {errors}</li>\n\
         <li><a href=\"/openapi.json\">/openapi.json</a>: {openapi}</li>\n\
         <li><a href=\"/usage\">/usage</a>: {usage}</li>\n</ul>\n\
         <h2>{session}</h2>\n<p>{commands}</p>\n<pre>{example}</pre>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_is_that_of_the_readme() {
        let readme = include_str!("../../../../README.md");
        assert!(readme.contains(&format!("URL=http://127.0.0.1:8080\n\n{SESSION}")));
    }

    #[test]
    fn texts_are_escaped() {
        let page = html(Language::En, "http://a&\"<b>");
        assert!(page.contains("URL=http://a&amp;&quot;&lt;b&gt;\n"), "{page}");
    }
}
