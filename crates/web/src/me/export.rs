use std::iter;

use actix_web::{http::header::CONTENT_DISPOSITION, web::Bytes};
use memo_application::{Device, Error, ExportContents, Principal, Record, Transfer};
use memo_domain::{Like, Revision, Share, TextDelta, User, UserId};

use crate::{
    dto::{
        ApiKeyDto, AuditEventDto, IdentityDto, LocaleDto, MemoDto, RevisionSummaryDto, SessionDto, UserDto, WebhookDto,
    },
    prelude::*,
    signed_in::SignedIn,
    streams::{NDJSON, ZIP, json_lines, streamed},
};

operations! {
    export => Policy::scopes(&[Scope::AccountRead, Scope::MemosRead]).no_store().problems(&[Code::Overloaded]).work(Work::heavy(20));
}

/// A line of an export: its kind, and the fields of the record.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "memo",
    "id": "0198c0de-7f00-7000-8000-00000000000b",
    "title": "주간회의록",
    "content": "# 안건\n\n- 배포 일정\n",
    "tags": ["work"],
    "created_at": "2026-01-31T09:00:00.123456Z",
    "updated_at": "2026-01-31T09:00:00.123456Z"
}))]
pub struct ExportLine {
    /// `memo`, `revision`, `share`, `like`, `settings`, `account`, `identity`, `session`, `api_key`, `webhook` or `event`. More kinds may be added.
    kind: &'static str,
    #[serde(flatten)]
    #[schema(value_type = Object, inline)]
    record: RecordDto,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RecordDto {
    Account(UserDto),
    Identity(IdentityDto),
    Session(SessionDto),
    ApiKey { api_key: ApiKeyDto },
    Webhook(Box<WebhookDto>),
    Event { event: AuditEventDto },
    Memo(Box<MemoDto>),
    Revision(Box<RevisionLine>),
    Share(ShareLine),
    Like { memo_id: String, at: String },
    Settings(SettingsLine),
}

/// A revision: what a list of revisions says of it, and its content.
#[derive(Serialize)]
struct RevisionLine {
    memo_id: String,
    #[serde(flatten)]
    summary: RevisionSummaryDto,
    delta: DeltaDto,
}

/// How to make the content out of the one of the line before: the number of bytes (of UTF-8) that both begin with, that both end
/// with, and the text between them.
#[derive(Serialize)]
struct DeltaDto {
    prefix: u32,
    suffix: u32,
    middle: String,
}

impl From<Revision> for RevisionLine {
    fn from(Revision { head, delta: TextDelta { prefix, suffix, middle } }: Revision) -> Self {
        Self { memo_id: head.memo_id.to_string(), summary: head.into(), delta: DeltaDto { prefix, suffix, middle } }
    }
}

/// A share, without its token, which the server does not know.
#[derive(Serialize)]
struct ShareLine {
    id: String,
    memo_id: String,
    expires_at: Option<String>,
    has_password: bool,
    reads: u64,
    created_at: String,
}

impl From<Share> for ShareLine {
    fn from(share: Share) -> Self {
        Self {
            id: share.id.to_string(),
            memo_id: share.memo_id.to_string(),
            expires_at: share.expires_at.map(|time| time.to_string()),
            has_password: share.password_hash.is_some(),
            reads: share.reads,
            created_at: share.created_at.to_string(),
        }
    }
}

/// What an import restores of the account.
#[derive(Serialize)]
struct SettingsLine {
    display_name: String,
    locale: LocaleDto,
    time_zone: String,
}

impl From<User> for SettingsLine {
    fn from(user: User) -> Self {
        Self {
            display_name: user.display_name.as_str().to_owned(),
            locale: user.locale.into(),
            time_zone: user.time_zone.as_str().to_owned(),
        }
    }
}

impl ExportLine {
    fn new(owner: UserId, record: Record) -> Self {
        let (kind, record) = match record {
            Record::Account(user) => ("account", RecordDto::Account(user.into())),
            Record::Identity(identity) => ("identity", RecordDto::Identity(identity.into())),
            Record::Session(session) => ("session", RecordDto::Session(SessionDto::new(session, None))),
            Record::ApiKey(key) => ("api_key", RecordDto::ApiKey { api_key: key.into() }),
            Record::Webhook(webhook) => ("webhook", RecordDto::Webhook(Box::new((*webhook).into()))),
            Record::Event(event) => ("event", RecordDto::Event { event: event.into() }),
            Record::Revision(revision) => ("revision", RecordDto::Revision(Box::new((*revision).into()))),
            Record::Share(share) => ("share", RecordDto::Share(share.into())),
            Record::Like(Like { memo_id, at, .. }) => {
                ("like", RecordDto::Like { memo_id: memo_id.to_string(), at: at.to_string() })
            }
            Record::Settings(user) => ("settings", RecordDto::Settings(user.into())),
            Record::Memo(memo) => ("memo", RecordDto::Memo(Box::new(MemoDto::for_viewer(owner, *memo)))),
        };
        Self { kind, record }
    }
}

/// The form of an export.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FormatDto {
    #[default]
    Ndjson,
    Markdown,
}

/// How to export.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// All data as lines of JSON (`ndjson`, the default), or the memos as a zip of `markdown` files with front matter.
    #[param(nullable = false, inline)]
    format: Option<FormatDto>,
}

input_as_is!(ExportQuery);

/// A zip of Markdown files.
#[derive(ToSchema)]
#[schema(value_type = String)]
struct MarkdownZip(#[expect(dead_code, reason = "a schema only")] String);

/// Export all data
///
/// All data of the caller, one JSON object per line: the account, linked social accounts, sessions and API keys (these three only if
/// the caller signed in themselves, with all scopes), webhooks, both without their secrets, security events, settings, every memo, including those in the trash, with its revisions,
/// shares without their tokens, and the likes that the caller gave.
///
/// The revisions of a memo follow its line, the newest first. The content of each is made of that of the line before, the memo or
/// the next newer revision: its first `delta.prefix` bytes (of UTF-8), `delta.middle`, and its last `delta.suffix` bytes.
///
/// Or, with `format=markdown`, a zip with a file for each memo, which an import with `from=markdown` turns into the same memos. If a memo
/// changes during the export, it appears again: its last line counts. A response that ends early is incomplete.
#[utoipa::path(
    get, path = "/api/v1/me/export", tag = "account",
    params(ExportQuery),
    responses((
        status = 200, description = "The lines, or the zip",
        content((ExportLine = "application/x-ndjson"), (MarkdownZip = "application/zip")),
        headers(("Content-Disposition" = String, description = "A name for the file"), ("Cache-Control" = String, description = "`no-store`")),
    )),
)]
async fn export(
    caller: Caller,
    transfer: Data<Transfer>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    IsHead(is_head): IsHead,
    Query(query): Query<ExportQuery>,
    mut signed_in: SignedIn,
) -> Result<HttpResponse, Problem> {
    if matches!(query.format, Some(FormatDto::Markdown)) {
        return export_markdown(&caller, transfer, &settings, &device, is_head, signed_in).await;
    }
    let owner = caller.user_id;
    let all = ExportContents::All;
    let mut export = if is_head { None } else { Some(transfer.export(&caller, &device, all).await?) };
    let lines = async move || -> Result<_, Error> {
        signed_in.check_if_due().await?;
        let records = match &mut export {
            Some(export) => transfer.more(export).await?,
            None => None,
        };
        Ok(records.map(|records| json_lines(records.into_iter().map(move |record| ExportLine::new(owner, record)))))
    };
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"memo-export.ndjson\""))
        .body(streamed(settings.request_timeout, lines)))
}

async fn export_markdown(
    caller: &Principal,
    transfer: Data<Transfer>,
    settings: &HttpSettings,
    device: &Device,
    is_head: bool,
    mut signed_in: SignedIn,
) -> Result<HttpResponse, Problem> {
    let mut running = None;
    if !is_head {
        let export = transfer.export(caller, device, ExportContents::Memos).await?;
        running = Some((export, transfer.markdown(caller.user_id)));
    }
    let parts = async move || -> Result<_, Error> {
        signed_in.check_if_due().await?;
        let Some((export, zip)) = &mut running else { return Ok(None) };
        let bytes = if let Some(records) = transfer.more(export).await? {
            let memo = |record| if let Record::Memo(view) = record { Some(view.memo) } else { None };
            zip.append(records.into_iter().filter_map(memo).collect()).await?
        } else {
            let end = zip.finish().await?;
            running = None;
            end
        };
        Ok(Some(iter::once(Bytes::from(bytes)).filter(|bytes| !bytes.is_empty())))
    };
    Ok(HttpResponse::Ok()
        .content_type(ZIP)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"memo-export.zip\""))
        .body(streamed(settings.request_timeout, parts)))
}
