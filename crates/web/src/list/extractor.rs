use std::{fmt::Debug, marker::PhantomData};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, LINK},
    web::Data,
};
use garde::Validate;
use memo_domain::{Limit, Page as Found, PageRequest, PageStart, UserId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    body::{CountedPage, Page, PageInfo},
    cursor::{Cursor, CursorCodec},
    links::Links,
};
use crate::{
    context::RequestContext,
    extractor::from_head,
    input::{Refusals, Refused, natural, parsed, read_query},
    policy::Paging,
    problem::{Code, FieldCode, FieldError, Place, Problem},
    respond::revalidated,
    settings::HttpSettings,
};

/// The query parameters of a list, without those of its pages.
pub trait Filter: DeserializeOwned + Validate<Context = ()> + 'static {
    /// What they are read as. Its `Debug` output identifies the list.
    type Command: Debug;
    /// The position of an item in the list.
    type Cursor: Cursor;

    /// Builds the command, and reports every invalid value.
    fn read(self, caller: UserId, refused: &mut Refusals) -> Result<Self::Command, Refused>;

    /// Whether a cursor may be one of this list. Cursors are not signed.
    fn accepts(_: &Self::Command, _: &Self::Cursor) -> bool {
        true
    }
}

/// No filter: the list has all items.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields, bound = "")]
pub struct Unfiltered<C: Cursor> {
    #[serde(skip)]
    #[garde(skip)]
    cursor: PhantomData<C>,
}

impl<C: Cursor> Filter for Unfiltered<C> {
    type Command = ();
    type Cursor = C;

    fn read(self, _: UserId, _: &mut Refusals) -> Result<(), Refused> {
        Ok(())
    }
}

/// A requested page of a list.
pub struct List<F: Filter> {
    /// Which items the list has, in which order.
    pub filter: F::Command,
    /// The requested page.
    pub page: PageRequest<F::Cursor>,
    /// Whether the whole list is counted.
    pub with_total: bool,
    /// The request.
    pub request: HttpRequest,
    caller: UserId,
    /// The number of items before the page.
    offset: u64,
    /// Whether the client pages by offset.
    by_offset: bool,
}

from_head!(@[F: Filter] List<F>: Self::read);

/// The paging parameters.
#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
struct PageQuery {
    #[serde(default, deserialize_with = "parsed")]
    limit: Option<i64>,
    #[serde(default, deserialize_with = "parsed")]
    #[garde(custom(natural))]
    offset: Option<i64>,
    cursor: Option<String>,
    #[serde(default, deserialize_with = "parsed")]
    include_total: Option<bool>,
}

impl<F: Filter> List<F> {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let context =
            RequestContext::read(request, |context| Some((context.route.as_ref()?.policy.paging?, context.caller?)));
        let Some((paging, caller)) = context.flatten() else { return Err(Problem::new(Code::InternalError)) };
        let (page, filter) = split(request.query_string(), paging);
        let mut refused = Refusals::of_query();
        let page = read_query::<PageQuery>(&page, &mut refused)
            .and_then(|page| Ok((read_limit(page.limit, &mut refused)?, page)));
        let filter =
            read_query::<F>(&filter, &mut refused).and_then(|filter| filter.read(caller.user_id, &mut refused));
        let ((limit, page), filter) = refused.finish(page.and_then(|page| Ok((page, filter?))))?;
        let mut list = Self {
            filter,
            page: PageRequest { limit, start: PageStart::Offset(0) },
            with_total: page.include_total == Some(true),
            request: request.clone(),
            caller: caller.user_id,
            offset: page.offset.unwrap_or(0).unsigned_abs(),
            by_offset: page.offset.is_some(),
        };
        list.page.start = list.start(page.cursor.as_deref())?;
        Ok(list)
    }

    fn start(&mut self, cursor: Option<&str>) -> Result<PageStart<F::Cursor>, Problem> {
        let Some(cursor) = cursor else { return Ok(PageStart::Offset(self.offset)) };
        let refused = |code| FieldError::new(Place::Parameter("cursor".into()), code);
        if self.by_offset {
            return Err(Problem::invalid(vec![refused(FieldCode::ConflictingParameters).about("offset")]));
        }
        let invalid = || Problem::invalid(vec![refused(FieldCode::InvalidCursor)]);
        let read = self.codec().read(cursor).filter(|(cursor, _)| F::accepts(&self.filter, cursor));
        let (cursor, before) = read.ok_or_else(invalid)?;
        self.offset = before;
        Ok(PageStart::After(cursor))
    }

    /// Of this route, caller and filter.
    fn codec(&self) -> CursorCodec {
        let path = self.request.path();
        CursorCodec::new(&format!("{path} {} {:?}", self.caller, self.filter))
    }

    /// The position of a page with this many items.
    pub fn info(&self, items: usize, next: Option<&F::Cursor>) -> PageInfo {
        let before = self.offset.saturating_add(items as u64);
        let next_cursor = next.map(|cursor| self.codec().write(cursor, before));
        PageInfo { limit: self.page.limit.get(), offset: self.offset, next_cursor }
    }

    /// The value of `Link` with a page of this many items.
    pub fn links(&self, page: &PageInfo, items: usize) -> Option<String> {
        let settings: &Data<HttpSettings> = self.request.app_data()?;
        let links = Links {
            url: format!("{}{}", settings.public_url, self.request.path()),
            query: self.request.query_string(),
            limit: page.limit.into(),
            items: items as u64,
            offset: self.by_offset.then_some(self.offset),
            next: page.next_cursor.as_deref(),
        };
        links.value()
    }

    /// The response with a page of this list: 304 if the client has it.
    pub fn respond<T, D: From<T> + Serialize>(&self, found: Found<T, F::Cursor>) -> Result<HttpResponse, Problem> {
        let page = self.info(found.items.len(), found.next.as_ref());
        let links = self.links(&page, found.items.len());
        self.revalidated(&Page { items: found.items.into_iter().map(D::from).collect(), page }, links)
    }

    /// Like [`respond`](Self::respond), with the length of the list if the client asked for it.
    pub fn respond_counted<T, D: From<T> + Serialize>(
        &self,
        found: Found<T, F::Cursor>,
        total: Option<u64>,
    ) -> Result<HttpResponse, Problem> {
        let page = self.info(found.items.len(), found.next.as_ref());
        let links = self.links(&page, found.items.len());
        self.revalidated(&CountedPage { items: found.items.into_iter().map(D::from).collect(), page, total }, links)
    }

    fn revalidated(&self, page: &impl Serialize, links: Option<String>) -> Result<HttpResponse, Problem> {
        let mut response = revalidated(&self.request, page)?;
        if let Some(Ok(links)) = links.map(HeaderValue::try_from) {
            response.headers_mut().insert(LINK, links);
        }
        Ok(response)
    }
}

/// Reads the maximum number of items.
pub fn read_limit(limit: Option<i64>, refused: &mut Refusals) -> Result<Limit, Refused> {
    let limit = limit.map(|limit| Limit::new(u64::try_from(limit).unwrap_or(0))).transpose();
    refused.value("limit", limit).map(Option::unwrap_or_default)
}

/// Separates the paging parameters of a query from the others.
fn split(query: &str, paging: Paging) -> (String, String) {
    let names: &[&str] = match paging {
        Paging::Cursor => &["limit", "cursor"],
        Paging::Offset => &["limit", "offset", "cursor"],
        Paging::Counted => &["limit", "offset", "cursor", "include_total"],
    };
    let is_paging =
        |pair: &&str| form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| names.contains(&&*name));
    let (page, filter): (Vec<_>, Vec<_>) = query.split('&').partition(is_paging);
    (page.join("&"), filter.join("&"))
}
