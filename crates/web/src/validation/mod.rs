//! Rules for `garde`: a member is valid where its value object can be made of it.
//!
//! garde carries texts alone, so each error is an [`InvalidValue`] in its text form, which the problem document reads back.

mod reading;

use garde::Error;
use memo_domain::{
    Content, DisplayName, Email, InvalidValue, Limit, MemoId, Password, SearchQuery, Tag, Tags, Timestamp, Title,
    UserFilter, UserId,
};
pub use reading::{AtMost, Patch, choice, object, parsed, patched_choice, patched_tag_texts, tag_texts, whole_number};

/// The greatest whole number that every JSON reader keeps exact (RFC 8259, section 6).
const MAX_EXACT: usize = 9_007_199_254_740_991;

fn refused(reason: InvalidValue) -> Error {
    Error::new(reason)
}

macro_rules! rules {
    ($($name:ident = $make:expr;)+) => {$(
        #[doc = concat!("Valid where `", stringify!($make), "` takes it.")]
        pub fn $name<C>(value: &str, _: &C) -> garde::Result {
            ($make)(value).map(drop).map_err(refused)
        }
    )+};
}

rules! {
    title = Title::new;
    content = Content::new;
    time = Timestamp::parse;
    display_name = DisplayName::new;
    email = Email::new;
    password = Password::new;
    search = SearchQuery::parse;
    memo_id = MemoId::parse;
    user_id = UserId::parse;
    member_text = |text| UserFilter::default().with_text(text);
}

/// A text that proves something: whatever is too long for it proves nothing, and is not looked at.
pub fn proof<C>(value: &str, _: &C) -> garde::Result {
    if value.len() > 1_024 { Err(refused(InvalidValue::TooLong { max: 1_024 })) } else { Ok(()) }
}

/// Valid tags, each at its own place, and not too many.
pub fn tags<C>(tags: &[String], _: &C) -> garde::Result {
    if tags.len() > Tags::MAX { Err(refused(InvalidValue::TooMany { max: Tags::MAX })) } else { Ok(()) }
}

/// A valid tag.
pub fn tag<C>(value: &str, _: &C) -> garde::Result {
    Tag::new(value).map(drop).map_err(refused)
}

/// Valid patched tags, and not too many.
pub fn patched_tags<C>(patch: &Patch<Vec<String>>, context: &C) -> garde::Result {
    let Patch::Value(values) = patch else { return Ok(()) };
    tags(values, context)?;
    values.iter().try_for_each(|value| tag(value, context))
}

/// A page size.
#[expect(clippy::ref_option, reason = "garde hands over the field as it is")]
pub fn limit<C>(value: &Option<i64>, _: &C) -> garde::Result {
    let Some(value) = value else { return Ok(()) };
    Limit::new(u64::try_from(*value).unwrap_or(0)).map(drop).map_err(refused)
}

/// A number of items, or the number of one.
#[expect(clippy::ref_option, reason = "garde hands over the field as it is")]
pub fn natural<C>(value: &Option<i64>, _: &C) -> garde::Result {
    match value.map(usize::try_from) {
        Some(Err(_)) => Err(refused(InvalidValue::TooSmall { min: 0 })),
        Some(Ok(value)) if value > MAX_EXACT => Err(refused(InvalidValue::TooLarge { max: MAX_EXACT })),
        _ => Ok(()),
    }
}

/// The number of a state, which is what is kept in 32 bits.
#[expect(clippy::ref_option, reason = "garde hands over the field as it is")]
pub fn version<C>(value: &Option<i64>, _: &C) -> garde::Result {
    match value {
        Some(..1) => Err(refused(InvalidValue::TooSmall { min: 1 })),
        Some(value) if u32::try_from(*value).is_err() => Err(refused(InvalidValue::TooLarge { max: 4_294_967_295 })),
        _ => Ok(()),
    }
}

/// A list that is neither empty nor too long.
pub fn one_or_more<T, C, const N: usize>(list: &AtMost<T, N>, _: &C) -> garde::Result {
    match list.0.len() {
        0 => Err(refused(InvalidValue::Required)),
        length if length > N => Err(refused(InvalidValue::TooMany { max: N })),
        _ => Ok(()),
    }
}

/// Applies a rule where there is a value.
pub fn optional<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Option<String>, &C) -> garde::Result {
    move |value, context| value.as_deref().map_or(Ok(()), |value| rule(value, context))
}

/// Applies a rule to a patched text that can be taken away.
pub fn patched<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Patch<String>, &C) -> garde::Result {
    move |patch, context| match patch {
        Patch::Value(value) => rule(value, context),
        Patch::Absent | Patch::Null => Ok(()),
    }
}

/// Applies a rule to a patched text that can't be taken away.
pub fn required<C>(rule: fn(&str, &C) -> garde::Result) -> impl FnOnce(&Patch<String>, &C) -> garde::Result {
    move |patch, context| match patch {
        Patch::Null => Err(refused(InvalidValue::Required)),
        patch => patched(rule)(patch, context),
    }
}
