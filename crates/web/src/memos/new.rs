use std::pin::Pin;

use actix_web::{FromRequest, HttpMessage, dev::Payload};
use memo_domain::{Content, MemoState, Tag, Tags};
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, SchemaFormat, Type};

use super::input::MemoInput;
use crate::{
    input::{Incoming, read},
    offload::offload,
    prelude::*,
    problem::{FieldError, Place},
};

/// A new memo.
pub enum NewMemo {
    /// All that its owner writes.
    State(MemoState),
    /// Its content, which has the title in it.
    Text(Content),
}

impl FromRequest for NewMemo {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = Incoming::of(request, payload);
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        Box::pin(async move {
            let body = incoming?.read().await?;
            let length = body.len();
            let read =
                move || Ok(if is_json { Self::State(read::<MemoInput>(&body)?) } else { Self::Text(content(&body)?) });
            Ok(offload(length, read).await?)
        })
    }
}

fn content(bytes: &[u8]) -> Result<Content, Problem> {
    let text = str::from_utf8(bytes).map_err(|_| Problem::new(Code::BadRequest))?;
    let mut refused = Refusals::of_body();
    let content = refused.value("content", Content::new(text));
    refused.finish(content)
}

/// A text. Its first heading, or else its first line, is the title: one of them has a visible character.
#[derive(ToSchema)]
#[schema(value_type = String, format = "content")]
pub struct NewMemoText(#[expect(dead_code, reason = "a schema only")] String);

/// What the query adds to a new memo.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct NewMemoQuery {
    /// A tag, as in `tags` of a JSON body. Repeated, up to 20 different ones.
    #[serde(default)]
    #[param(required = false, style = Form, explode = true, schema_with = tag_parameter)]
    tag: Vec<String>,
}

impl Input for NewMemoQuery {
    type Command = Vec<Tag>;

    fn read(self, refused: &mut Refusals) -> Result<Vec<Tag>, Refused> {
        refused.each("tag", self.tag, Tag::new)
    }
}

/// Adds the tags of the query to those of the body.
pub fn tagged(tags: &Tags, more: Vec<Tag>) -> Result<Tags, Problem> {
    let refused = |reason| Problem::invalid(vec![FieldError::refused(Place::Parameter("tag".to_owned()), reason)]);
    Tags::new(tags.iter().cloned().chain(more)).map_err(refused)
}

fn tag_parameter() -> Array {
    let tag = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("tags".into())));
    let description = "A tag, as in `tags` of a JSON body. Repeated, up to 20 different ones.";
    ArrayBuilder::new().items(tag).description(Some(description)).build()
}
