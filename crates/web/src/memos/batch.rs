use actix_web::{HttpResponse, post, web::Data};
use memo_application::Memos;

use super::batch_dto::{BatchBody, BatchInput, BatchResults};
use crate::{
    extract::{Batch, Caller, Json, MemosWrite, NoQuery},
    problem::Problem,
};

/// Change many memos at once
///
/// Up to 100 operations in their order, all or nothing: each as the operation of its own would do it, and each sees what
/// those before it did. The body may have 16 MiB.
///
/// Where one fails, nothing is done, and the answer is the one that this operation would get by itself (404, 403, 409, 412
/// or 422): `errors` says by a pointer such as `/operations/3` which one it was. What is wrong with the form of operations
/// is said of all of them together.
#[utoipa::path(
    tag = "memos",
    operation_id = "batch_memos",
    security(("password" = ["memos:write"])),
    request_body = BatchBody<'static>,
    responses((status = 200, description = "What each operation has done, in their order", body = BatchResults)),
    extensions(("x-problems" = json!(["memo_not_found", "not_owner", "memo_trashed", "precondition_failed"]))),
)]
#[post("/memos/batch")]
pub async fn batch_memos(
    caller: Caller<MemosWrite>,
    memos: Data<Memos>,
    _: NoQuery,
    body: Json<BatchInput, Batch>,
) -> Result<HttpResponse, Problem> {
    let operations: Vec<_> = body.value.try_into()?;
    let outcomes = memos.batch(caller.user_id, &operations).await?;
    Ok(HttpResponse::Ok().json(BatchResults::from(outcomes)))
}
