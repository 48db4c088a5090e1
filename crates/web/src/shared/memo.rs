use actix_web::http::header::{self, ACCEPT, HeaderMap, HeaderName, HeaderValue, VARY};
use memo_application::{Error, Resource, Shares, read_secret};
use memo_domain::{Locale, MemoView, Secret};
use percent_encoding::percent_decode;

use super::SharePages;
use crate::{extractor::from_head, language::Language, prelude::*, weights::weighted};

const READ: Policy = Policy::open().no_store().problems(&[
    Code::ShareNotFound,
    Code::SharePasswordRequired,
    Code::StoreUnavailable,
    Code::Overloaded,
]);

operations! {
    get_shared => READ;
    open_shared => READ.body(Body::Form).size(Size::AtMost(8 << 10)).problems(&[
        Code::ShareNotFound,
        Code::SharePasswordRequired,
        Code::StoreUnavailable,
        Code::Overloaded,
        // Of the query: unknown parameters of a form are ignored.
        Code::ValidationFailed,
    ]);
}

const PASSWORD: HeaderName = HeaderName::from_static("x-share-password");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const HTML: &str = "text/html; charset=utf-8";

/// The `{token}` of a share in the path; `None` if it is malformed, and so one of no share.
struct Token(Option<Secret>);

from_head!(Token: |request| Ok(Self(read_secret(request.match_info().query("token")))));

/// The password in the header, percent-encoded as in a URL, since a header has no other form for all characters. What is
/// malformed is a wrong password.
struct PasswordHeader(Option<String>);

from_head!(PasswordHeader: |request| {
    let value = request.headers().get(PASSWORD);
    Ok(Self(value.map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy().into_owned())))
});

/// A memo as those see it who have the link of a share.
#[derive(Serialize, ToSchema)]
#[schema(as = SharedMemo, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000b",
    "title": "주간회의록",
    "content": "# 안건\n\n- 배포 일정\n",
    "tags": ["work"],
    "owner": {"display_name": "Alice"},
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
struct SharedMemoDto {
    /// The id.
    #[schema(format = "uuid")]
    id: String,
    /// The title.
    #[schema(format = "title")]
    title: String,
    /// The text, in Markdown.
    #[schema(format = "content")]
    content: String,
    /// The tags, in the order given.
    #[schema(format = "tags")]
    tags: Vec<String>,
    #[schema(inline)]
    owner: AuthorDto,
    /// When it was created.
    #[schema(format = "date-time")]
    created_at: String,
    /// When it last changed.
    #[schema(format = "date-time")]
    updated_at: String,
}

/// Who wrote the memo.
#[derive(Serialize, ToSchema)]
#[schema(as = Author)]
struct AuthorDto {
    /// The name that others see.
    display_name: String,
}

impl From<MemoView> for SharedMemoDto {
    fn from(MemoView { memo, owner_name, .. }: MemoView) -> Self {
        Self {
            id: memo.id.to_string(),
            title: memo.state.title.into_string(),
            content: memo.state.content.into_string(),
            tags: memo.state.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            owner: AuthorDto { display_name: owner_name.as_str().to_owned() },
            created_at: memo.created_at.to_string(),
            updated_at: memo.updated_at.to_string(),
        }
    }
}

/// The form of the page that asks for the password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form, whose parameter is read by name")]
#[schema(example = json!({"password": "correct horse"}))]
struct PasswordForm {
    /// The password of the share.
    #[schema(value_type = String, format = Password)]
    password: String,
}

/// Read a shared memo
///
/// For anyone who has the link: JSON, or a page if `Accept` prefers `text/html`. The response is the same 404 for a link that
/// never existed, has expired or was revoked, and for a memo in the trash.
#[utoipa::path(
    get, path = "/api/v1/shared/{token}", tag = "memos",
    params(
        ("token" = String, Path, description = "The token of the share"),
        ("X-Share-Password" = Option<String>, Header, description = "The password of the share, percent-encoded UTF-8", pattern = "^[!-~]+$"),
    ),
    responses(
        (status = 200, description = "The memo", content((SharedMemoDto = "application/json"), (String = "text/html"))),
        (status = 401, description = "The share needs its password, or it is another one", body = String, content_type = "text/html",
            headers(("WWW-Authenticate" = String, description = "`SharePassword`"))),
        (status = 404, description = "There is no such share", body = String, content_type = "text/html"),
    ),
)]
async fn get_shared(
    request: HttpRequest,
    shares: Data<Shares>,
    pages: Data<dyn SharePages>,
    Token(token): Token,
    PasswordHeader(password): PasswordHeader,
    FromDevice(device): FromDevice,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let read = match token {
        Some(token) => shares.read(&token, password.as_deref(), !IsHead::of(&request), &device).await,
        None => Err(Error::NotFound(Resource::Share)),
    };
    respond(&request, &shares, &**pages, read).await
}

/// Read a shared memo by the form
///
/// What the page that asks for a password sends.
#[utoipa::path(
    post, path = "/api/v1/shared/{token}", tag = "memos",
    params(("token" = String, Path, description = "The token of the share")),
    request_body(content = PasswordForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The memo", content((SharedMemoDto = "application/json"), (String = "text/html"))),
        (status = 401, description = "The share needs its password, or it is another one", body = String, content_type = "text/html",
            headers(("WWW-Authenticate" = String, description = "`SharePassword`"))),
        (status = 404, description = "There is no such share", body = String, content_type = "text/html"),
    ),
)]
async fn open_shared(
    request: HttpRequest,
    shares: Data<Shares>,
    pages: Data<dyn SharePages>,
    Token(token): Token,
    FromDevice(device): FromDevice,
    _: NoQuery,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let password = form.get("password")?;
    let read = match token {
        Some(token) => shares.read(&token, password, true, &device).await,
        None => Err(Error::NotFound(Resource::Share)),
    };
    respond(&request, &shares, &**pages, read).await
}

async fn respond(
    request: &HttpRequest,
    shares: &Shares,
    pages: &dyn SharePages,
    read: Result<MemoView, Error>,
) -> Result<HttpResponse, Problem> {
    let is_page = prefers_html(request.headers());
    let locale = Locale::from(Language::of_request(request));
    let page = |status, html| {
        let mut response = HttpResponse::build(status);
        response.content_type(HTML).insert_header((VARY, "Accept-Language"));
        response.insert_header((header::CONTENT_SECURITY_POLICY, pages.content_security_policy()));
        response.insert_header((header::X_FRAME_OPTIONS, "DENY")).body(html)
    };
    let mut response = match read {
        Ok(view) if is_page => {
            let html = shares.html(view.memo.owner_id, &view.memo.state.content).await?;
            page(StatusCode::OK, pages.memo(&view, &html, locale))
        }
        Ok(view) => HttpResponse::Ok().json(SharedMemoDto::from(view)),
        Err(Error::NotFound(Resource::Share)) if is_page => page(StatusCode::NOT_FOUND, pages.missing(locale)),
        Err(Error::SharePasswordRequired { is_wrong }) if is_page => {
            let html = pages.password(request.path(), is_wrong, locale);
            let mut response = page(StatusCode::UNAUTHORIZED, html);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(Problem::SHARE_CHALLENGE));
            response
        }
        Err(error) => return Err(Problem::from(error).with_header(VARY, "Accept").with_header(ROBOTS, "noindex")),
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    response.headers_mut().insert(ROBOTS, HeaderValue::from_static("noindex"));
    Ok(response)
}

/// Whether `Accept` (RFC 9110, section 12.5.1) prefers HTML. If it prefers neither, JSON is sent, unless HTML alone is named.
fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = ((0.0_f32, false), (0.0_f32, false));
    for (name, weight) in headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(weighted) {
        let (name, quality) = (name.to_ascii_lowercase(), weight.unwrap_or(1.0));
        let (names_html, names_json) = (name == "text/html", name == "application/json");
        // A name counts, whatever a wildcard says.
        if names_html || !html.1 && (name == "text/*" || name == "*/*") {
            html = (if html.1 { quality.max(html.0) } else { quality }, names_html);
        }
        if names_json || !json.1 && (name == "application/*" || name == "*/*") {
            json = (if json.1 { quality.max(json.0) } else { quality }, names_json);
        }
    }
    html.0 > json.0 || html.0 > 0.0 && html.0 >= json.0 && html.1 && !json.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_is_sent_if_html_is_preferred() {
        for (accept, expected) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("TEXT/HTML; charset=utf-8", true),
            ("text/*", true),
            ("text/html, */*", true),
            ("*/*, text/html", true),
            ("application/json;q=0.5, text/html;q=0.6", true),
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("text/html, application/json", false),
            ("application/json, text/html;q=0.9", false),
            ("text/html;q=0, */*", false),
            ("application/xhtml+xml", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_html(&headers), expected, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
