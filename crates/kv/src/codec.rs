//! How entities are written as bytes.
//!
//! A record begins with the version of its format, so that a later version of this crate reads what an older one wrote.
//! What is read is checked by the constructors of the domain: anything else is [`StoreError::Corrupt`].

use memo_domain::{
    AuditKind, InvalidValue, JobKind, LinkTarget, Networks, PasswordHash, Scopes, Sealed, SecretDigest, Source,
    StoreError, Tag, Tags, Timestamp, Version,
};

/// A value with a form in bytes. [`read`](Self::read) takes exactly what [`write`](Self::write) added.
pub trait Codec: Sized {
    fn write(&self, out: &mut Vec<u8>);

    fn read(input: &mut Input<'_>) -> Result<Self, Source>;
}

pub fn encode(value: &impl Codec) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

pub fn decode<T: Codec>(bytes: &[u8]) -> Result<T, StoreError> {
    let mut input = Input(bytes);
    let value = T::read(&mut input).map_err(StoreError::corrupt)?;
    if input.0.is_empty() { Ok(value) } else { Err(StoreError::corrupt("a record is longer than its format")) }
}

/// The rest of the bytes that are read.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Source> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("a record is shorter than its format")?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Source> {
        Ok(self.take(N)?.try_into()?)
    }

    /// Returns the version of the record that begins here, which is at most the one that this crate writes.
    pub fn version(&mut self, newest: u8) -> Result<u8, Source> {
        let [version] = self.array()?;
        if (1..=newest).contains(&version) {
            Ok(version)
        } else {
            Err(format!("a record has version {version}; this server reads 1 to {newest}").into())
        }
    }
}

/// Implements [`Codec`] for a struct: `record!(Type, version, { field, field })`.
///
/// To add a field, raise the version and append the field with the version that brought it and the value that older
/// records get: `field: since 2, None`.
macro_rules! record {
    ($type:ident, $newest:literal, { $($field:ident $(: since $since:literal, $default:expr)?),+ $(,)? }) => {
        impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                out.push($newest);
                $($field.write(out);)+
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Source> {
                let version = input.version($newest)?;
                let _ = version;
                Ok(Self { $($field: record!(@read input version $($since $default)?)),+ })
            }
        }
    };
    (@read $input:ident $version:ident) => { Codec::read($input)? };
    (@read $input:ident $version:ident $since:literal $default:expr) => {
        if $version >= $since { Codec::read($input)? } else { $default }
    };
}
pub(crate) use record;

macro_rules! integers {
    ($($type:ident)+) => {$(
        impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_be_bytes());
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Source> {
                Ok(Self::from_be_bytes(input.array()?))
            }
        }
    )+};
}
integers!(u8 u16 u32 u64 i64);

impl Codec for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push((*self).into());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a flag is 0 or 1".into()),
        }
    }
}

impl<T: Codec> Codec for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        if bool::read(input)? { Ok(Some(T::read(input)?)) } else { Ok(None) }
    }
}

/// Bytes after their number, in base 128, the lowest digit first (LEB128).
pub fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    let mut length = bytes.len();
    while length > 0x7f {
        out.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or(0));
    out.extend_from_slice(bytes);
}

fn read_bytes<'a>(input: &mut Input<'a>) -> Result<&'a [u8], Source> {
    let mut length = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let digit = u8::read(input)?;
        length |= usize::from(digit & 0x7f) << shift;
        if digit & 0x80 == 0 {
            return input.take(length);
        }
    }
    Err("a length has too many digits".into())
}

pub fn read_text<'a>(input: &mut Input<'a>) -> Result<&'a str, Source> {
    Ok(std::str::from_utf8(read_bytes(input)?)?)
}

impl Codec for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(read_text(input)?.to_owned())
    }
}

impl Codec for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self, out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(read_bytes(input)?.to_vec())
    }
}

/// Texts with rules.
macro_rules! texts {
    ($($type:ident)+) => {$(
        impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::codec::write_bytes(self.as_str().as_bytes(), out);
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Source> {
                Ok(Self::new($crate::codec::read_text(input)?)?)
            }
        }
    )+};
}
pub(crate) use texts;

impl Codec for Sealed {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::new(read_bytes(input)?.to_vec()))
    }
}

impl Codec for Tags {
    fn write(&self, out: &mut Vec<u8>) {
        for tag in self {
            true.write(out);
            tag.write(out);
        }
        false.write(out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        let mut tags = Vec::new();
        while bool::read(input)? {
            tags.push(Tag::read(input)?);
        }
        Ok(Self::new(tags)?)
    }
}

/// Values with another form: how they are turned into it, and back.
macro_rules! values {
    ($($type:ident as $form:ident: $into:expr, $from:expr;)+) => {$(
        impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                let form: $form = $into(self);
                form.write(out);
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Source> {
                $from($form::read(input)?).map_err(Source::from)
            }
        }
    )+};
}
values! {
    Timestamp as i64: |time: &Self| time.as_micros(), |micros| Ok::<_, InvalidValue>(Self::from_micros(micros));
    Version as u32: |version: &Self| version.get(), |number| Ok::<_, InvalidValue>(Self::new(number));
    PasswordHash as String: |hash: &Self| hash.as_str().to_owned(), |text| Ok::<_, InvalidValue>(Self::new(text));
    Scopes as String: Self::to_string, |text: String| Self::parse(&text);
    Networks as String: Self::to_string, |text: String| Self::parse(&text);
    JobKind as String: |kind: &Self| kind.as_str().to_owned(), Self::new;
    AuditKind as String: |kind: &Self| kind.name().to_owned(), |text: String| named(&text, Self::NAMES);
}

fn named<T: Copy>(name: &str, names: &[(T, &str)]) -> Result<T, InvalidValue> {
    names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value).ok_or(InvalidValue::Malformed)
}

impl Codec for SecretDigest {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::new(input.array()?))
    }
}

impl Codec for LinkTarget {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Source> {
        Ok(Self::new(input.array()?))
    }
}

/// The numbers of enums. A number that was written once keeps its meaning.
macro_rules! enums {
    ($($type:ident { $($variant:ident = $number:literal),+ })+) => {$(
        impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $number),+ });
            }

            fn read(input: &mut Input<'_>) -> Result<Self, Source> {
                match u8::read(input)? {
                    $($number => Ok(Self::$variant),)+
                    number => Err(format!("no {} has number {number}", stringify!($type)).into()),
                }
            }
        }
    )+};
}
pub(crate) use enums;

#[cfg(test)]
mod tests {
    use memo_domain::Role;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Old {
        name: String,
    }
    record!(Old, 1, { name });

    #[derive(Debug, PartialEq)]
    struct New {
        name: String,
        color: Option<String>,
        size: u32,
    }
    record!(New, 3, { name, color: since 2, None, size: since 3, 7 });

    #[test]
    fn record_of_an_older_version_is_read_with_defaults() {
        let name = "한글".to_owned();
        let old = encode(&Old { name: name.clone() });
        assert_eq!(decode::<New>(&old).expect("it is read"), New { name: name.clone(), color: None, size: 7 });
        let new = New { name, color: Some(String::new()), size: 1 };
        assert_eq!(decode::<New>(&encode(&new)).expect("it is read"), new);
    }

    #[test]
    fn bytes_of_no_format_are_corrupt() {
        let new = encode(&New { name: "a".to_owned(), color: None, size: 1 });
        assert!(matches!(decode::<Old>(&new), Err(StoreError::Corrupt { .. })), "a newer version");
        for length in 0..new.len() {
            assert!(matches!(decode::<New>(&new[..length]), Err(StoreError::Corrupt { .. })), "cut after {length}");
        }
        assert!(matches!(decode::<New>(&[new, vec![0]].concat()), Err(StoreError::Corrupt { .. })), "a byte too much");
        for bytes in [&[9][..], &[0xff; 20], &[1, 0xff]] {
            assert!(matches!(decode::<Role>(bytes), Err(StoreError::Corrupt { .. })), "{bytes:?}");
            assert!(matches!(decode::<String>(bytes), Err(StoreError::Corrupt { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn lengths_of_any_size_are_read_back() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 400_000] {
            let text = "x".repeat(length);
            assert_eq!(decode::<String>(&encode(&text)).expect("it is read"), text);
        }
    }
}
