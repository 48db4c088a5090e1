use memo_application::{ApiKeyChange, ApiKeys, NewApiKey, Once};
use memo_domain::{ApiKey, ApiKeyId, ApiKeyName, ApiKeyNote, Network, Networks, Scopes, Timestamp};

use crate::{
    dto::{ApiKeyDto, ApiKeyKindDto, ScopeDto},
    input::{few_networks, one_or_more, patched_few_networks, patched_one_or_more},
    prelude::*,
    respond::Reply,
};

operations! {
    list_api_keys => Policy::interactive().condition(Condition::IfNoneMatch);
    create_api_key => Policy::interactive().body(Body::Json).no_store().idempotent()
        .problems(&[Code::InsufficientScope, Code::ApiKeyLimitReached]);
    patch_api_key => Policy::interactive().body(Body::MergePatch)
        .problems(&[Code::InsufficientScope, Code::ApiKeyNotFound]);
    delete_api_key => Policy::interactive().body(Body::Empty).problems(&[Code::ApiKeyNotFound]);
}

id_paths! {
    /// The `{id}` of an API key in the path.
    ApiKeyPath(ApiKeyId) at "id" or ApiKeyNotFound;
}

/// List API keys
///
/// The API keys of the caller, the newest first, expired ones too. Their secrets can't be read again.
#[utoipa::path(
    get, path = "/api/v1/me/api-keys", tag = "account",
    responses((status = 200, description = "The API keys", body = Items<ApiKeyDto>)),
)]
async fn list_api_keys(
    caller: Caller,
    request: HttpRequest,
    keys: Data<ApiKeys>,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let items: Items<_> = keys.list(caller.user_id).await?.into_iter().map(ApiKeyDto::from).collect();
    revalidated(&request, &items)
}

/// A scope by its name; serde would also accept other forms of an enum.
#[derive(Deserialize)]
#[serde(transparent)]
struct ScopeName(#[serde(deserialize_with = "choice")] ScopeDto);

/// The scopes of a key.
type ScopeNames = AtMost<ScopeName, { Scope::ALL.len() }>;

fn scopes(names: ScopeNames) -> Scopes {
    names.0.into_iter().map(|ScopeName(scope)| scope.into()).collect()
}

fn networks(refused: &mut Refusals, list: AtMost<String, { Networks::MAX }>) -> Result<Networks, Refused> {
    let networks = refused.each("ip_allowlist", list.0, |text| Network::parse(&text))?;
    refused.value("ip_allowlist", Networks::new(networks))
}

/// A new API key.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"name": "backup", "kind": "bearer", "scopes": ["account:read", "memos:read"]}))]
struct ApiKeyInput {
    /// The name by which the user recognizes it. White space at its ends is removed.
    #[schema(format = "api-key-name")]
    name: String,
    #[serde(default, deserialize_with = "choice")]
    #[schema(required = false, inline)]
    kind: ApiKeyKindDto,
    /// What it may be used for: one scope at least, none that the caller lacks.
    #[garde(custom(one_or_more))]
    #[schema(value_type = Vec<ScopeDto>, min_items = 1, max_items = 5)]
    scopes: ScopeNames,
    /// The addresses that it may be used from, in CIDR notation; any if the list is empty.
    #[serde(default)]
    #[garde(custom(few_networks))]
    #[schema(required = false, value_type = Vec<String>, max_items = 50)]
    ip_allowlist: AtMost<String, { Networks::MAX }>,
    /// What the user notes about it.
    #[serde(default)]
    #[schema(format = "api-key-note")]
    note: Option<String>,
    /// When it expires, in the future; without it, never.
    #[serde(default)]
    #[schema(format = "date-time")]
    expires_at: Option<String>,
}

impl Input for ApiKeyInput {
    type Command = NewApiKey;

    fn read(self, refused: &mut Refusals) -> Result<NewApiKey, Refused> {
        let name = refused.value("name", ApiKeyName::new(self.name));
        let networks = networks(refused, self.ip_allowlist);
        let note = refused.optional("note", self.note, ApiKeyNote::new);
        let expires_at = refused.optional("expires_at", self.expires_at, |time| Timestamp::parse(&time));
        Ok(NewApiKey {
            kind: self.kind.into(),
            name: name?,
            note: note?,
            scopes: scopes(self.scopes),
            networks: networks?,
            expires_at: expires_at?,
        })
    }
}

/// Create an API key
///
/// Returns the key with its `secret`, which is shown only once: a replayed response has none. The user is told by mail. A `bearer` key is sent as `Authorization: Bearer <secret>`; a
/// `signed` key signs requests (RFC 9421, `hmac-sha256`). To replace a key without an interruption, create another one, and set
/// `expires_at` of the old one.
#[utoipa::path(
    post, path = "/api/v1/me/api-keys", tag = "account",
    request_body = ApiKeyInput,
    responses((status = 201, description = "The API key", body = ApiKeyDto, headers(("Location" = String, description = "The path of the key")))),
)]
async fn create_api_key(
    caller: Caller,
    request: HttpRequest,
    keys: Data<ApiKeys>,
    FromDevice(device): FromDevice,
    once: IdempotencyKey,
    _: NoQuery,
    Json(new): Json<ApiKeyInput>,
) -> Result<HttpResponse, Problem> {
    let create = async |once: Option<&Once<'_, (ApiKey, String)>>| Ok(keys.create(&caller, new, &device, once).await?);
    let render = async |(key, secret): (ApiKey, String)| {
        let location = format!("/api/v1/me/api-keys/{}", key.id);
        Reply::shown_once(location, ApiKeyDto::created(key, secret), ApiKeyDto::without_secret)
    };
    once.once(&request, create, render).await
}

/// A JSON Merge Patch (RFC 7396) of an API key: absent fields stay, null empties `note`, `ip_allowlist` and `expires_at`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(example = json!({"note": "replaced by another key", "expires_at": "2026-03-01T00:00:00Z"}))]
struct ApiKeyPatch {
    /// The new name.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, format = "api-key-name")]
    name: Patch<String>,
    /// The new scopes, which replace all others.
    #[serde(default)]
    #[garde(custom(patched_one_or_more))]
    #[schema(value_type = Option<Vec<ScopeDto>>, nullable = false, min_items = 1, max_items = 5)]
    scopes: Patch<ScopeNames>,
    /// The addresses that it may be used from, which replace all others.
    #[serde(default)]
    #[garde(custom(patched_few_networks))]
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    ip_allowlist: Patch<AtMost<String, { Networks::MAX }>>,
    /// The new note.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "api-key-note")]
    note: Patch<String>,
    /// When it expires. A new time must be in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Patch<String>,
}

impl Input for ApiKeyPatch {
    type Command = ApiKeyChange;

    fn read(self, refused: &mut Refusals) -> Result<ApiKeyChange, Refused> {
        let name = refused.patched("name", self.name, ApiKeyName::new);
        let scopes = refused.patched("scopes", self.scopes, |names| Ok(scopes(names)));
        let networks = self.ip_allowlist.or_default().map(|list| networks(refused, list));
        let note = refused.patched_optional("note", self.note, ApiKeyNote::new);
        let expires_at = refused.patched_optional("expires_at", self.expires_at, |time| Timestamp::parse(&time));
        Ok(ApiKeyChange {
            name: name?,
            scopes: scopes?,
            networks: networks.transpose()?,
            note: note?,
            expires_at: expires_at?,
        })
    }
}

/// Change an API key
///
/// A JSON Merge Patch: absent fields stay. It takes effect at once on this node, and within 5 seconds on others.
#[utoipa::path(
    patch, path = "/api/v1/me/api-keys/{id}", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the key")),
    request_body = ApiKeyPatch,
    responses((status = 200, description = "The API key", body = ApiKeyDto)),
)]
async fn patch_api_key(
    caller: Caller,
    keys: Data<ApiKeys>,
    ApiKeyPath(id): ApiKeyPath,
    FromDevice(device): FromDevice,
    _: NoQuery,
    Json(change): Json<ApiKeyPatch>,
) -> Result<HttpResponse, Problem> {
    let key = keys.change(&caller, id, change, &device).await?;
    Ok(HttpResponse::Ok().json(ApiKeyDto::from(key)))
}

/// Remove an API key
///
/// It can't be used any more: at once on this node, and within 5 seconds on others.
#[utoipa::path(
    delete, path = "/api/v1/me/api-keys/{id}", tag = "account",
    params(("id" = String, Path, format = "uuid", description = "The id of the key")),
    responses((status = 204, description = "The key is removed")),
)]
async fn delete_api_key(
    caller: Caller,
    keys: Data<ApiKeys>,
    ApiKeyPath(id): ApiKeyPath,
    FromDevice(device): FromDevice,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    keys.remove(caller.user_id, id, &device).await?;
    Ok(HttpResponse::NoContent().finish())
}
