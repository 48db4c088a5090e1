use std::collections::BTreeMap;

use crate::{
    InvalidValue,
    text::{check_length, check_no_control, fold, normalize},
};

/// A tag: trimmed, NFC, 1 to 50 characters, no control characters. Tags that differ only in case are equal.
#[derive(Debug, Clone)]
pub struct Tag {
    text: String,
    key: String,
}

impl Tag {
    /// The maximum length in characters (Unicode scalar values), after trimming and NFC.
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

    /// The text as given, after trimming and NFC.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form that tags are compared by.
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

/// The tags of a memo: up to 20, in the order given. Of equal tags, the first is kept.
#[derive(Debug, Clone, Default)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The maximum number of tags.
    pub const MAX: usize = 20;
    /// The maximum number of distinct tags of a user's memos.
    pub const MAX_PER_USER: usize = 5_000;

    /// # Errors
    /// [`InvalidValue::TooMany`] if more than 20 different tags are given.
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

    /// Whether a tag is among them, ignoring case.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// Replaces a tag by another. If both are present, they become one tag in the new spelling, at the first position.
    #[must_use]
    pub fn renamed(&self, from: &Tag, to: &Tag) -> Self {
        let mut kept: Vec<Tag> = Vec::with_capacity(self.0.len());
        for tag in &self.0 {
            let tag = if tag == from || tag == to { to } else { tag };
            if !kept.contains(tag) {
                kept.push(tag.clone());
            }
        }
        Self(kept)
    }

    /// Removes a tag.
    #[must_use]
    pub fn without(&self, tag: &Tag) -> Self {
        Self(self.0.iter().filter(|kept| *kept != tag).cloned().collect())
    }
}

impl From<Tags> for Vec<Tag> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

/// Exact: the same texts in the same order, unlike the equality of [`Tag`].
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

/// A tag and the number of memos that have it.
#[derive(Debug, Clone)]
pub struct TagCount {
    /// The tag in its most common spelling.
    pub tag: Tag,
    /// The number of memos that have it, in any spelling.
    pub count: u64,
}

impl TagCount {
    /// Merges spellings and their counts into one entry per tag, sorted by [`Tag::key`], byte by byte. The most common
    /// spelling is shown; of equally common ones, the smallest, compared byte by byte.
    #[must_use]
    pub fn join(spellings: impl IntoIterator<Item = (Tag, u64)>) -> Vec<Self> {
        let mut counts = BTreeMap::<(String, String), u64>::new();
        for (Tag { text, key }, count) in spellings {
            *counts.entry((key, text)).or_default() += count;
        }
        let mut joined: Vec<Self> = Vec::new();
        // The count of the spelling shown so far.
        let mut most = 0;
        for ((key, text), count) in counts {
            if let Some(known) = joined.last_mut().filter(|known| known.tag.key == key) {
                known.count += count;
                if count > most {
                    (known.tag.text, most) = (text, count);
                }
            } else {
                joined.push(Self { tag: Tag { text, key }, count });
                most = count;
            }
        }
        joined
    }
}

/// Exact: the same spelling, unlike the equality of [`Tag`].
impl PartialEq for TagCount {
    fn eq(&self, other: &Self) -> bool {
        (self.tag.as_str(), self.count) == (other.tag.as_str(), other.count)
    }
}

impl Eq for TagCount {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_a_tag_again_changes_nothing(text in any::<String>()) {
            if let Ok(tag) = Tag::new(&text) {
                let again = Tag::new(tag.as_str()).expect("a tag is a valid tag");
                prop_assert_eq!(again.as_str(), tag.as_str());
                prop_assert_eq!(again.key(), tag.key());
                prop_assert!((1..=Tag::MAX).contains(&tag.as_str().chars().count()));
            }
        }
    }

    #[test]
    fn tags_are_trimmed_normalized_and_compared_ignoring_case() {
        let decomposed = Tag::new("  \u{1112}\u{1161}\u{11ab}글 ").expect("a valid tag");
        assert_eq!(decomposed.as_str(), "한글");
        assert_eq!(Tag::new("Work"), Tag::new("wORK"));
        assert_eq!(Tag::new("STRASSE"), Tag::new("straße"));
        assert_eq!(Tag::new("ΝΕΟΣ"), Tag::new("νεος"));
        assert_eq!(Tag::new(" \u{3000} "), Err(InvalidValue::TooShort { min: 1 }));
        assert_eq!(Tag::new("a\nb"), Err(InvalidValue::ControlCharacter));
        assert_eq!(Tag::new("x".repeat(51)), Err(InvalidValue::TooLong { max: 50 }));
    }

    #[test]
    fn first_of_equal_tags_is_kept() {
        let tags =
            Tags::new(["Work", "home", "WORK"].map(|tag| Tag::new(tag).expect("a valid tag"))).expect("few tags");
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["Work", "home"]);
        let many = (0..21).map(|n| Tag::new(n.to_string()).expect("a valid tag"));
        assert_eq!(Tags::new(many), Err(InvalidValue::TooMany { max: 20 }));
    }

    fn tag(text: &str) -> Tag {
        Tag::new(text).expect("a valid tag")
    }

    #[test]
    fn renamed_tag_takes_the_position_of_the_first_of_both() {
        let tags = |texts: &[&str]| Tags::new(texts.iter().map(|text| tag(text))).expect("few tags");
        for (before, after) in [
            (&["a", "JOB", "b"][..], &["a", "Work", "b"][..]),
            (&["job", "a", "WORK"], &["Work", "a"]),
            (&["work", "a", "job"], &["Work", "a"]),
            (&["a"], &["a"]),
            (&[], &[]),
        ] {
            assert_eq!(tags(before).renamed(&tag("job"), &tag("Work")), tags(after), "{before:?}");
        }
        assert_eq!(tags(&["a", "job"]).renamed(&tag("JOB"), &tag("Job")), tags(&["a", "Job"]));
        assert_eq!(tags(&["a", "Job", "b"]).without(&tag("JOB")), tags(&["a", "b"]));
    }

    #[test]
    fn most_common_spelling_is_shown() {
        let join = |spellings: &[(&str, u64)]| -> Vec<(String, u64)> {
            let joined = TagCount::join(spellings.iter().map(|(text, count)| (tag(text), *count)));
            joined.into_iter().map(|TagCount { tag, count }| (tag.as_str().to_owned(), count)).collect()
        };
        let owned =
            |counts: &[(&str, u64)]| counts.iter().map(|(text, n)| ((*text).to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(join(&[]), []);
        assert_eq!(join(&[("work", 2), ("WORK", 1), ("work", 1)]), owned(&[("work", 4)]));
        assert_eq!(join(&[("work", 1), ("Work", 1), ("wORK", 1)]), owned(&[("Work", 3)]), "the smallest of the equal");
        // Sorted by key, so upper case does not sort first.
        let counts = [("Zoo", 1), ("apple", 1), ("나", 1), ("가", 1), ("Äpfel", 1)];
        assert_eq!(join(&counts), owned(&[("apple", 1), ("Zoo", 1), ("Äpfel", 1), ("가", 1), ("나", 1)]));
    }
}
