//! Pages: cursors in their text form, the `page` member, `Link` (RFC 8288).

use actix_web::{HttpRequest, HttpResponse, http::header::LINK};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memo_domain::{Limit, MemoCursor, MemoId, PageRequest, PageStart, SortPosition, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    HttpSettings,
    problem::{FieldError, Place, Problem},
};

/// Which part of a list a page is.
#[derive(Serialize, ToSchema)]
pub struct PageInfo {
    /// The most items that a page has.
    #[schema(minimum = 1, maximum = 100)]
    pub limit: u16,
    /// How many items were left out: as asked for, or those on the pages that led to the `cursor`.
    pub offset: u64,
    /// Gets the next page as `cursor`; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

/// Writes and reads the cursors of one list: a cursor of another member, filter or sort is not read.
pub struct CursorCodec {
    list: [u8; 8],
}

impl CursorCodec {
    /// For the list that this text describes in full.
    pub fn new(list: &str) -> Self {
        Self { list: xxh3_64(list.as_bytes()).to_be_bytes() }
    }

    /// The text form: base64url of which list, how many items are before the place, the id, the kind of position, the
    /// position.
    pub fn write(&self, cursor: &MemoCursor, before: u64) -> String {
        let mut bytes = self.list.to_vec();
        bytes.extend(before.to_be_bytes());
        bytes.extend(cursor.id.as_uuid().as_bytes());
        match &cursor.position {
            SortPosition::Time(time) => {
                bytes.push(b't');
                bytes.extend(time.as_micros().to_be_bytes());
            }
            SortPosition::Text(text) => {
                bytes.push(b's');
                bytes.extend(text.as_bytes());
            }
            SortPosition::Relevance { score, updated_at } => {
                bytes.push(b'r');
                bytes.extend(score.to_be_bytes());
                bytes.extend(updated_at.as_micros().to_be_bytes());
            }
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the text form; `None` where it was not written for this list.
    pub fn read(&self, text: &str) -> Option<(MemoCursor, u64)> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let rest = bytes.strip_prefix(&self.list)?;
        let (before, rest) = rest.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (kind, rest) = rest.split_first()?;
        let position = match kind {
            b't' => SortPosition::Time(time(rest)?),
            b's' => SortPosition::Text(String::from_utf8(rest.to_vec()).ok().filter(|text| !text.contains('\0'))?),
            b'r' => {
                let (score, rest) = rest.split_first_chunk()?;
                SortPosition::Relevance { score: u32::from_be_bytes(*score), updated_at: time(rest)? }
            }
            _ => return None,
        };
        let cursor = MemoCursor { position, id: MemoId::new(Uuid::from_bytes(*id)) };
        Some((cursor, u64::from_be_bytes(*before)))
    }
}

/// What a query says of its page.
pub struct Paging<'a> {
    pub limit: Option<i64>,
    pub offset: Option<i64>,
    pub cursor: Option<&'a str>,
}

/// A list that is sorted by ids.
pub struct IdList<I> {
    pub request: PageRequest<I>,
    list: [u8; 8],
    /// How many items are before the page.
    offset: u64,
    /// Whether the pages are walked by offset: the client said so.
    by_offset: bool,
}

impl<I> IdList<I> {
    /// What a query asks for of the list that this text describes in full.
    pub fn read(list: &str, paging: &Paging<'_>, id: impl Fn(Uuid) -> I) -> Result<Self, Problem> {
        let list = xxh3_64(list.as_bytes()).to_be_bytes();
        let limit = paging.limit.map(|limit| Limit::new(limit.unsigned_abs())).transpose()?.unwrap_or_default();
        let wrong = |code| FieldError::new(Place::Parameter("cursor".into()), code);
        let (start, offset) = match (paging.cursor, paging.offset) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid(vec![wrong("conflicting_parameters").about("offset")]));
            }
            (Some(cursor), None) => {
                let read = || {
                    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
                    let (before, place) = bytes.strip_prefix(&list)?.split_first_chunk::<8>()?;
                    Some((u64::from_be_bytes(*before), Uuid::from_slice(place).ok()?))
                };
                let (before, place) = read().ok_or_else(|| Problem::invalid(vec![wrong("invalid_cursor")]))?;
                (PageStart::After(id(place)), before)
            }
            (None, offset) => {
                let offset = offset.unwrap_or(0).unsigned_abs();
                (PageStart::Offset(offset), offset)
            }
        };
        Ok(Self { request: PageRequest { limit, start }, list, offset, by_offset: paging.offset.is_some() })
    }

    /// The `page` member of a page of so many items.
    pub fn info(&self, items: usize, next: Option<Uuid>) -> PageInfo {
        let behind = self.offset.saturating_add(items as u64);
        let cursor = |id: Uuid| {
            let bytes = [&self.list[..], &behind.to_be_bytes(), id.as_bytes()].concat();
            URL_SAFE_NO_PAD.encode(bytes)
        };
        PageInfo { limit: self.request.limit.get(), offset: self.offset, next_cursor: next.map(cursor) }
    }

    /// The answer, with its links.
    pub fn answer(
        &self,
        request: &HttpRequest,
        settings: &HttpSettings,
        page: &PageInfo,
        body: &impl Serialize,
    ) -> HttpResponse {
        let url = format!("{}{}", settings.public_url, request.path());
        let next = page.next_cursor.as_deref();
        let limit = u64::from(page.limit);
        let links = Links::of(&url, request.query_string(), limit, self.by_offset.then_some(self.offset), next);
        let mut answer = HttpResponse::Ok();
        if let Some(links) = links {
            answer.insert_header((LINK, links));
        }
        answer.json(body)
    }
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_micros(i64::from_be_bytes(bytes.try_into().ok()?)))
}

/// The `Link` header: the same request with other paging parameters.
pub struct Links<'a> {
    /// The list, as an absolute URL without a query.
    pub url: &'a str,
    /// The query of the request.
    pub query: &'a str,
    values: Vec<String>,
}

impl<'a> Links<'a> {
    /// None yet.
    pub const fn new(url: &'a str, query: &'a str) -> Self {
        Self { url, query, values: Vec::new() }
    }

    /// All links of a page; with an offset where the pages are walked by it.
    pub fn of(url: &'a str, query: &'a str, limit: u64, offset: Option<u64>, next: Option<&str>) -> Option<String> {
        let mut links = Self::new(url, query);
        if let Some(offset) = offset {
            if next.is_some() {
                links.add("next", ("offset", &offset.saturating_add(limit).to_string()));
            }
            links.add("first", ("offset", "0"));
            if offset > 0 {
                links.add("prev", ("offset", &offset.saturating_sub(limit).to_string()));
            }
        } else if let Some(next) = next {
            links.add("next", ("cursor", next));
        }
        links.value()
    }

    /// Adds a link to the page that `parameter` names.
    pub fn add(&mut self, relation: &str, parameter: (&str, &str)) {
        let kept =
            form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name != "offset" && name != "cursor");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair(parameter.0, parameter.1)
            .finish();
        self.values.push(format!("<{}?{query}>; rel=\"{relation}\"", self.url));
    }

    /// The value of the header, where there is any link.
    pub fn value(&self) -> Option<String> {
        if self.values.is_empty() { None } else { Some(self.values.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursors() -> impl Strategy<Value = MemoCursor> {
        let position = prop_oneof![
            any::<i64>().prop_map(|micros| SortPosition::Time(Timestamp::from_micros(micros))),
            "[^\0]{0,200}".prop_map(SortPosition::Text),
            any::<(u32, i64)>().prop_map(|(score, micros)| SortPosition::Relevance {
                score,
                updated_at: Timestamp::from_micros(micros),
            }),
        ];
        (position, any::<u128>())
            .prop_map(|(position, id)| MemoCursor { position, id: MemoId::new(Uuid::from_u128(id)) })
    }

    proptest! {
        #[test]
        fn a_cursor_reads_back_on_its_list_alone(cursor in cursors(), before: u64) {
            let text = CursorCodec::new("list").write(&cursor, before);
            prop_assert_eq!(CursorCodec::new("list").read(&text), Some((cursor, before)));
            prop_assert_eq!(CursorCodec::new("other list").read(&text), None);
        }

        #[test]
        fn garbage_is_no_cursor(text in ".{0,100}") {
            prop_assert_eq!(CursorCodec::new("list").read(&text), None);
        }

        #[test]
        fn a_damaged_cursor_is_read_or_refused(cursor in cursors(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let mut text = CursorCodec::new("list").write(&cursor, 20);
            let at = at.index(text.len());
            text.replace_range(at..=at, &to);
            let _ = CursorCodec::new("list").read(&text);
        }
    }

    #[test]
    fn links_keep_the_rest_of_the_query() {
        let mut links = Links::new("https://memo.example/api/v1/memos", "tag=a%20b&offset=40&limit=20");
        links.add("next", ("offset", "60"));
        assert_eq!(
            links.value().as_deref(),
            Some(r#"<https://memo.example/api/v1/memos?tag=a+b&limit=20&offset=60>; rel="next""#)
        );
    }
}
