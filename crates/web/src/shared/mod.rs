//! `/api/v1/shared/{token}`: a memo for anyone who has the link, as JSON or as a page.

mod memo;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, to},
};
use memo_domain::{Locale, MemoView};

use crate::{policy::Policy, respond::file, routing::Operations};

static POLICY: Policy = Policy::open();

/// Renders the pages of shares.
pub trait SharePages: Send + Sync {
    /// The page of a memo, whose content is given as HTML that is safe in a page.
    fn memo(&self, view: &MemoView, html: &str, locale: Locale) -> String;

    /// The page that asks for a password; its form sends the field `password` to `action`.
    fn password(&self, action: &str, is_wrong: bool, locale: Locale) -> String;

    /// The page of a share that does not exist, or not any more.
    fn missing(&self, locale: Locale) -> String;

    /// The style sheet, which the pages expect at `/shared/style.css`.
    fn style(&self) -> &'static str;

    /// The value of `Content-Security-Policy` that the pages need.
    fn content_security_policy(&self) -> &'static str;
}

/// The operations, and the style sheet of the pages.
pub fn operations() -> Operations {
    Operations::all([memo::operations(), Operations::pages(&POLICY, [("/shared/style.css", || to(style))])])
}

async fn style(request: HttpRequest, pages: Data<dyn SharePages>) -> HttpResponse {
    file(&request, "text/css; charset=utf-8", pages.style().into())
}
