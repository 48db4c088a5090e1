use std::{iter, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    body::BodyStream,
    get,
    http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, RETRY_AFTER},
    post,
    rt::spawn,
    web::{Bytes, Data, Payload},
};
use futures_util::{StreamExt, stream::poll_fn};
use memo_application::{Brought, BroughtMemo, Error, Record, Transfer};
use memo_domain::UserId;
use serde::Serialize;
use tokio::{
    fs::File,
    io::{AsyncBufReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter, Lines},
    sync::mpsc,
    time::timeout,
};
use utoipa::ToSchema;

use super::dto::{IdentityItem, User};
use crate::{
    HttpSettings,
    admin::Event,
    auth::SessionItem,
    extract::{Caller, Export, FromDevice, Import, NoQuery, check_media_type, parse_line},
    limits::Limits,
    memos::{Memo, MemoLine},
    problem::{Code, Problem},
};

/// A JSON text in each line.
const NDJSON: &str = "application/x-ndjson";
/// Where an import goes: it takes as long as it takes.
pub const IMPORT: &str = "/api/v1/me/import";
/// How large a part of an export is at least, but for the last of some records, in bytes.
const PART: usize = 32 << 10;
/// How many memos are one unit of work,
const TOGETHER: usize = 100;
/// and how long their lines may be in all before the last one, in bytes.
const TOGETHER_BYTES: usize = 1 << 20;

/// A line of an export: its kind, and the members of what it is.
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
    /// `memo`, `account`, `identity`, `session`, `event`; others may be added.
    kind: &'static str,
    #[serde(flatten)]
    #[schema(value_type = Object, inline)]
    record: Item,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item {
    Account(User),
    Identity(IdentityItem),
    Session(SessionItem),
    Event { event: Event },
    Memo(Box<Memo>),
}

impl From<Record> for ExportLine {
    fn from(record: Record) -> Self {
        let (kind, record) = match record {
            Record::Account(user) => ("account", Item::Account(user.into())),
            Record::Identity(identity) => ("identity", Item::Identity(identity.into())),
            Record::Session(session) => ("session", Item::Session(SessionItem::of(session, None))),
            Record::Event(event) => ("event", Item::Event { event: event.into() }),
            Record::Memo(memo) => ("memo", Item::Memo(Box::new((*memo).into()))),
        };
        Self { kind, record }
    }
}

/// Take all of it along
///
/// Everything that belongs to the member, a JSON text in each line: the account, linked social accounts, sign-ins, security
/// events, and every memo, those in the trash too. A memo that changes while the export runs comes again: the last line of an
/// id counts. An answer that breaks off was not complete.
#[utoipa::path(
    tag = "account",
    operation_id = "export",
    security(("password" = ["account:read", "memos:read"])),
    responses((
        status = 200, description = "The lines", body = ExportLine, content_type = "application/x-ndjson",
        headers(("Content-Disposition" = String, description = "A name for the file"), ("Cache-Control" = String, description = "`no-store`")),
    )),
)]
#[get("/me/export")]
pub async fn export(
    caller: Caller<Export>,
    transfer: Data<Transfer>,
    settings: Data<HttpSettings>,
    FromDevice(device): FromDevice,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let mut export = transfer.export(caller.user_id, &device).await?;
    // As few parts as possible wait for who reads slowly.
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Error>>(1);
    let patience = settings.request_timeout;
    // Nobody reads any more, or nothing for too long: `false`.
    let send = async move |part| matches!(timeout(patience, sender.send(part)).await, Ok(Ok(())));
    spawn(async move {
        loop {
            let records = match transfer.more(&mut export).await {
                Ok(Some(records)) => records,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an export broke off");
                    send(Err(error)).await;
                    return;
                }
            };
            for part in parts(records) {
                if !send(Ok(part)).await {
                    return;
                }
            }
        }
    });
    let parts = poll_fn(move |context| receiver.poll_recv(context));
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"memo-export.ndjson\""))
        .body(BodyStream::new(parts)))
}

/// The lines of some records, in parts that are sent one after the other.
fn parts(records: Vec<Record>) -> impl Iterator<Item = Bytes> {
    let mut records = records.into_iter();
    iter::from_fn(move || {
        let mut part = Vec::new();
        for record in records.by_ref() {
            // A text in memory can be written, and has no key that is no text.
            if serde_json::to_writer(&mut part, &ExportLine::from(record)).is_ok() {
                part.push(b'\n');
            }
            if part.len() >= PART {
                break;
            }
        }
        Some(part).filter(|part| !part.is_empty()).map(Bytes::from)
    })
}

/// What an import has done.
#[derive(Serialize, Default, ToSchema)]
#[schema(example = json!({"created": 2, "updated": 0, "kept": 1, "ignored": 3, "reassigned": []}))]
pub struct ImportReport {
    /// How many memos were added.
    created: u64,
    /// How many memos were there in an older state, and are in that of the import now.
    updated: u64,
    /// How many memos were there in the same state or in one that changed later, and stay.
    kept: u64,
    /// How many lines were of another kind than `memo`.
    ignored: u64,
    /// The memos whose id was another member's.
    reassigned: Vec<Reassigned>,
}

/// A memo that has got another id.
#[derive(Serialize, ToSchema)]
pub struct Reassigned {
    /// The id in the import.
    #[schema(format = "uuid")]
    id: String,
    /// The id of the memo here; the same whenever it is imported again.
    #[schema(format = "uuid")]
    new_id: String,
}

/// Bring memos
///
/// Lines as `export` gives them; those of another kind than `memo` are left out. Of a memo that is there already the state
/// that changed last stays, so the same lines may be imported again. An id that another member has is replaced.
///
/// All lines are read and checked before the first memo is kept: where one is refused, nothing is done, and pointers such as
/// `/7/title` name its line, counted from 0. There is no limit to the whole, but each line is bounded as a body is.
#[utoipa::path(
    tag = "account",
    operation_id = "import",
    security(("password" = ["account:write", "memos:write"])),
    request_body(content = ExportLine, content_type = "application/x-ndjson"),
    responses((status = 200, description = "What was done", body = ImportReport)),
)]
#[post("/me/import")]
pub async fn import(
    caller: Caller<Import>,
    request: HttpRequest,
    transfer: Data<Transfer>,
    settings: Data<HttpSettings>,
    _: NoQuery,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    check_media_type(&request, &[NDJSON])?;
    let mut report = ImportReport::default();
    let kept = spool(payload, &settings, Limits::of(&request).body, &mut report).await?;
    bring(&transfer, caller.user_id, kept, &mut report).await?;
    Ok(HttpResponse::Ok().json(report))
}

/// Reads the whole import, checks every line, and keeps those of memos in a file without a name, which goes with the request.
async fn spool(
    payload: Payload,
    settings: &HttpSettings,
    limit: usize,
    report: &mut ImportReport,
) -> Result<File, Problem> {
    let folder = settings.spool.clone();
    let file = tempfile::tempfile_in(&folder).or_else(|_| tempfile::tempfile()).map_err(Problem::internal)?;
    let mut file = BufWriter::new(File::from_std(file));
    let mut lines = Incoming { payload, buffer: Vec::new(), is_over: false, limit, patience: settings.request_timeout };
    let mut number = 0;
    while let Some(line) = lines.next().await? {
        if !line.trim_ascii().is_empty() {
            match parse_line::<MemoLine>(&line, number)? {
                Some(_) => {
                    file.write_all(&line).await.map_err(Problem::internal)?;
                    file.write_all(b"\n").await.map_err(Problem::internal)?;
                }
                None => report.ignored += 1,
            }
        }
        number += 1;
    }
    file.flush().await.map_err(Problem::internal)?;
    Ok(file.into_inner())
}

/// The lines of a body as they come.
struct Incoming {
    payload: Payload,
    buffer: Vec<u8>,
    is_over: bool,
    limit: usize,
    patience: Duration,
}

impl Incoming {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(searched + end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                return self.bounded(line).map(Some);
            }
            if self.is_over {
                let line = std::mem::take(&mut self.buffer);
                return if line.is_empty() { Ok(None) } else { self.bounded(line).map(Some) };
            }
            searched = self.buffer.len();
            if searched > self.limit {
                return Err(self.too_large());
            }
            match timeout(self.patience, self.payload.next()).await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk.map_err(|_| Problem::new(Code::BadRequest))?),
                Ok(None) => self.is_over = true,
                Err(_) => return Err(Problem::new(Code::RequestTimeout).with_header(RETRY_AFTER, 1)),
            }
        }
    }

    fn bounded(&self, line: Vec<u8>) -> Result<Vec<u8>, Problem> {
        if line.len() > self.limit { Err(self.too_large()) } else { Ok(line) }
    }

    fn too_large(&self) -> Problem {
        Problem::new(Code::BodyTooLarge).about(self.limit)
    }
}

async fn bring(transfer: &Transfer, owner: UserId, mut file: File, report: &mut ImportReport) -> Result<(), Problem> {
    file.rewind().await.map_err(Problem::internal)?;
    let mut lines = BufReader::new(file).lines();
    loop {
        let memos = some(&mut lines).await?;
        if memos.is_empty() {
            return Ok(());
        }
        for (memo, (id, brought)) in memos.iter().zip(transfer.bring(owner, &memos).await?) {
            match brought {
                Brought::Created => report.created += 1,
                Brought::Updated => report.updated += 1,
                Brought::Kept => report.kept += 1,
            }
            if id != memo.id {
                report.reassigned.push(Reassigned { id: memo.id.to_string(), new_id: id.to_string() });
            }
        }
    }
}

/// The next memos that were kept.
async fn some(lines: &mut Lines<BufReader<File>>) -> Result<Vec<BroughtMemo>, Problem> {
    let (mut memos, mut bytes) = (Vec::new(), 0);
    while memos.len() < TOGETHER && bytes < TOGETHER_BYTES {
        let Some(line) = lines.next_line().await.map_err(Problem::internal)? else { break };
        bytes += line.len();
        if let Some(memo) = parse_line::<MemoLine>(line.as_bytes(), 0)? {
            memos.push(memo.try_into()?);
        }
    }
    Ok(memos)
}
