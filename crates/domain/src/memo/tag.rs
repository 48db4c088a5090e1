use std::collections::BTreeMap;

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

    /// The same with another tag in the place of one; where that one is among them already, the two become one, in the
    /// place of the first and with the new spelling.
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

    /// The same without a tag.
    #[must_use]
    pub fn without(&self, tag: &Tag) -> Self {
        Self(self.0.iter().filter(|kept| *kept != tag).cloned().collect())
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

/// A tag, and how many memos have it.
#[derive(Debug, Clone)]
pub struct TagCount {
    /// The tag, spelled as most of the memos spell it.
    pub tag: Tag,
    /// How many memos have it, in any spelling.
    pub count: u64,
}

impl TagCount {
    /// Puts the spellings of each tag together, with how many memos have each: they are counted as one, and the commonest
    /// one is shown; of equally common ones the smallest, compared byte by byte. Sorted by [`Tag::key`], byte by byte.
    #[must_use]
    pub fn join(spellings: impl IntoIterator<Item = (Tag, u64)>) -> Vec<Self> {
        let mut counts = BTreeMap::<(String, String), u64>::new();
        for (Tag { text, key }, count) in spellings {
            *counts.entry((key, text)).or_default() += count;
        }
        let mut joined: Vec<Self> = Vec::new();
        // How many memos have the spelling that is shown so far.
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

/// Exact: the same spelling, unlike the equality of two [`Tag`]s.
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

    fn tag(text: &str) -> Tag {
        Tag::new(text).expect("a valid tag")
    }

    #[test]
    fn a_renamed_tag_stands_where_the_first_of_the_two_stood() {
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
    fn the_commonest_spelling_is_shown() {
        let join = |spellings: &[(&str, u64)]| -> Vec<(String, u64)> {
            let joined = TagCount::join(spellings.iter().map(|(text, count)| (tag(text), *count)));
            joined.into_iter().map(|TagCount { tag, count }| (tag.as_str().to_owned(), count)).collect()
        };
        let owned =
            |counts: &[(&str, u64)]| counts.iter().map(|(text, n)| ((*text).to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(join(&[]), []);
        assert_eq!(join(&[("work", 2), ("WORK", 1), ("work", 1)]), owned(&[("work", 4)]));
        assert_eq!(join(&[("work", 1), ("Work", 1), ("wORK", 1)]), owned(&[("Work", 3)]), "the smallest of the equal");
        // By key: among its neighbours a tag stands where it stands in lower case.
        let counts = [("Zoo", 1), ("apple", 1), ("나", 1), ("가", 1), ("Äpfel", 1)];
        assert_eq!(join(&counts), owned(&[("apple", 1), ("Zoo", 1), ("Äpfel", 1), ("가", 1), ("나", 1)]));
    }
}
