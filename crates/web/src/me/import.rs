use memo_application::{ImportOutcome, ImportedMemo, Transfer};
use memo_domain::{Content, MemoId, MemoState, Tags, Timestamp, Title};
use serde::de::IgnoredAny;

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
/// The kind of the lines that are imported.
const MEMO: &str = "memo";

operations! {
    import => Policy::scopes(&[Scope::AccountWrite, Scope::MemosWrite]).body(Body::Lines).idle_timeout().problems(&[Code::TooManyTags]).work(Work::heavy(20));
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
        let id = refused.value("id", MemoId::parse(&self.id));
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
    /// The memos whose id belongs to another user.
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
        if id != memo.id {
            self.reassigned.push(Reassigned { id: memo.id.to_string(), new_id: id.to_string() });
        }
    }
}

/// Import memos
///
/// Lines as in an export; those of another kind than `memo` are ignored. If a memo exists, its newest state is kept, so the
/// same lines may be imported again. An id that belongs to another user is replaced.
///
/// All lines are read and checked before the first memo is stored: if one is invalid, nothing is imported, and pointers such
/// as `/7/title` contain the number of the line, from 0. The size of the whole is not limited; that of a line is.
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
    let mut report = ImportReport::default();
    let mut spooled = check(lines, Spool::create(&settings.spool)?, &mut report).await?;
    loop {
        let memos = next_batch(&mut spooled).await?;
        if memos.is_empty() {
            return Ok(HttpResponse::Ok().json(report));
        }
        let brought = transfer.import(caller.user_id, &memos).await?;
        memos.iter().zip(brought).for_each(|(memo, (id, brought))| report.add(memo, id, brought));
    }
}

/// Checks all lines, and spools those of memos.
async fn check(mut lines: Lines, mut spool: Spool, report: &mut ImportReport) -> Result<Spooled, Problem> {
    let mut number = 0;
    while let Some(line) = lines.next().await? {
        if !line.trim_ascii().is_empty() {
            match read_line::<MemoLine>(&line, number, MEMO)? {
                Some(_) => spool.push(&line).await?,
                None => report.ignored += 1,
            }
        }
        number += 1;
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
