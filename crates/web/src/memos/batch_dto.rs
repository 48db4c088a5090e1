use garde::Validate;
use memo_application::{BatchOperation, BatchOutcome};
use memo_domain::{InvalidValue, MemoId, Version};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{Discriminator, Object, ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use super::dto::{Memo, MemoInput, MemoPatch};
use crate::{
    extract::{FromJson, object},
    problem::FieldError,
    validation::{self, AtMost},
};

/// The most operations of a batch.
const MAX: usize = 100;

/// What to do, in this order.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchInput, example = json!({"operations": [
    {"op": "create", "memo": {"title": "주간회의록", "tags": ["work"]}},
    {"op": "update", "id": "0198c0de-7f00-7000-8000-00000000000b", "if_version": 7, "memo": {"pinned": true}},
    {"op": "delete", "id": "0198c0de-7f00-7000-8000-00000000000c"}
]}))]
pub struct BatchBody<'a> {
    /// The operations. Each sees what those before it did.
    #[serde(borrow)]
    #[garde(custom(validation::one_or_more))]
    #[schema(value_type = Vec<Operation>, min_items = 1, max_items = 100)]
    operations: AtMost<&'a RawValue, MAX>,
}

/// The same, read.
pub struct BatchInput {
    operations: Vec<Operation>,
}

/// One of the things that a batch does.
enum Operation {
    Create(CreateOperation),
    Update(UpdateOperation),
    Delete(DeleteOperation),
}

/// Keeps a memo.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateOperation)]
struct CreateOperation {
    #[serde(rename = "op")]
    #[garde(skip)]
    #[schema(schema_with = create)]
    _op: IgnoredAny,
    /// The memo.
    #[serde(deserialize_with = "validation::object")]
    #[garde(dive)]
    memo: MemoInput,
}

/// Changes a memo; the answer has it as it is then.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UpdateOperation)]
struct UpdateOperation {
    #[serde(rename = "op")]
    #[garde(skip)]
    #[schema(schema_with = update)]
    _op: IgnoredAny,
    /// The memo's id.
    #[garde(custom(validation::memo_id))]
    #[schema(format = "uuid")]
    id: String,
    /// The version that the memo must be in: 412 where it is in another one.
    #[serde(default, deserialize_with = "validation::whole_number")]
    #[garde(custom(validation::version))]
    #[schema(nullable = false, minimum = 1, maximum = 4_294_967_295_i64)]
    if_version: Option<i64>,
    /// What changes.
    #[serde(deserialize_with = "validation::object")]
    #[garde(dive)]
    memo: MemoPatch,
}

/// Moves a memo to the trash; one that is there is left alone.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeleteOperation)]
struct DeleteOperation {
    #[serde(rename = "op")]
    #[garde(skip)]
    #[schema(schema_with = delete)]
    _op: IgnoredAny,
    /// The memo's id.
    #[garde(custom(validation::memo_id))]
    #[schema(format = "uuid")]
    id: String,
}

/// An operation, of which only the kind is looked at.
#[derive(Deserialize, Validate)]
struct Kind {
    #[serde(deserialize_with = "validation::choice")]
    #[garde(skip)]
    op: KindName,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Create,
    Update,
    Delete,
}

/// Each operation by itself, so that what is wrong is said of all of them, and at its place.
impl FromJson for BatchInput {
    fn from_json(json: &[u8]) -> Result<Self, Vec<FieldError>> {
        let body: BatchBody = object(json, &[])?;
        let (mut operations, mut wrong) = (Vec::new(), Vec::new());
        for (index, operation) in body.operations.0.iter().enumerate() {
            match Operation::read(operation.get().as_bytes(), index) {
                Ok(operation) => operations.push(operation),
                Err(errors) => wrong.extend(errors),
            }
        }
        if wrong.is_empty() { Ok(Self { operations }) } else { Err(wrong) }
    }
}

impl Operation {
    fn read(json: &[u8], index: usize) -> Result<Self, Vec<FieldError>> {
        fn read<T: DeserializeOwned + Validate<Context = ()>>(
            json: &[u8],
            at: &[String],
        ) -> Result<T, Vec<FieldError>> {
            object(json, at)
        }
        let at = ["operations".into(), index.to_string()];
        Ok(match read::<Kind>(json, &at)?.op {
            KindName::Create => Self::Create(read(json, &at)?),
            KindName::Update => Self::Update(read(json, &at)?),
            KindName::Delete => Self::Delete(read(json, &at)?),
        })
    }
}

impl TryFrom<BatchInput> for Vec<BatchOperation> {
    type Error = InvalidValue;

    fn try_from(input: BatchInput) -> Result<Self, InvalidValue> {
        input.operations.into_iter().map(TryInto::try_into).collect()
    }
}

impl TryFrom<Operation> for BatchOperation {
    type Error = InvalidValue;

    fn try_from(operation: Operation) -> Result<Self, InvalidValue> {
        Ok(match operation {
            Operation::Create(create) => Self::Create(create.memo.try_into()?),
            Operation::Update(update) => Self::Update {
                id: MemoId::parse(&update.id)?,
                if_version: update.if_version.map(version).transpose()?,
                change: update.memo.try_into()?,
            },
            Operation::Delete(delete) => Self::Delete(MemoId::parse(&delete.id)?),
        })
    }
}

fn version(number: i64) -> Result<Version, InvalidValue> {
    u32::try_from(number).map(Version::new).map_err(|_| InvalidValue::Malformed)
}

/// What each operation has done, in their order.
#[derive(Serialize, ToSchema)]
pub struct BatchResults {
    #[schema(min_items = 1, max_items = 100)]
    results: Vec<BatchResult>,
}

/// What one operation has done.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    /// The status that it would have by itself: 201 for `create`, 200 for `update`, 204 for `delete`.
    #[schema(schema_with = status)]
    status: u16,
    /// The memo as it is now; absent where the status is 204.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    memo: Option<Memo>,
}

impl From<Vec<BatchOutcome>> for BatchResults {
    fn from(outcomes: Vec<BatchOutcome>) -> Self {
        Self { results: outcomes.into_iter().map(Into::into).collect() }
    }
}

impl From<BatchOutcome> for BatchResult {
    fn from(outcome: BatchOutcome) -> Self {
        match outcome {
            BatchOutcome::Created(view) => Self { status: 201, memo: Some(view.into()) },
            BatchOutcome::Updated(view) => Self { status: 200, memo: Some(view.into()) },
            BatchOutcome::Deleted => Self { status: 204, memo: None },
        }
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
    fn name() -> std::borrow::Cow<'static, str> {
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

/// The member that tells what an operation is.
fn op(name: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name])).build()
}

fn status() -> Object {
    let description = "The status that it would have by itself: 201 for `create`, 200 for `update`, 204 for `delete`.";
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some([200, 201, 204]))
        .description(Some(description))
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(body: &serde_json::Value) -> Vec<FieldError> {
        BatchInput::from_json(body.to_string().as_bytes()).err().unwrap_or_default()
    }

    #[test]
    fn operations_are_read_whatever_the_order_of_their_members() {
        let id = "0198c0de-7f00-7000-8000-00000000000b";
        let body = format!(
            r#"{{"operations": [ {{"memo": {{"title": "a"}}, "op": "create"}}, {{"id": "{id}", "op": "delete"}}]}}"#
        );
        let input = BatchInput::from_json(body.as_bytes()).expect("a batch");
        let operations: Vec<BatchOperation> = input.try_into().expect("operations");
        assert!(matches!(&operations[..], [BatchOperation::Create(_), BatchOperation::Delete(_)]));
    }

    #[test]
    fn an_array_is_no_object() {
        for operation in [json!(["create", {"title": "a"}]), json!({"op": "create", "memo": ["a"]})] {
            assert_eq!(wrong(&json!({"operations": [operation]})).len(), 1);
        }
    }
}
