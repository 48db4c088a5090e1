use actix_web::{HttpRequest, HttpResponse, get, patch, web::Data};
use garde::Validate;
use memo_application::Administration;
use memo_domain::{UserFilter, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dto::{Member, MemberList, MemberPatch, Role};
use crate::{
    HttpSettings,
    extract::{FromDevice, Interactive, Json, MergePatch, NoQuery, Query, UserPath},
    paging::{IdList, Paging},
    problem::Problem,
    validation,
};

/// Which members.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// Those whose address or name has this text, whatever its case.
    #[garde(inner(custom(validation::member_text)))]
    #[param(nullable = false, max_length = 320, pattern = r"^[^\u0000]*$")]
    q: Option<String>,
    /// Those with this role.
    #[serde(default, deserialize_with = "optional_role")]
    #[garde(skip)]
    #[param(nullable = false, inline)]
    role: Option<Role>,
    /// Those who are shut out, or those who are not.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false)]
    disabled: Option<bool>,
    /// The most items of a page.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::limit))]
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    limit: Option<i64>,
    /// How many items of the whole list are left out.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(custom(validation::natural))]
    #[param(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    offset: Option<i64>,
    /// `next_cursor` of the page before.
    #[garde(skip)]
    #[param(nullable = false)]
    cursor: Option<String>,
    /// Whether the length of the whole list is counted.
    #[serde(default, deserialize_with = "validation::parsed")]
    #[garde(skip)]
    #[param(nullable = false, default = false)]
    include_total: Option<bool>,
}

fn optional_role<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    validation::choice(deserializer).map(Some)
}

/// List members
///
/// For administrators: those that fit, the oldest first.
#[utoipa::path(
    tag = "admin",
    operation_id = "list_users",
    security(("password" = ["account:read"])),
    params(UsersQuery),
    responses((
        status = 200, description = "A page of members", body = MemberList,
        headers(("Link" = String, description = "The next page; with `offset` the first and the one before, too (RFC 8288)")),
    )),
    extensions(("x-problems" = json!(["administrator_required", "interactive_sign_in_required"]))),
)]
#[get("/admin/users")]
pub async fn list_users(
    caller: Interactive,
    request: HttpRequest,
    administration: Data<Administration>,
    settings: Data<HttpSettings>,
    Query(query): Query<UsersQuery>,
) -> Result<HttpResponse, Problem> {
    let mut filter = UserFilter::default().with_text(query.q.as_deref().unwrap_or_default())?;
    (filter.role, filter.disabled) = (query.role.map(Into::into), query.disabled);
    let paging = Paging { limit: query.limit, offset: query.offset, cursor: query.cursor.as_deref() };
    let list = IdList::read(&format!("users {filter:?}"), &paging, UserId::new)?;
    let with_total = query.include_total == Some(true);
    let (page, total) = administration.members(caller.principal.user_id, &filter, &list.request, with_total).await?;
    let info = list.info(page.items.len(), page.next.map(UserId::as_uuid));
    let body = MemberList { items: page.items.into_iter().map(Member::from).collect(), page: info, total };
    Ok(list.answer(&request, &settings, &body.page, &body))
}

/// Change a member
///
/// For administrators: a JSON Merge Patch of their role, and of whether they are shut out. Who is shut out is signed out
/// everywhere. The last administrator stays one.
#[utoipa::path(
    tag = "admin",
    operation_id = "patch_user",
    security(("password" = ["account:write"])),
    params(("id" = String, Path, description = "The id of the member", format = "uuid")),
    request_body(content((MemberPatch = "application/merge-patch+json"), (MemberPatch = "application/json"))),
    responses((status = 200, description = "The member as they are now", body = Member)),
    extensions(("x-problems" = json!([
        "user_not_found", "administrator_required", "interactive_sign_in_required", "last_administrator"
    ]))),
)]
#[patch("/admin/users/{id}")]
pub async fn patch_user(
    caller: Interactive,
    UserPath(id): UserPath,
    administration: Data<Administration>,
    FromDevice(device): FromDevice,
    _: NoQuery,
    body: Json<MemberPatch, MergePatch>,
) -> Result<HttpResponse, Problem> {
    let user = administration.change(caller.principal.user_id, id, body.value.into(), &device).await?;
    Ok(HttpResponse::Ok().json(Member::from(user)))
}
