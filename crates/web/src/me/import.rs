use memo_application::{ImportClaim, ImportOutcome, ImportedMemo, Transfer};
use memo_domain::{Content, InvalidValue, MemoId, MemoState, Tags, Timestamp, Title, UserId};
use serde::de::IgnoredAny;
use tokio::task::yield_now;

use super::export::ExportLine;
use crate::{
    dto::VisibilityDto,
    input::read_line,
    prelude::*,
    streams::{Lines, Spool, Spooled},
};

/// The maximum number of memos in one unit of work,
const BATCH: usize = 100;
/// and the size of their lines at which no more are added, in bytes.
const BATCH_BYTES: usize = 1 << 20;
/// The maximum number of reassigned ids in a report.
const MAX_REASSIGNED: usize = 1_000;
/// After how many lines other requests of the same thread get their turn.
const LINES_AT_ONCE: usize = 256;
/// What some programs write at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The kind of the lines that are imported.
const MEMO: &str = "memo";

operations! {
    import => Policy::scopes(&[Scope::AccountWrite, Scope::MemosWrite]).body(Body::Lines).idle_timeout().problems(&[
        Code::ImportRunning, Code::TooManyTags, Code::InsufficientStorage,
    ]).work(Work::heavy(20));
}

/// A memo in an export. Fields that only the server sets are ignored.
#[derive(Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct MemoLine {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    id: String,
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    #[garde(custom(few_tags))]
    tags: AtMost<String, { Tags::MAX }>,
    #[serde(default)]
    pinned: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default, deserialize_with = "choice")]
    visibility: VisibilityDto,
    #[serde(default)]
    remind_at: Option<String>,
    #[serde(default)]
    reminded_at: Option<String>,
    created_at: String,
    updated_at: String,
    #[serde(default)]
    deleted_at: Option<String>,
    #[serde(default, rename = "snippet")]
    _snippet: IgnoredAny,
    #[serde(default, rename = "has_tasks")]
    _has_tasks: IgnoredAny,
    #[serde(default, rename = "open_tasks")]
    _open_tasks: IgnoredAny,
    #[serde(default, rename = "like_count")]
    _like_count: IgnoredAny,
    #[serde(default, rename = "liked")]
    _liked: IgnoredAny,
    #[serde(default, rename = "owner")]
    _owner: IgnoredAny,
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
}

impl Input for MemoLine {
    type Command = ImportedMemo;

    fn read(self, refused: &mut Refusals) -> Result<ImportedMemo, Refused> {
        let parse = |time: String| Timestamp::parse(&time);
        let id = refused.value("id", MemoId::parse(&self.id).and_then(version_7));
        let title = refused.value("title", Title::new(self.title));
        let content = refused.value("content", Content::new(self.content));
        let tags = refused.tags(self.tags);
        let remind_at = refused.optional("remind_at", self.remind_at, parse);
        let reminded_at = refused.optional("reminded_at", self.reminded_at, parse);
        let created_at = refused.value("created_at", Timestamp::parse(&self.created_at));
        let updated_at = refused.value("updated_at", Timestamp::parse(&self.updated_at));
        let deleted_at = refused.optional("deleted_at", self.deleted_at, parse);
        Ok(ImportedMemo {
            id: id?,
            state: MemoState {
                title: title?,
                content: content?,
                tags: tags?,
                pinned: self.pinned,
                archived: self.archived,
                visibility: self.visibility.into(),
                remind_at: remind_at?,
            },
            reminded_at: reminded_at?,
            created_at: created_at?,
            updated_at: updated_at?,
            deleted_at: deleted_at?,
        })
    }
}

/// Ids of other versions are no times, and would sort anywhere.
fn version_7(id: MemoId) -> Result<MemoId, InvalidValue> {
    if id.as_uuid().get_version_num() == 7 { Ok(id) } else { Err(InvalidValue::Malformed) }
}

/// The result of an import.
#[derive(Serialize, Default, ToSchema)]
#[schema(example = json!({"created": 2, "updated": 0, "kept": 1, "ignored": 3, "reassigned": []}))]
struct ImportReport {
    /// The number of memos that were created.
    created: u64,
    /// The number of memos that were replaced by a newer state.
    updated: u64,
    /// The number of memos that already had the same or a newer state.
    kept: u64,
    /// The number of lines of another kind than `memo`.
    ignored: u64,
    /// The memos whose id belongs to another user, at most the first 1,000.
    #[schema(max_items = 1000)]
    reassigned: Vec<Reassigned>,
}

/// A memo that was imported with another id.
#[derive(Serialize, ToSchema)]
struct Reassigned {
    /// The id in the import.
    #[schema(format = "uuid")]
    id: String,
    /// The id of the memo on this server; the same for each import.
    #[schema(format = "uuid")]
    new_id: String,
}

impl ImportReport {
    fn add(&mut self, memo: &ImportedMemo, id: MemoId, outcome: ImportOutcome) {
        match outcome {
            ImportOutcome::Created => self.created += 1,
            ImportOutcome::Updated => self.updated += 1,
            ImportOutcome::Unchanged => self.kept += 1,
        }
        if id != memo.id && self.reassigned.len() < MAX_REASSIGNED {
            self.reassigned.push(Reassigned { id: memo.id.to_string(), new_id: id.to_string() });
        }
    }
}

/// Import memos
///
/// Lines as in an export; those of another kind than `memo` are ignored. If a memo exists, its newest state is kept, so the
/// same lines may be imported again. An id that belongs to another user is replaced, by the same one each time.
///
/// All lines are read and checked before the first memo is stored: if one is invalid, nothing is imported, and pointers such
/// as `/7/title` contain the number of the line, from 0. Memos are stored in groups of up to 100: after `too_many_tags` or a failure
/// of the server, the groups before it stay. The size of the whole is limited, and that of each line. One import of a user runs
/// at a time.
#[utoipa::path(
    post, path = "/api/v1/me/import", tag = "account",
    request_body = ExportLine,
    responses((status = 200, description = "The result", body = ImportReport)),
)]
async fn import(
    caller: Caller,
    transfer: Data<Transfer>,
    settings: Data<HttpSettings>,
    _: NoQuery,
    lines: Lines,
) -> Result<HttpResponse, Problem> {
    let mut claim = transfer.claim_import(caller.user_id).await?;
    let report = import_lines(&transfer, caller.user_id, lines, &settings, &mut claim).await;
    claim.release().await;
    Ok(HttpResponse::Ok().json(report?))
}

async fn import_lines(
    transfer: &Transfer,
    user: UserId,
    lines: Lines,
    settings: &HttpSettings,
    claim: &mut ImportClaim,
) -> Result<ImportReport, Problem> {
    let mut report = ImportReport::default();
    let mut spooled = check(lines, Spool::create(&settings.spool)?, &mut report, claim).await?;
    loop {
        let memos = next_batch(&mut spooled).await?;
        if memos.is_empty() {
            return Ok(report);
        }
        claim.renew().await?;
        let brought = transfer.import(user, &memos).await?;
        memos.iter().zip(brought).for_each(|(memo, (id, brought))| report.add(memo, id, brought));
    }
}

/// Checks all lines, and spools those of memos.
async fn check(
    mut lines: Lines,
    mut spool: Spool,
    report: &mut ImportReport,
    claim: &mut ImportClaim,
) -> Result<Spooled, Problem> {
    let mut number = 0;
    while let Some(line) = lines.next().await? {
        let line = if number == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
        if !line.trim_ascii().is_empty() {
            match read_line::<MemoLine>(line, number, MEMO)? {
                Some(_) => spool.push(line).await?,
                None => report.ignored += 1,
            }
        }
        number += 1;
        if number % LINES_AT_ONCE == 0 {
            yield_now().await;
            claim.renew().await?;
        }
    }
    spool.rewind().await
}

async fn next_batch(spooled: &mut Spooled) -> Result<Vec<ImportedMemo>, Problem> {
    let (mut memos, mut bytes) = (Vec::new(), 0);
    while memos.len() < BATCH && bytes < BATCH_BYTES {
        let Some(line) = spooled.next().await? else { break };
        bytes += line.len();
        memos.extend(read_line::<MemoLine>(line.as_bytes(), 0, MEMO)?);
    }
    Ok(memos)
}
