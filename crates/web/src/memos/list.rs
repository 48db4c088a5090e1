use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{HeaderValue, LINK},
    web::Data,
};
use garde::Validate;
use memo_application::Memos;
use memo_domain::{
    InvalidValue, Limit, MemoCursor, MemoFilter, MemoScope, MemoSort, PageRequest, PageStart, Tag, Timestamp, UserId,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::{Memo, MemoList, Visibility, tag_schema};
use crate::{
    HttpSettings,
    extract::{Caller, MemosRead, Query},
    paging::{CursorCodec, Links, PageInfo},
    problem::{FieldError, Place, Problem},
    respond::revalidated,
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
    #[garde(custom(validation::offset))]
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
        ] = Self::NAMES;
        match sort {
            Sort::UpdatedDescending => updated_descending,
            Sort::UpdatedAscending => updated,
            Sort::CreatedDescending => created_descending,
            Sort::CreatedAscending => created,
            Sort::TitleAscending => title,
            Sort::TitleDescending => title_descending,
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
    settings: Data<HttpSettings>,
    Query(query): Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let list = List::read(&query, caller.user_id)?;
    let found = memos.list(&list.filter, list.sort, &list.page, list.with_total).await?;
    let behind = list.offset.saturating_add(found.page.items.len() as u64);
    let next = found.page.next.as_ref().map(|cursor| list.codec.write(cursor, behind));
    let links = list.links(&request, &settings.public_url, next.as_deref());
    let items = found.page.items.into_iter().map(Memo::from).collect();
    let body = MemoList { items, page: list.page_info(next), total: found.total };
    let mut answer = revalidated(&request, &body)?;
    if let Some(Ok(links)) = links.map(|links| HeaderValue::from_str(&links)) {
        answer.headers_mut().insert(LINK, links);
    }
    Ok(answer)
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

    fn page_info(&self, next_cursor: Option<String>) -> PageInfo {
        PageInfo { limit: self.page.limit.get(), offset: self.offset, next_cursor }
    }

    fn links(&self, request: &HttpRequest, public_url: &str, next: Option<&str>) -> Option<String> {
        let url = format!("{public_url}{}", request.path());
        let mut links = Links::new(&url, request.query_string());
        let limit = u64::from(self.page.limit.get());
        if self.by_offset {
            if next.is_some() {
                links.add("next", ("offset", &self.offset.saturating_add(limit).to_string()));
            }
            links.add("first", ("offset", "0"));
            if self.offset > 0 {
                links.add("prev", ("offset", &self.offset.saturating_sub(limit).to_string()));
            }
        } else if let Some(next) = next {
            links.add("next", ("cursor", next));
        }
        links.value()
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
    })
}

fn tag_parameter() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(tag_schema())
        .description(Some("Those with this tag; repeated: with all of them. Compared without case."))
        .build()
}
