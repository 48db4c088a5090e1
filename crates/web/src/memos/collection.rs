use actix_web::http::header::HeaderValue;
use memo_application::{Memos, Once};
use memo_domain::{Memo, MemoScope, MemoState, MemoView, Page as Found, Tags, UserId};

use super::{
    cache::{Rendered, ResponseCache, Target},
    filter::MemosQuery,
    input::MemoInput,
    new::{NewMemo, NewMemoQuery, NewMemoText, tagged},
};
use crate::{
    dto::MemoDto,
    offload::{offload, offload_at_once},
    prelude::*,
    respond::{Reply, Representation, json_size},
};

/// The maximum size of the items of a page, in bytes of JSON: with the rest of the body, a page has at most 4 MiB.
const MAX_ITEMS_SIZE: usize = (4 << 20) - (16 << 10);
/// More than a memo has beside its content, in bytes: a title, tags, and names of fields.
const MAX_OTHER_SIZE: usize = 8 << 10;

operations! {
    create_memo => Policy::scopes(&[Scope::MemosWrite]).body(Body::JsonOrText).idempotent().problems(&[Code::TooManyTags]);
    list_memos => Policy::scopes(&[Scope::MemosRead]).paging(Paging::Counted)
        .search(Work::heavy(5)).problems(&[Code::SearchTimeout]);
}

/// Create a memo
///
/// Only the title is required. Unknown fields are refused, so that no typo goes unnoticed.
///
/// Of a text, the first heading, or else the first line, is the title, and the whole text is the content, byte for byte:
/// `curl --data-binary @note.md -H "Content-Type: text/markdown"`.
#[utoipa::path(
    post, path = "/api/v1/memos", tag = "memos",
    params(NewMemoQuery),
    request_body(content((MemoInput = "application/json"), (NewMemoText = "text/markdown"), (NewMemoText = "text/plain"))),
    responses((
        status = 201, description = "The memo", body = MemoDto,
        headers(
            ("Location" = String, description = "The URL of the memo"),
            ("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match"),
        ),
    )),
)]
async fn create_memo(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    key: IdempotencyKey,
    Query(tags): Query<NewMemoQuery>,
    memo: NewMemo,
) -> Result<HttpResponse, Problem> {
    let owner = caller.user_id;
    let create = async |once: Option<&Once<'_, MemoView>>| match memo {
        NewMemo::State(state) => {
            let tags = tagged(&state.tags, tags)?;
            Ok(memos.create(owner, MemoState { tags, ..state }, once).await?)
        }
        NewMemo::Text(content) => Ok(memos.capture(owner, content, tagged(&Tags::default(), tags)?, once).await?),
    };
    key.once(&request, create, async |view| created(owner, view).await).await
}

/// The response with a new memo.
pub async fn created(owner: UserId, view: MemoView) -> Result<Reply, Problem> {
    let location = format!("/api/v1/memos/{}", view.memo.id);
    Ok(Reply::created(location, represented(owner, view).await?))
}

/// A memo as its viewer gets it, possibly in the transaction that has written it.
pub async fn represented(viewer: UserId, view: MemoView) -> Result<Representation, Problem> {
    let (version, size) = (view.memo.version, view.memo.state.content.as_str().len());
    offload_at_once(size, move || Representation::new(Some(version), &MemoDto::for_viewer(viewer, view))).await
}

/// List memos
///
/// The caller's own memos, the public ones of all users, or those that the caller likes: those that match all filters, in pages. A page has fewer than
/// `limit` memos if it would be larger than 4 MiB.
#[utoipa::path(
    get, path = "/api/v1/memos", tag = "memos",
    params(MemosQuery),
    responses((status = 200, description = "A page of memos", body = CountedPage<MemoDto>)),
)]
async fn list_memos(
    caller: Caller,
    memos: Data<Memos>,
    cache: Data<ResponseCache>,
    list: List<MemosQuery>,
) -> Result<HttpResponse, Problem> {
    let target = Target::List(list.request.query_string().to_owned());
    let page = cache.get(caller.user_id, target, memos.stamp(caller.user_id), read_page(&memos, &list)).await?;
    Ok(page.respond(&list.request))
}

async fn read_page(memos: &Memos, list: &List<MemosQuery>) -> Result<Rendered, Problem> {
    let (filter, sort) = &list.filter;
    let found = memos.list(filter, *sort, &list.page, list.with_total).await?;
    let (search, sort) = (filter.search.clone(), *sort);
    let cursor = move |memo: &Memo| {
        let score = search.as_ref().map_or(0, |query| query.relevance_of_title(&memo.state.title));
        sort.cursor(memo, score)
    };
    let rendered = render(list, filter.viewer, found.page, found.total, cursor).await?;
    Ok(Rendered { is_own: filter.scope == MemoScope::Mine, ..rendered })
}

/// The response with a page of memos; `cursor` is that of a memo in their list.
pub async fn render<F: Filter<Cursor: Send>>(
    list: &List<F>,
    viewer: UserId,
    mut page: Found<MemoView, F::Cursor>,
    total: Option<u64>,
    cursor: impl Fn(&Memo) -> F::Cursor + Send + 'static,
) -> Result<Rendered, Problem> {
    let size = page.items.iter().map(|view| view.memo.state.content.as_str().len()).sum();
    // Decided by their sizes in JSON, and those of long texts are only known when they are encoded.
    let bounded = move || {
        bound(viewer, &mut page, cursor);
        Ok(page)
    };
    let page = offload(size, bounded).await?;
    let count = page.items.len();
    let info = list.info(count, page.next.as_ref());
    let links = list.links(&info, count).map(HeaderValue::try_from).transpose().map_err(Problem::internal)?;
    let encode = move || {
        let items = page.items.into_iter().map(|view| MemoDto::for_viewer(viewer, view)).collect();
        Representation::new(None, &CountedPage { items, page: info, total })
    };
    Ok(Rendered { representation: offload(size, encode).await?, links, is_own: false })
}

/// Drops memos at the end of a page whose items would be larger than [`MAX_ITEMS_SIZE`]; the first one stays.
fn bound<C>(viewer: UserId, page: &mut Found<MemoView, C>, cursor: impl Fn(&Memo) -> C) {
    // In JSON no byte of a text takes more than six.
    let upper = |view: &MemoView| 6 * (view.memo.state.content.as_str().len() + MAX_OTHER_SIZE);
    if page.items.iter().map(upper).sum::<usize>() <= MAX_ITEMS_SIZE {
        return;
    }
    let mut size = 0;
    let mut fits = |view: &MemoView| {
        size += json_size(&MemoDto::for_viewer(viewer, view.clone()));
        size <= MAX_ITEMS_SIZE
    };
    let kept = page.items.iter().take_while(|view| fits(view)).count().max(1);
    if kept < page.items.len() {
        page.items.truncate(kept);
        page.next = page.items.last().map(|view| cursor(&view.memo));
    }
}
