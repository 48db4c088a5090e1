use serde::Serialize;
use utoipa::ToSchema;

/// All items of a short list.
#[derive(Serialize, ToSchema)]
pub struct Items<T> {
    pub items: Vec<T>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    pub page: PageInfo,
}

/// A page of a list that can be counted.
#[derive(Serialize, ToSchema)]
pub struct CountedPage<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    pub page: PageInfo,
    /// The length of the whole list, if `include_total=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total: Option<u64>,
}

/// The position of a page in its list.
#[derive(Serialize, ToSchema)]
pub struct PageInfo {
    /// The maximum number of items of a page. A page may have fewer items than that although there are more: only
    /// `next_cursor` tells.
    #[schema(format = "page-size")]
    pub limit: u16,
    /// The number of items before this page: as requested, or those of the pages that led to the `cursor`.
    pub offset: u64,
    /// The `cursor` of the next page; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> FromIterator<T> for Items<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { items: items.into_iter().collect() }
    }
}
