use memo_domain::{InvalidValue, OptionalChange, Tag, Tags};

use super::{AtMost, Patch};
use crate::problem::{FieldCode, FieldError, MAX_ERRORS, Place, Problem};

/// The invalid values of a request, collected while it is read.
#[derive(Debug)]
pub struct Refusals {
    place: fn(&[String]) -> Place,
    /// Where the part that is being read stands.
    path: Vec<String>,
    errors: Vec<FieldError>,
}

/// A value was invalid; [`Refusals`] has the details.
#[derive(Debug)]
pub struct Refused;

impl Refusals {
    /// Of a body.
    pub const fn of_body() -> Self {
        Self { place: Place::pointer, path: Vec::new(), errors: Vec::new() }
    }

    /// Of a query.
    pub const fn of_query() -> Self {
        Self { place: Place::parameter, path: Vec::new(), errors: Vec::new() }
    }

    /// The command, if nothing was refused.
    pub fn finish<T>(self, command: Result<T, Refused>) -> Result<T, Problem> {
        match command {
            Ok(command) if self.errors.is_empty() => Ok(command),
            _ => Err(Problem::invalid(self.errors)),
        }
    }

    /// The place of these names, below the part that is being read.
    pub fn place(&self, names: &[String]) -> Place {
        if self.path.is_empty() { (self.place)(names) } else { (self.place)(&[&self.path, names].concat()) }
    }

    /// Adds an error, once.
    pub fn push(&mut self, error: FieldError) -> Refused {
        if self.errors.len() < MAX_ERRORS && !self.errors.contains(&error) {
            self.errors.push(error);
        }
        Refused
    }

    /// Adds an error of a field.
    pub fn add(&mut self, name: &str, code: FieldCode) -> Refused {
        self.push(FieldError::new(self.place(&[name.to_owned()]), code))
    }

    /// Reads a part that stands in this field.
    pub fn within<T>(&mut self, name: impl Into<String>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name.into());
        let part = read(self);
        self.path.pop();
        part
    }

    /// A value of a field, if it is valid.
    pub fn value<T>(&mut self, name: &str, value: Result<T, InvalidValue>) -> Result<T, Refused> {
        value.map_err(|reason| self.push(FieldError::refused(self.place(&[name.to_owned()]), reason)))
    }

    /// A value that may be absent.
    pub fn optional<I, T>(
        &mut self,
        name: &str,
        value: Option<I>,
        parse: impl FnOnce(I) -> Result<T, InvalidValue>,
    ) -> Result<Option<T>, Refused> {
        self.value(name, value.map(parse).transpose())
    }

    /// The values of a list.
    pub fn each<I, T>(
        &mut self,
        name: &str,
        values: Vec<I>,
        parse: impl Fn(I) -> Result<T, InvalidValue>,
    ) -> Result<Vec<T>, Refused> {
        self.within(name, |refused| {
            let values = values.into_iter().enumerate();
            // All of them, not only until the first error.
            let read: Vec<_> = values.map(|(index, value)| refused.value(&index.to_string(), parse(value))).collect();
            read.into_iter().collect()
        })
    }

    /// The tags of a memo.
    pub fn tags(&mut self, tags: AtMost<String, { Tags::MAX }>) -> Result<Tags, Refused> {
        let tags = self.each("tags", tags.0, Tag::new)?;
        self.value("tags", Tags::new(tags))
    }

    /// A patched value that cannot be removed.
    pub fn patched<I, T>(
        &mut self,
        name: &str,
        patch: Patch<I>,
        parse: impl FnOnce(I) -> Result<T, InvalidValue>,
    ) -> Result<Option<T>, Refused> {
        match patch {
            Patch::Absent => Ok(None),
            Patch::Null => Err(self.add(name, FieldCode::Required)),
            Patch::Value(value) => self.value(name, parse(value)).map(Some),
        }
    }

    /// A patched value that may be removed.
    pub fn patched_optional<I, T>(
        &mut self,
        name: &str,
        patch: Patch<I>,
        parse: impl FnOnce(I) -> Result<T, InvalidValue>,
    ) -> Result<OptionalChange<T>, Refused> {
        match patch {
            Patch::Absent => Ok(OptionalChange::Keep),
            Patch::Null => Ok(OptionalChange::Clear),
            Patch::Value(value) => self.value(name, parse(value)).map(OptionalChange::Set),
        }
    }
}
