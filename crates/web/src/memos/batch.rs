use memo_application::{BatchOutcome, Memos, Once};
use memo_domain::UserId;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::batch_input::{BatchBody, BatchInput, check_content};
use crate::{dto::MemoDto, offload::offload_at_once, prelude::*, respond::Reply};

operations! {
    batch_memos => Policy::scopes(&[Scope::MemosWrite]).body(Body::Json).size(Size::AtLeast(16 << 20)).work(Work::heavy(10)).idempotent()
        .problems(&[Code::MemoNotFound, Code::NotOwner, Code::MemoTrashed, Code::PreconditionFailed,
            Code::TooManyTags, Code::BatchTooLarge]);
}

/// The results of the operations, in their order.
#[derive(Serialize, ToSchema)]
struct BatchResults {
    #[schema(min_items = 1, max_items = 100)]
    results: Vec<BatchResult>,
}

/// The result of an operation.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    #[schema(schema_with = status)]
    status: u16,
    /// The memo after the operation; absent if the status is 204.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    memo: Option<MemoDto>,
}

fn status() -> Object {
    let description =
        "The status of the same operation on its own: 201 for `create`, 200 for `update`, 204 for `delete`.";
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some([200, 201, 204]))
        .description(Some(description))
        .build()
}

impl BatchResult {
    fn new(owner: UserId, outcome: BatchOutcome) -> Self {
        match outcome {
            BatchOutcome::Created(view) => Self { status: 201, memo: Some(MemoDto::for_viewer(owner, view)) },
            BatchOutcome::Updated(view) => Self { status: 200, memo: Some(MemoDto::for_viewer(owner, view)) },
            BatchOutcome::Deleted => Self { status: 204, memo: None },
        }
    }
}

/// About the size of an outcome in the response, in bytes.
fn size(outcome: &BatchOutcome) -> usize {
    match outcome {
        BatchOutcome::Created(view) | BatchOutcome::Updated(view) => view.memo.state.content.as_str().len(),
        BatchOutcome::Deleted => 0,
    }
}

/// Change many memos
///
/// Up to 100 operations in order, all or nothing. Each does what the operation on its own would do, and sees the results of
/// the previous ones. The body may have 16 MiB, the contents of its memos together 2,000,000 characters.
///
/// If an operation fails, nothing is changed, and the response is that of the operation on its own (404, 403, 409, 412 or
/// 422): `errors` points to the operation, e.g. `/operations/3`. Invalid values are reported for all operations together.
#[utoipa::path(
    post, path = "/api/v1/memos/batch", tag = "memos",
    request_body = BatchBody<'static>,
    responses((status = 200, description = "The results, in the order of the operations", body = BatchResults)),
)]
async fn batch_memos(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    key: IdempotencyKey,
    _: NoQuery,
    Json(operations): Json<BatchInput>,
) -> Result<HttpResponse, Problem> {
    check_content(&operations)?;
    let (owner, author) = (caller.user_id, *caller);
    let run = async |once: Option<&Once<'_, Vec<BatchOutcome>>>| Ok(memos.batch(author, &operations, once).await?);
    key.once(&request, run, async |outcomes| results(owner, outcomes).await).await
}

async fn results(owner: UserId, outcomes: Vec<BatchOutcome>) -> Result<Reply, Problem> {
    let size = outcomes.iter().map(size).sum();
    let encode = move || {
        let results = outcomes.into_iter().map(|outcome| BatchResult::new(owner, outcome)).collect();
        serde_json::to_vec(&BatchResults { results }).map_err(Problem::internal)
    };
    Ok(Reply::new(StatusCode::OK, offload_at_once(size, encode).await?.into()))
}
