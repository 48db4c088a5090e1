use actix_web::http::header::{HeaderValue, LOCATION};
use memo_application::Memos;
use memo_domain::MemoScope;

use super::{
    filter::MemosQuery,
    input::MemoInput,
    page_cache::{CachedPage, PageCache},
};
use crate::{dto::MemoDto, prelude::*, respond::Representation};

operations! {
    create_memo => Policy::scopes(&[Scope::MemosWrite]).body(Body::Json);
    list_memos => Policy::scopes(&[Scope::MemosRead]).paging(Paging::Counted).condition(Condition::IfNoneMatch)
        .search(Work::heavy(5)).problems(&[Code::SearchTimeout]);
}

/// Create a memo
///
/// Only the title is required. Unknown fields are refused, so that no typo goes unnoticed.
#[utoipa::path(
    post, path = "/api/v1/memos", tag = "memos",
    request_body = MemoInput,
    responses((
        status = 201, description = "The memo", body = MemoDto,
        headers(
            ("Location" = String, description = "The URL of the memo"),
            ("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match"),
        ),
        links(("get_memo" = (operation_id = "get_memo", parameters(("id" = "$response.body#/id"))))),
    )),
)]
async fn create_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    _: NoQuery,
    Json(state): Json<MemoInput>,
) -> Result<HttpResponse, Problem> {
    let view = memos.create(caller.user_id, state).await?;
    let location = HeaderValue::from_str(&format!("/api/v1/memos/{}", view.memo.id));
    let mut response =
        versioned(&request, StatusCode::CREATED, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))?;
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// List memos
///
/// The caller's own memos, or the public ones of all users: those that match all filters, in pages.
#[utoipa::path(
    get, path = "/api/v1/memos", tag = "memos",
    params(MemosQuery),
    responses((status = 200, description = "A page of memos", body = CountedPage<MemoDto>)),
)]
async fn list_memos(
    caller: Caller,
    memos: Data<Memos>,
    cache: Data<PageCache>,
    list: List<MemosQuery>,
) -> Result<HttpResponse, Problem> {
    let page = match list.filter.0.scope {
        MemoScope::Public => read_page(&memos, &list).await?,
        MemoScope::Mine => {
            let stamp = async { Ok(memos.stamp(caller.user_id).await?) };
            cache.get(caller.user_id, list.request.query_string(), stamp, read_page(&memos, &list)).await?
        }
    };
    Ok(page.respond(&list.request))
}

async fn read_page(memos: &Memos, list: &List<MemosQuery>) -> Result<CachedPage, Problem> {
    let (filter, sort) = &list.filter;
    let found = memos.list(filter, *sort, &list.page, list.with_total).await?;
    let page = list.info(found.page.items.len(), found.page.next.as_ref());
    let links = list.links(&page);
    let items = found.page.items.into_iter().map(|view| MemoDto::for_viewer(filter.viewer, view)).collect();
    let body = CountedPage { items, page, total: found.total };
    Ok(CachedPage { representation: Representation::new(None, &body)?, links })
}
