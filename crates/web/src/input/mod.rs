//! Reads requests: bodies, queries and forms become commands.
//!
//! serde parses the wire form, garde checks its shape (lengths of lists, ranges of numbers), and [`Input::read`] builds each
//! value object once. Every invalid value is reported, with its place.

mod body;
mod depth;
mod form;
mod object;
mod patch;
mod query;
mod refusals;
mod serde_error;
mod shape;

pub use body::{EmptyBody, FromBody, Incoming, Json, accepted, check_media_type, read, read_line};
pub use form::Form;
use garde::Validate;
pub use object::parse;
pub use patch::{Patch, patched_choice};
pub use query::{NoQuery, Query, read_query};
pub use refusals::{Refusals, Refused};
use serde::de::DeserializeOwned;
#[cfg(test)]
pub use shape::MAX_PROOF;
pub use shape::{
    AtMost, MAX_EXACT, choice, few_networks, few_tags, natural, object, one_or_more, optional_choice, parsed,
    patched_few_networks, patched_few_tags, patched_one_or_more, present, proof, version, whole_number,
};

/// The wire form of an input.
pub trait Input: DeserializeOwned + Validate<Context = ()> + 'static {
    /// What it is read as.
    type Command;

    /// Builds the command, and reports every invalid value.
    fn read(self, refused: &mut Refusals) -> Result<Self::Command, Refused>;
}

/// Inputs that are the command themselves: there is no more to check than their shape.
macro_rules! input_as_is {
    ($($input:ty),+) => {$(
        impl crate::input::Input for $input {
            type Command = Self;

            fn read(self, _: &mut crate::input::Refusals) -> Result<Self, crate::input::Refused> {
                Ok(self)
            }
        }
    )+};
}
pub(crate) use input_as_is;
