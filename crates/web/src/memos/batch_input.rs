use std::borrow::Cow;

use memo_application::BatchOperation;
use memo_domain::{MemoId, Version};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema,
    openapi::{
        Ref, RefOr,
        schema::{Discriminator, Object, ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use super::input::{MemoInput, MemoPatch};
use crate::{
    input::{FromBody, object, one_or_more, parse, version as is_version, whole_number},
    prelude::*,
};

/// The maximum number of operations.
const MAX_OPERATIONS: usize = 100;

/// Operations, in order.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchInput, example = json!({"operations": [
    {"op": "create", "memo": {"title": "주간회의록", "tags": ["work"]}},
    {"op": "update", "id": "0198c0de-7f00-7000-8000-00000000000b", "if_version": 7, "memo": {"pinned": true}},
    {"op": "delete", "id": "0198c0de-7f00-7000-8000-00000000000c"}
]}))]
pub struct BatchBody<'a> {
    /// The operations. Each sees the results of the previous ones.
    #[serde(borrow)]
    #[garde(custom(one_or_more))]
    #[schema(value_type = Vec<Operation>, min_items = 1, max_items = 100)]
    operations: AtMost<&'a RawValue, MAX_OPERATIONS>,
}

/// The maximum number of characters of the contents of a batch, so that one transaction takes a moment.
const MAX_CONTENT: usize = 2_000_000;

/// The same, read.
pub struct BatchInput;

/// Refuses a batch whose contents are too long together.
pub fn check_content(operations: &[BatchOperation]) -> Result<(), Problem> {
    let content = |operation: &BatchOperation| match operation {
        BatchOperation::Create { state, .. } => state.content.as_str().chars().count(),
        BatchOperation::Update { change, .. } => {
            change.content.as_ref().map_or(0, |content| content.as_str().chars().count())
        }
        BatchOperation::Delete(_) => 0,
    };
    let length: usize = operations.iter().map(content).sum();
    if length > MAX_CONTENT { Err(Problem::new(Code::BatchTooLarge).about(MAX_CONTENT)) } else { Ok(()) }
}

/// Each operation is read on its own, so that the errors of all are reported, at their places.
impl FromBody for BatchInput {
    type Command = Vec<BatchOperation>;

    fn from_json(json: &[u8], refused: &mut Refusals) -> Result<Vec<BatchOperation>, Refused> {
        let body: BatchBody<'_> = parse(json, refused)?;
        let operations = body.operations.0;
        let read: Vec<_> = refused.within("operations", |refused| {
            let read = |(index, operation): (usize, &RawValue)| {
                refused.within(index.to_string(), |refused| Operation::read(operation.get().as_bytes(), refused))
            };
            operations.into_iter().enumerate().map(read).collect()
        });
        read.into_iter().collect()
    }
}

/// An operation of a batch.
struct Operation;

impl Operation {
    fn read(json: &[u8], refused: &mut Refusals) -> Result<BatchOperation, Refused> {
        match parse::<Kind>(json, refused)?.op {
            KindName::Create => parse::<CreateOperation>(json, refused)?.read(refused),
            KindName::Update => parse::<UpdateOperation>(json, refused)?.read(refused),
            KindName::Delete => parse::<DeleteOperation>(json, refused)?.read(refused),
        }
    }
}

/// The kind of an operation; its other fields are ignored.
#[derive(Deserialize, Validate)]
#[garde(allow_unvalidated)]
struct Kind {
    #[serde(deserialize_with = "choice")]
    op: KindName,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Create,
    Update,
    Delete,
}

/// Creates a memo.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct CreateOperation {
    #[serde(rename = "op")]
    #[schema(schema_with = create)]
    _op: IgnoredAny,
    /// The id of the new memo, a UUIDv7 that no memo has: 412 if one has it. By default the server chooses one.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, format = "new-id")]
    id: Option<String>,
    /// The memo.
    #[serde(deserialize_with = "object")]
    #[garde(dive)]
    memo: MemoInput,
}

impl Input for CreateOperation {
    type Command = BatchOperation;

    fn read(self, refused: &mut Refusals) -> Result<BatchOperation, Refused> {
        let id = refused.optional("id", self.id, |id| MemoId::parse(&id));
        let state = refused.within("memo", |refused| self.memo.read(refused));
        Ok(BatchOperation::Create { id: id?, state: state? })
    }
}

/// Changes a memo; the result contains it.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct UpdateOperation {
    #[serde(rename = "op")]
    #[schema(schema_with = update)]
    _op: IgnoredAny,
    /// The id of the memo.
    #[schema(format = "uuid")]
    id: String,
    /// The version that the memo must have: 412 if it has another one.
    #[serde(default, deserialize_with = "whole_number")]
    #[garde(custom(is_version))]
    #[schema(nullable = false, format = "version")]
    if_version: Option<i64>,
    /// What changes.
    #[serde(deserialize_with = "object")]
    #[garde(dive)]
    memo: MemoPatch,
}

impl Input for UpdateOperation {
    type Command = BatchOperation;

    fn read(self, refused: &mut Refusals) -> Result<BatchOperation, Refused> {
        let id = refused.value("id", MemoId::parse(&self.id));
        let change = refused.within("memo", |refused| self.memo.read(refused));
        // Its range is part of the shape.
        let if_version = self.if_version.and_then(|number| u32::try_from(number).ok()).map(Version::new);
        Ok(BatchOperation::Update { id: id?, if_version, change: change? })
    }
}

/// Moves a memo to the trash; one that is there stays there.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct DeleteOperation {
    #[serde(rename = "op")]
    #[schema(schema_with = delete)]
    _op: IgnoredAny,
    /// The id of the memo.
    #[schema(format = "uuid")]
    id: String,
}

impl Input for DeleteOperation {
    type Command = BatchOperation;

    fn read(self, refused: &mut Refusals) -> Result<BatchOperation, Refused> {
        refused.value("id", MemoId::parse(&self.id)).map(BatchOperation::Delete)
    }
}

impl PartialSchema for Operation {
    fn schema() -> RefOr<Schema> {
        let kinds = [
            ("create", CreateOperation::name()),
            ("update", UpdateOperation::name()),
            ("delete", DeleteOperation::name()),
        ];
        let references = kinds.map(|(op, name)| (op, format!("#/components/schemas/{name}")));
        let any = references.iter().fold(OneOfBuilder::new(), |any, (_, reference)| any.item(Ref::new(reference)));
        any.discriminator(Some(Discriminator::with_mapping("op", references))).into()
    }
}

impl ToSchema for Operation {
    fn name() -> Cow<'static, str> {
        "BatchOperation".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<CreateOperation>(schemas);
        add::<UpdateOperation>(schemas);
        add::<DeleteOperation>(schemas);
    }
}

fn create() -> Object {
    op("create")
}

fn update() -> Object {
    op("update")
}

fn delete() -> Object {
    op("delete")
}

/// The field that tells the kind of an operation.
fn op(name: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name])).build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Vec<BatchOperation>, crate::problem::Problem> {
        let mut refused = Refusals::of_body();
        let command = BatchInput::from_json(body.as_bytes(), &mut refused);
        refused.finish(command)
    }

    #[test]
    fn fields_of_operations_are_read_in_any_order() {
        let id = "0198c0de-7f00-7000-8000-00000000000b";
        let body = format!(
            r#"{{"operations": [ {{"memo": {{"title": "a"}}, "op": "create"}}, {{"id": "{id}", "op": "delete"}}]}}"#
        );
        let operations = read(&body).expect("a batch");
        assert!(matches!(&operations[..], [BatchOperation::Create { .. }, BatchOperation::Delete(_)]));
    }

    #[test]
    fn documented_maximum_is_the_enforced_one() {
        let document = crate::openapi();
        let operations = &document["components"]["schemas"]["BatchInput"]["properties"]["operations"];
        assert_eq!(operations["maxItems"], MAX_OPERATIONS);
    }

    #[test]
    fn arrays_are_not_objects() {
        for operation in [json!(["create", {"title": "a"}]), json!({"op": "create", "memo": ["a"]})] {
            assert!(read(&json!({"operations": [operation]}).to_string()).is_err());
        }
    }
}
