use std::fmt;

use crate::InvalidValue;

/// One thing that a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Read memos and what belongs to them.
    MemosRead = 1,
    /// Change memos and what belongs to them.
    MemosWrite = 2,
    /// Follow events.
    EventsRead = 4,
    /// Read the account.
    AccountRead = 8,
    /// Change the account.
    AccountWrite = 16,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::MemosRead, Self::MemosWrite, Self::EventsRead, Self::AccountRead, Self::AccountWrite];

    /// The stable name, for stores and tokens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MemosRead => "memos:read",
            Self::MemosWrite => "memos:write",
            Self::EventsRead => "events:read",
            Self::AccountRead => "account:read",
            Self::AccountWrite => "account:write",
        }
    }
}

/// A set of scopes. Its text form is the names with a space between (RFC 6749, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] if a name is unknown, or the text has no name.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let mut scopes = Self(0);
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name).ok_or(InvalidValue::Malformed)?;
            scopes.0 |= scope as u8;
        }
        if scopes.0 == 0 { Err(InvalidValue::Malformed) } else { Ok(scopes) }
    }

    /// Whether a scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }

    /// Whether all of `other` is in the set.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope as u8))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for scope in Scope::ALL.into_iter().filter(|scope| self.contains(*scope)) {
            write!(f, "{separator}{}", scope.name())?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back() {
        let all = Scopes::all();
        assert_eq!(all.to_string(), "memos:read memos:write events:read account:read account:write");
        assert_eq!(Scopes::parse(&all.to_string()), Ok(all));
        let read = Scopes::parse("memos:read").expect("a valid scope");
        assert!(all.includes(read) && !read.includes(all));
        assert!(read.contains(Scope::MemosRead) && !read.contains(Scope::MemosWrite));
        for text in ["", " ", "memos", "memos:read,memos:write"] {
            assert_eq!(Scopes::parse(text), Err(InvalidValue::Malformed), "{text:?}");
        }
    }
}
