use crate::InvalidValue;

/// The maximum number of items of a page: 1 to 100, by default 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// The smallest page.
    pub const MIN: usize = 1;
    /// The largest page.
    pub const MAX: usize = 100;

    /// # Errors
    /// [`InvalidValue::TooSmall`] or [`InvalidValue::TooLarge`] outside 1 to 100.
    pub fn new(limit: u64) -> Result<Self, InvalidValue> {
        match u16::try_from(limit) {
            Ok(0) => Err(InvalidValue::TooSmall { min: Self::MIN }),
            Ok(limit) if usize::from(limit) <= Self::MAX => Ok(Self(limit)),
            _ => Err(InvalidValue::TooLarge { max: Self::MAX }),
        }
    }

    /// The number of items.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStart<C> {
    /// Skips this many items of the list. Inserts shift the pages.
    Offset(u64),
    /// After the item that the cursor names, even if it no longer exists. Stable under inserts.
    After(C),
}

/// A request for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// The maximum number of items.
    pub limit: Limit,
    /// Where the page starts.
    pub start: PageStart<C>,
}

impl<C> Default for PageRequest<C> {
    fn default() -> Self {
        Self { limit: Limit::default(), start: PageStart::Offset(0) }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items in the requested order.
    pub items: Vec<T>,
    /// The cursor of the last item; `None` on the last page.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Makes a page from items fetched with a limit one higher, which shows whether there is a next page.
    #[must_use]
    pub fn from_overfetched(mut items: Vec<T>, limit: Limit, cursor: impl FnOnce(&T) -> C) -> Self {
        let limit = usize::from(limit.get());
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
