use memo_application::{UsageGrouping, UsageReports};
use memo_domain::UserId;

use crate::{
    dto::{UsageDto, UsageParameters},
    prelude::*,
};

operations! {
    get_all_usage => Policy::interactive().work(Work::heavy(5)).problems(&[Code::AdministratorRequired]);
}

/// Whose requests, and how they are added up.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct AllUsageQuery {
    /// Only requests of this user.
    #[param(nullable = false, format = "uuid")]
    user_id: Option<String>,
    /// The first day, in UTC; of a time with an offset, its day in UTC. By default 29 days before the last one. Up to 366 days.
    #[param(nullable = false, format = "day")]
    from: Option<String>,
    /// The last day, which is included. By default today.
    #[param(nullable = false, format = "day")]
    to: Option<String>,
    /// Whether the requests of a day, of an operation, with an API key, or of a user are added up. The default is `day`.
    #[param(nullable = false, inline)]
    group_by: Option<AnyGroupDto>,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AnyGroupDto {
    #[default]
    Day,
    Operation,
    ApiKey,
    User,
}

impl Input for AllUsageQuery {
    type Command = (Option<UserId>, UsageParameters);

    fn read(self, refused: &mut Refusals) -> Result<(Option<UserId>, UsageParameters), Refused> {
        let user = refused.optional("user_id", self.user_id, |id| UserId::parse(&id));
        let grouping = match self.group_by.unwrap_or_default() {
            AnyGroupDto::Day => UsageGrouping::Day,
            AnyGroupDto::Operation => UsageGrouping::Operation,
            AnyGroupDto::ApiKey => UsageGrouping::ApiKey,
            AnyGroupDto::User => UsageGrouping::User,
        };
        let parameters = UsageParameters::read(self.from, self.to, grouping, refused)?;
        Ok((user?, parameters))
    }
}

/// Get the usage of users
///
/// For administrators: the requests of one user or of all, like those of `GET /api/v1/me/usage`. Of users and API keys, the 1,000
/// with the most requests.
#[utoipa::path(
    get, path = "/api/v1/admin/usage", tag = "admin",
    params(AllUsageQuery),
    responses((status = 200, description = "The usage", body = Items<UsageDto>)),
)]
async fn get_all_usage(
    caller: Caller,
    usage: Data<UsageReports>,
    Query((user, parameters)): Query<AllUsageQuery>,
) -> Result<HttpResponse, Problem> {
    let range = parameters.range(usage.today())?;
    let items = usage.all(caller.user_id, user, range, parameters.grouping).await?;
    let items: Items<_> = items.into_iter().map(UsageDto::from).collect();
    Ok(HttpResponse::Ok().json(items))
}
