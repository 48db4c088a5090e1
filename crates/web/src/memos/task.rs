use memo_application::Memos;
use memo_domain::Version;

use crate::{
    dto::MemoDto,
    extractor::from_head,
    input::{version as is_version, whole_number},
    prelude::*,
};

operations! {
    set_task => Policy::scopes(&[Scope::MemosWrite]).body(Body::Json).problems(&[
        Code::MemoNotFound, Code::TaskNotFound, Code::NotOwner, Code::MemoTrashed, Code::PreconditionFailed, Code::Overloaded,
    ]);
}

/// The `{n}` of a checkbox in the path. A malformed number is that of no checkbox: 404.
struct TaskNumber(u32);

from_head!(TaskNumber: |request| {
    request.match_info().query("n").parse().map(Self).map_err(|_| Problem::new(Code::TaskNotFound))
});

/// The new state of a checkbox.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"done": true}))]
struct TaskInput {
    /// Whether it is ticked.
    done: bool,
    /// The version that the memo must have: 412 if it has another one.
    #[serde(default, deserialize_with = "whole_number")]
    #[garde(custom(is_version))]
    #[schema(nullable = false, format = "version")]
    if_version: Option<i64>,
}

impl Input for TaskInput {
    type Command = (bool, Option<Version>);

    fn read(self, _: &mut Refusals) -> Result<Self::Command, Refused> {
        // Its range is part of the shape.
        let if_version = self.if_version.and_then(|number| u32::try_from(number).ok()).map(Version::new);
        Ok((self.done, if_version))
    }
}

/// Tick a checkbox
///
/// Ticks the n-th checkbox of the content (`- [ ]`), counted from 1 in the order of the text, or unticks it. Nothing else in the
/// content changes.
#[utoipa::path(
    post, path = "/api/v1/memos/{id}/tasks/{n}", tag = "memos",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the memo"),
        ("n" = u32, Path, minimum = 1, description = "The number of the checkbox, from 1"),
    ),
    request_body = TaskInput,
    responses((status = 200, description = "The memo", body = MemoDto, headers(("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match")))),
)]
async fn set_task(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    TaskNumber(number): TaskNumber,
    _: NoQuery,
    Json((done, if_version)): Json<TaskInput>,
) -> Result<HttpResponse, Problem> {
    let view = memos.set_task(*caller, id, number, done, if_version).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))
}
