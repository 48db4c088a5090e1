use memo_domain::{
    MemoCursor, MemoFilter, MemoScope, MemoSort, SearchQuery, SortDirection, SortField, Tag, Tags, Timestamp, UserId,
};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, SchemaFormat, Type};

use crate::{dto::VisibilityDto, prelude::*};

/// Which memos, in which order.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct MemosQuery {
    /// Whose memos: the caller's own (`mine`), the `public` ones of all users, or those that the caller has `liked` and may still
    /// read.
    #[param(nullable = false, inline)]
    scope: Option<ScopeDto>,
    /// Full-text search: memos whose title or content contains all words, in any order, also inside other words and in any
    /// script: `회의` finds `주간회의록`. A single character is enough. Letter case, NFC and NFD, full and half width make no
    /// difference.
    ///
    /// `"a phrase"` is one term; `-word` and `-"a phrase"` exclude. There is no other syntax. A query is never an error:
    /// what cannot be parsed, e.g. a quotation mark without its partner, is searched as text. A blank query matches all memos.
    #[param(nullable = false, format = "search")]
    q: Option<String>,
    /// Memos with this tag, ignoring case. Repeated, up to 20 different ones: with all of these tags.
    #[serde(default)]
    #[param(required = false, style = Form, explode = true, schema_with = tag_parameter)]
    tag: Vec<String>,
    /// Only pinned memos, or only others.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false)]
    pinned: Option<bool>,
    /// Archived memos, or (by default) others.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false, default = false)]
    archived: Option<bool>,
    /// Only memos with this visibility.
    #[param(nullable = false, inline)]
    visibility: Option<VisibilityDto>,
    /// Memos in the trash, or (by default) others.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false, default = false)]
    trashed: Option<bool>,
    /// Only memos created after this time.
    #[param(nullable = false, format = "date-time")]
    created_after: Option<String>,
    /// Only memos created before this time.
    #[param(nullable = false, format = "date-time")]
    created_before: Option<String>,
    /// Only memos changed after this time.
    #[param(nullable = false, format = "date-time")]
    updated_after: Option<String>,
    /// Only memos changed before this time.
    #[param(nullable = false, format = "date-time")]
    updated_before: Option<String>,
    /// The order; a minus sign means descending. The default is `-updated_at`. Titles are compared ignoring case. `relevance`
    /// sorts by the number of words of `q` in the title, then by the last change; without `q`, it is `-updated_at`.
    #[param(nullable = false, inline)]
    sort: Option<SortDto>,
}

/// Whose memos a list contains.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ScopeDto {
    #[default]
    Mine,
    Public,
    Liked,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
enum SortDto {
    #[default]
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

impl From<SortDto> for MemoSort {
    fn from(sort: SortDto) -> Self {
        match sort {
            SortDto::UpdatedDescending => Self::new(SortField::UpdatedAt, SortDirection::Descending),
            SortDto::UpdatedAscending => Self::new(SortField::UpdatedAt, SortDirection::Ascending),
            SortDto::CreatedDescending => Self::new(SortField::CreatedAt, SortDirection::Descending),
            SortDto::CreatedAscending => Self::new(SortField::CreatedAt, SortDirection::Ascending),
            SortDto::TitleAscending => Self::new(SortField::Title, SortDirection::Ascending),
            SortDto::TitleDescending => Self::new(SortField::Title, SortDirection::Descending),
            SortDto::Relevance => Self::new(SortField::Relevance, SortDirection::Descending),
        }
    }
}

impl Filter for MemosQuery {
    type Command = (MemoFilter, MemoSort);
    type Cursor = MemoCursor;

    fn read(self, caller: UserId, refused: &mut Refusals) -> Result<(MemoFilter, MemoSort), Refused> {
        let mut time = |name, time: Option<String>| refused.optional(name, time, |time| Timestamp::parse(&time));
        let created_after = time("created_after", self.created_after);
        let created_before = time("created_before", self.created_before);
        let updated_after = time("updated_after", self.updated_after);
        let updated_before = time("updated_before", self.updated_before);
        let tags = refused.each("tag", self.tag, Tag::new).and_then(|tags| refused.value("tag", Tags::new(tags)));
        let search = refused.optional("q", self.q, |q| SearchQuery::parse(&q));
        let filter = MemoFilter {
            viewer: caller,
            scope: match self.scope.unwrap_or_default() {
                ScopeDto::Mine => MemoScope::Mine,
                ScopeDto::Public => MemoScope::Public,
                ScopeDto::Liked => MemoScope::Liked,
            },
            trashed: self.trashed.unwrap_or(false),
            archived: Some(self.archived.unwrap_or(false)),
            pinned: self.pinned,
            visibility: self.visibility.map(Into::into),
            tags: tags?.into(),
            created_after: created_after?,
            created_before: created_before?,
            updated_after: updated_after?,
            updated_before: updated_before?,
            search: search?.flatten(),
        };
        Ok((filter, self.sort.unwrap_or_default().into()))
    }

    fn accepts((_, sort): &(MemoFilter, MemoSort), cursor: &MemoCursor) -> bool {
        sort.accepts(cursor)
    }
}

fn tag_parameter() -> Array {
    let tag = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("tag".into())));
    let description = "Memos with this tag, ignoring case. Repeated, up to 20 different ones: with all of these tags.";
    ArrayBuilder::new().items(tag).description(Some(description)).build()
}
