//! `/api/v1/operations`.

use memo_application::{Memos, Operation, OperationStatus};
use memo_domain::JobId;

use crate::prelude::*;

operations! {
    get_operation => Policy::scopes(&[Scope::MemosRead]).condition(Condition::IfNoneMatch).problems(&[Code::OperationNotFound]);
}

id_paths! {
    /// The `{id}` of an operation in the path.
    OperationPath(JobId) at "id" or OperationNotFound;
}

/// A change of many memos that is done in steps.
#[derive(Serialize, ToSchema)]
#[schema(as = Operation, example = json!({
    "id": "0198c0de-7f00-7000-8000-00000000000c",
    "status": "running",
    "done": 1200,
    "total": 60000
}))]
struct OperationDto {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// `running` until all memos are changed (`done`), or no more of them will be (`failed`).
    status: StatusDto,
    /// The number of memos that are done.
    done: u64,
    /// The number of memos when it began.
    total: u64,
}

/// Whether an operation still runs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OperationStatus)]
enum StatusDto {
    Running,
    Done,
    Failed,
}

impl From<Operation> for OperationDto {
    fn from(Operation { id, status, done, total }: Operation) -> Self {
        let status = match status {
            OperationStatus::Running => StatusDto::Running,
            OperationStatus::Done => StatusDto::Done,
            OperationStatus::Failed => StatusDto::Failed,
        };
        Self { id: id.to_string(), status, done, total }
    }
}

/// Follow an operation
///
/// The state of a change of many memos that the caller has requested. It can be read until at least an hour after its end.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", tag = "tags",
    params(("id" = String, Path, format = "uuid", description = "The id of the operation, from the `Location` of the change")),
    responses((status = 200, description = "The operation", body = OperationDto)),
)]
async fn get_operation(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    OperationPath(id): OperationPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    revalidated(&request, &OperationDto::from(memos.operation(caller.user_id, id).await?))
}
