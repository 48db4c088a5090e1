use crate::InvalidValue;

/// How many items a page has at most: 1 to 100, 20 where nothing is said.
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
    /// So many items of the whole list are left out. Inserts move the pages.
    Offset(u64),
    /// Behind the item that the cursor names, whether that item still exists or not. Stable under inserts.
    After(C),
}

/// A page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// At most so many items.
    pub limit: Limit,
    /// Where it starts.
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
    /// The items in the order asked for.
    pub items: Vec<T>,
    /// Names the last item, where there are more behind it.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Makes the page of items that were fetched with one more than the limit, to see whether there are more.
    #[must_use]
    pub fn from_overfetched(mut items: Vec<T>, limit: Limit, cursor: impl FnOnce(&T) -> C) -> Self {
        let limit = usize::from(limit.get());
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}
