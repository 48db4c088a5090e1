use memo_application::{UsageGrouping, UsageReports};

use crate::{
    dto::{UsageDto, UsageParameters},
    prelude::*,
};

operations! {
    get_own_usage => Policy::scopes(&[Scope::AccountRead]).work(Work::heavy(5));
}

/// Which requests, and how they are added up.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct OwnUsageQuery {
    /// The first day, in UTC; of a time with an offset, its day in UTC. By default 29 days before the last one. Up to 366 days.
    #[param(nullable = false, format = "day")]
    from: Option<String>,
    /// The last day, which is included. By default today.
    #[param(nullable = false, format = "day")]
    to: Option<String>,
    /// Whether the requests of a day, of an operation, or with an API key are added up. The default is `day`.
    #[param(nullable = false, inline)]
    group_by: Option<OwnGroupDto>,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OwnGroupDto {
    #[default]
    Day,
    Operation,
    ApiKey,
}

impl Input for OwnUsageQuery {
    type Command = UsageParameters;

    fn read(self, refused: &mut Refusals) -> Result<UsageParameters, Refused> {
        let grouping = match self.group_by.unwrap_or_default() {
            OwnGroupDto::Day => UsageGrouping::Day,
            OwnGroupDto::Operation => UsageGrouping::Operation,
            OwnGroupDto::ApiKey => UsageGrouping::ApiKey,
        };
        UsageParameters::read(self.from, self.to, grouping, refused)
    }
}

/// Get own usage
///
/// The caller's requests, counted by day, operation and API key: days in their order, without those that have no requests; others
/// by the number of requests, up to 1,000. Requests of the last 5 s that other nodes have handled may be missing. Usage is kept for
/// 400 days, unless the operator has decided otherwise.
#[utoipa::path(
    get, path = "/api/v1/me/usage", tag = "account",
    params(OwnUsageQuery),
    responses((status = 200, description = "The usage", body = Items<UsageDto>)),
)]
async fn get_own_usage(
    caller: Caller,
    usage: Data<UsageReports>,
    Query(parameters): Query<OwnUsageQuery>,
) -> Result<HttpResponse, Problem> {
    let range = parameters.range(usage.today())?;
    let items = usage.own(caller.user_id, range, parameters.grouping).await?;
    let items: Items<_> = items.into_iter().map(UsageDto::from).collect();
    Ok(HttpResponse::Ok().json(items))
}
