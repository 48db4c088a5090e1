use crate::{
    InvalidValue,
    text::{check_length, check_no_control, fold, normalize},
};

/// A tag: trimmed, NFC, 1 to 50 characters, no control characters. Tags are equal where they differ in case only.
#[derive(Debug, Clone)]
pub struct Tag {
    text: String,
    key: String,
}

impl Tag {
    /// The greatest length in characters (Unicode scalar values), after trimming and NFC.
    pub const MAX: usize = 50;

    /// # Errors
    /// [`InvalidValue::TooShort`], [`InvalidValue::TooLong`], [`InvalidValue::NulCharacter`] or
    /// [`InvalidValue::ControlCharacter`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        check_no_control(text.as_ref())?;
        let text = normalize(text.as_ref());
        check_length(&text, 1, Self::MAX)?;
        let key = fold(&text);
        Ok(Self { text, key })
    }

    /// The text with the letter case it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What tags are compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Tag {}

/// The tags of a memo: up to 20, each once, in the order given. Of two that are equal the first one stays.
#[derive(Debug, Clone, Default)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The greatest number of tags.
    pub const MAX: usize = 20;

    /// # Errors
    /// [`InvalidValue::TooMany`] where more than 20 remain after equal ones are joined.
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self, InvalidValue> {
        let mut kept: Vec<Tag> = Vec::new();
        for tag in tags {
            if !kept.contains(&tag) {
                kept.push(tag);
            }
        }
        if kept.len() > Self::MAX { Err(InvalidValue::TooMany { max: Self::MAX }) } else { Ok(Self(kept)) }
    }

    /// The tags in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    /// Whether a tag is among them, whatever its case.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }
}

/// Exact: the same texts in the same order, unlike the equality of two [`Tag`]s.
impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        self.iter().map(Tag::as_str).eq(other.iter().map(Tag::as_str))
    }
}

impl Eq for Tags {}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_tag_is_a_fixed_point(text in any::<String>()) {
            if let Ok(tag) = Tag::new(&text) {
                let again = Tag::new(tag.as_str()).expect("a tag is a valid tag");
                prop_assert_eq!(again.as_str(), tag.as_str());
                prop_assert_eq!(again.key(), tag.key());
                prop_assert!((1..=Tag::MAX).contains(&tag.as_str().chars().count()));
            }
        }
    }

    #[test]
    fn tags_are_trimmed_normalized_and_compared_without_case() {
        let decomposed = Tag::new("  \u{1112}\u{1161}\u{11ab}글 ").expect("a valid tag");
        assert_eq!(decomposed.as_str(), "한글");
        assert_eq!(Tag::new("Work"), Tag::new("wORK"));
        assert_eq!(Tag::new(" \u{3000} "), Err(InvalidValue::TooShort { min: 1 }));
        assert_eq!(Tag::new("a\nb"), Err(InvalidValue::ControlCharacter));
        assert_eq!(Tag::new("x".repeat(51)), Err(InvalidValue::TooLong { max: 50 }));
    }

    #[test]
    fn of_equal_tags_the_first_stays() {
        let tags =
            Tags::new(["Work", "home", "WORK"].map(|tag| Tag::new(tag).expect("a valid tag"))).expect("few tags");
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["Work", "home"]);
        let many = (0..21).map(|n| Tag::new(n.to_string()).expect("a valid tag"));
        assert_eq!(Tags::new(many), Err(InvalidValue::TooMany { max: 20 }));
    }
}
