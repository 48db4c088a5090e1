use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{HeaderValue, LINK},
    },
    web::Data,
};
use garde::Validate;
use memo_application::Memos;
use memo_domain::{
    InvalidValue, Limit, MemoCursor, MemoFilter, MemoScope, MemoSort, PageRequest, PageStart, SearchQuery, Tag,
    Timestamp, UserId,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    dto::{Memo, MemoList, Visibility, tag_schema},
    pages::{Known, Page, Pages},
};
use crate::{
    HttpSettings,
    extract::{Caller, MemosRead, Query},
    paging::{CursorCodec, Links, PageInfo},
    problem::{FieldError, Place, Problem},
    respond::Representation,
    validation,
};

/// Which memos, in which order, which page of them.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Whose memos: `mine`, or the `public` ones of every member.
    #[garde(skip)]
    #[param(nullable = false, inline)]
    scope: Option<Scope>,
    /// Full text: those that have it in their title or in their content, wherever it stands, also inside a word, in any
    /// script: `회의` finds `주간회의록`, and one character is enough. Upper and lower case, NFC and NFD, full and half
    /// width make no difference.
    ///
    /// Words are separated by white space and all of them are needed, in any order. `"a phrase"` is found as a whole.
    /// `-word` and `-"a phrase"` leave out the memos that have it. There is no other syntax and no wildcard, and no
    /// query is an error: what can't be read so, as a quotation mark without its partner, is searched as it stands. A
    /// blank query is none.
    #[garde(custom(validation::optional(validation::search)))]
    #[param(nullable = false, max_length = 200, pattern = r"^[^\u0000]*$")]
    q: Option<String>,
    /// Those with this tag; repeated: with all of them. Compared without case.
    #[serde(default)]
    #[garde(inner(custom(validation::tag)))]
    #[param(required = false, style = Form, explode = true, schema_with = tag_parameter)]
    tag: Vec<String>,
    /// The pinned ones, or the others.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    pinned: Option<bool>,
    /// The archived ones, or (without it, too) the others.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    archived: Option<bool>,
    /// Those of one visibility.
    #[garde(skip)]
    #[param(nullable = false, inline)]
    visibility: Option<Visibility>,
    /// Those in the trash, or (without it, too) the others.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    trashed: Option<bool>,
    /// Made later than this.
    #[garde(custom(validation::optional(validation::time)))]
    #[param(nullable = false, format = "date-time")]
    created_after: Option<String>,
    /// Made earlier than this.
    #[garde(custom(validation::optional(validation::time)))]
    #[param(nullable = false, format = "date-time")]
    created_before: Option<String>,
    /// Changed later than this.
    #[garde(custom(validation::optional(validation::time)))]
    #[param(nullable = false, format = "date-time")]
    updated_after: Option<String>,
    /// Changed earlier than this.
    #[garde(custom(validation::optional(validation::time)))]
    #[param(nullable = false, format = "date-time")]
    updated_before: Option<String>,
    /// The order; a minus sign means descending. Without it `-updated_at`. Titles are compared without case.
    /// `relevance` has the memos first whose titles have the most words of `q`, and among equal ones those changed last;
    /// without `q` it is `-updated_at`.
    #[garde(skip)]
    #[param(nullable = false, inline)]
    sort: Option<Sort>,
    /// The most items of a page; without it 20.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// So many items are left out. Not together with `cursor`.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::natural))]
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    offset: Option<i64>,
    /// `page.next_cursor` of the page before, of the same list. Pages by cursor skip nothing, whatever is inserted.
    #[garde(skip)]
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Whether to count the whole list.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    include_total: Option<bool>,
}

/// Whose memos a list has.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    Mine,
    Public,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
enum Sort {
    #[serde(rename = "-updated_at")]
    UpdatedDescending,
    #[serde(rename = "updated_at")]
    UpdatedAscending,
    #[serde(rename = "-created_at")]
    CreatedDescending,
    #[serde(rename = "created_at")]
    CreatedAscending,
    #[serde(rename = "title")]
    TitleAscending,
    #[serde(rename = "-title")]
    TitleDescending,
    #[serde(rename = "relevance")]
    Relevance,
}

impl From<Sort> for MemoSort {
    fn from(sort: Sort) -> Self {
        let [
            (_, updated_descending),
            (_, updated),
            (_, created_descending),
            (_, created),
            (_, title),
            (_, title_descending),
            (_, relevance),
        ] = Self::NAMES;
        match sort {
            Sort::UpdatedDescending => updated_descending,
            Sort::UpdatedAscending => updated,
            Sort::CreatedDescending => created_descending,
            Sort::CreatedAscending => created,
            Sort::TitleAscending => title,
            Sort::TitleDescending => title_descending,
            Sort::Relevance => relevance,
        }
    }
}

/// List memos
///
/// One's own, or the public ones of every member: those that fit all filters, a page at a time.
#[utoipa::path(
    tag = "memos",
    operation_id = "list_memos",
    security(("password" = ["memos:read"])),
    params(ListQuery),
    responses((
        status = 200, description = "A page of memos", body = MemoList,
        headers(
            ("Link" = String, description = "The next page; with `offset` the first and the one before, too (RFC 8288)"),
            ("ETag" = String, description = "Names this page as it is, for If-None-Match"),
        ),
    )),
    extensions(("x-conditional" = json!("get"))),
)]
#[get("/memos")]
pub async fn list_memos(
    caller: Caller<MemosRead>,
    request: HttpRequest,
    memos: Data<Memos>,
    pages: Data<Pages>,
    settings: Data<HttpSettings>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let member = caller.user_id;
    let known = if query.is_own() { pages.ask(member, request.query_string()) } else { Known::Nothing };
    let stamp = match &known {
        Known::Nothing => None,
        Known::Asked | Known::Page(..) => Some(memos.stamp(member).await?),
    };
    match known {
        Known::Page(kept, page) if Some(kept) == stamp => return Ok(page.answer(&request)),
        _ => {}
    }
    let page = List::read(&query, member)?.page(&memos, &request, &settings.public_url).await?;
    let answer = page.answer(&request);
    if let Some(stamp) = stamp {
        pages.keep(member, request.query_string(), stamp, page);
    }
    Ok(answer)
}

impl Page {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let mut answer = self.representation.answer(request, StatusCode::OK);
        if let Some(Ok(links)) = self.links.as_deref().map(HeaderValue::from_str) {
            answer.headers_mut().insert(LINK, links);
        }
        answer
    }
}

impl ListQuery {
    /// Whether nothing but the member's own memos is in the list.
    fn is_own(&self) -> bool {
        matches!(self.scope, None | Some(Scope::Mine))
    }
}

/// What a query asks for, in the terms of the domain.
struct List {
    filter: MemoFilter,
    sort: MemoSort,
    page: PageRequest<MemoCursor>,
    with_total: bool,
    /// How many items are before the page.
    offset: u64,
    /// Whether the pages are walked by offset: the client said so.
    by_offset: bool,
    codec: CursorCodec,
}

impl List {
    fn read(query: &ListQuery, viewer: UserId) -> Result<Self, Problem> {
        let filter = filter(query, viewer)?;
        let sort = query.sort.map_or_else(MemoSort::default, MemoSort::from);
        let codec = CursorCodec::new(&format!("{filter:?}{sort:?}"));
        let limit = query.limit.map(|limit| Limit::new(limit.unsigned_abs())).transpose()?.unwrap_or_default();
        let (start, offset) = match (&query.cursor, query.offset) {
            (Some(_), Some(_)) => {
                let error = FieldError::new(Place::Parameter("cursor".into()), "conflicting_parameters");
                return Err(Problem::invalid(vec![error.about("offset")]));
            }
            (Some(cursor), None) => {
                let wrong = || FieldError::new(Place::Parameter("cursor".into()), "invalid_cursor");
                let (cursor, before) = codec.read(cursor).ok_or_else(|| Problem::invalid(vec![wrong()]))?;
                (PageStart::After(cursor), before)
            }
            (None, offset) => {
                let offset = offset.unwrap_or(0).unsigned_abs();
                (PageStart::Offset(offset), offset)
            }
        };
        Ok(Self {
            filter,
            sort,
            page: PageRequest { limit, start },
            with_total: query.include_total == Some(true),
            offset,
            by_offset: query.offset.is_some(),
            codec,
        })
    }

    async fn page(&self, memos: &Memos, request: &HttpRequest, public_url: &str) -> Result<Page, Problem> {
        let found = memos.list(&self.filter, self.sort, &self.page, self.with_total).await?;
        let behind = self.offset.saturating_add(found.page.items.len() as u64);
        let next = found.page.next.as_ref().map(|cursor| self.codec.write(cursor, behind));
        let links = self.links(request, public_url, next.as_deref());
        let items = found.page.items.into_iter().map(Memo::from).collect();
        let body = MemoList { items, page: self.page_info(next), total: found.total };
        Ok(Page { representation: Representation::new(None, &body)?, links })
    }

    fn page_info(&self, next_cursor: Option<String>) -> PageInfo {
        PageInfo { limit: self.page.limit.get(), offset: self.offset, next_cursor }
    }

    fn links(&self, request: &HttpRequest, public_url: &str, next: Option<&str>) -> Option<String> {
        let url = format!("{public_url}{}", request.path());
        let offset = self.by_offset.then_some(self.offset);
        Links::of(&url, request.query_string(), self.page.limit.get().into(), offset, next)
    }
}

fn filter(query: &ListQuery, viewer: UserId) -> Result<MemoFilter, InvalidValue> {
    let time = |text: &Option<String>| text.as_deref().map(Timestamp::parse).transpose();
    Ok(MemoFilter {
        viewer,
        scope: match query.scope.unwrap_or_default() {
            Scope::Mine => MemoScope::Mine,
            Scope::Public => MemoScope::Public,
        },
        trashed: query.trashed.unwrap_or(false),
        archived: Some(query.archived.unwrap_or(false)),
        pinned: query.pinned,
        visibility: query.visibility.map(Into::into),
        tags: query.tag.iter().map(Tag::new).collect::<Result<_, _>>()?,
        created_after: time(&query.created_after)?,
        created_before: time(&query.created_before)?,
        updated_after: time(&query.updated_after)?,
        updated_before: time(&query.updated_before)?,
        search: query.q.as_deref().map(SearchQuery::parse).transpose()?.flatten(),
    })
}

fn tag_parameter() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(tag_schema())
        .description(Some("Those with this tag; repeated: with all of them. Compared without case."))
        .build()
}
