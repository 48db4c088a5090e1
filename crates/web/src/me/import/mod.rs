//! `POST /api/v1/me/import`

mod line;
mod others;
mod report;

use std::path::Path as FilePath;

use memo_application::{ArchiveKind, ImportClaim, ImportedLike, ImportedMemo, ImportedSettings, Principal, Transfer};
use memo_domain::UserId;
use tokio::task::yield_now;

use self::{
    line::MemoLine,
    others::{LikeLine, SettingsLine, ShareLine},
    report::ImportReport,
};
use super::export::ExportLine;
use crate::{
    dto::ArchiveKindDto,
    input::{check_media_type, read_line},
    prelude::*,
    streams::{Lines, NDJSON, Spool, SpoolWriter, Spooled},
};

/// The maximum number of memos in one unit of work,
const BATCH: usize = 100;
/// and the size of their lines at which no more are added, in bytes.
const BATCH_BYTES: usize = 1 << 20;
/// After how many lines other requests of the same thread get their turn.
const LINES_AT_ONCE: usize = 256;
/// What some programs write at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The kinds of the lines that are imported.
const MEMO: &str = "memo";
const LIKE: &str = "like";
const SETTINGS: &str = "settings";
/// The kind of those that are left out.
const SHARE: &str = "share";

operations! {
    import => Policy::scopes(&[Scope::AccountWrite, Scope::MemosWrite]).body(Body::LinesOrArchive).idle_timeout().problems(&[
        Code::ImportRunning, Code::TooManyTags, Code::InsufficientStorage, Code::Overloaded, Code::ArchiveNotRecognized,
        Code::ArchiveEncrypted, Code::ArchiveTruncated, Code::ArchiveDamaged, Code::ArchiveTooManyEntries, Code::ArchiveTooLarge,
        Code::ArchiveRatio,
    ]).work(Work::heavy(20));
}

/// What the body is, and what happens to it.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// The archive that the body is: a zip of `markdown` files, such as a vault of Obsidian or an export of this server; the zip of
    /// Google Takeout with the notes of `keep`; a file of Evernote (`enex`); the JSON of `usememos`; a file of Joplin (`jex`).
    /// Without it, the body has the lines of an export.
    #[param(nullable = false, inline)]
    from: Option<ArchiveKindDto>,
    /// Whether to check everything and report what would be done, but change nothing. Of memos with the same id in different groups,
    /// each counts, and likes of memos that the import would create are reported as left out.
    #[serde(default, deserialize_with = "parsed")]
    #[param(nullable = false)]
    dry_run: Option<bool>,
}

input_as_is!(ImportQuery);

/// An archive of another note program.
#[derive(ToSchema)]
#[schema(value_type = String)]
struct Archive(#[expect(dead_code, reason = "a schema only")] String);

/// The media types of an archive. Of each kind, `application/octet-stream` is another one.
const fn media_types(kind: ArchiveKind) -> &'static [&'static str] {
    match kind {
        ArchiveKind::Markdown | ArchiveKind::Keep => {
            &["application/zip", "application/x-zip-compressed", "application/octet-stream"]
        }
        ArchiveKind::Enex => &["application/xml", "text/xml", "application/octet-stream"],
        ArchiveKind::Usememos => &["application/json", "application/octet-stream"],
        ArchiveKind::Jex => &["application/x-tar", "application/octet-stream"],
    }
}

/// Import memos
///
/// Lines as in an export: memos, likes and settings of the account; lines of other kinds are ignored. Shares are left out: they need
/// a new token. Likes follow the memos: those of memos that the caller cannot read are left out. Or, with `from`, an archive of another note program, as it
/// is: its media type, or `application/octet-stream`, is that of the body. If a memo exists, its newest state is kept, so the
/// same body may be imported again: the id of a note in an archive is derived from the note. An id that belongs to another user is
/// replaced, by the same one each time. Attachments are not imported: the report lists them.
///
/// All of it is read and checked before the first memo is stored: if a line is invalid, or an archive damaged, nothing is imported,
/// and pointers such as `/7/title` contain the number of the line, from 0. Memos are stored in groups of up to 100: after
/// `too_many_tags` or a failure of the server, the groups before it stay. The size of the whole is limited, and that of each line;
/// an archive has up to 100,000 entries of up to 16 MiB. One import of a user runs at a time.
#[utoipa::path(
    post, path = "/api/v1/me/import", tag = "account",
    params(ImportQuery),
    request_body(content(
        (ExportLine = "application/x-ndjson"), (Archive = "application/zip"), (Archive = "application/x-zip-compressed"),
        (Archive = "application/xml"), (Archive = "text/xml"), (Archive = "application/json"), (Archive = "application/x-tar"),
        (Archive = "application/octet-stream"),
    )),
    responses((status = 200, description = "The result", body = ImportReport)),
)]
async fn import(
    caller: Caller,
    request: HttpRequest,
    transfer: Data<Transfer>,
    settings: Data<HttpSettings>,
    Query(query): Query<ImportQuery>,
    lines: Lines,
) -> Result<HttpResponse, Problem> {
    let kind = query.from.map(ArchiveKind::from);
    check_media_type(&request, kind.map_or(&[NDJSON], media_types))?;
    let mut claim = transfer.claim_import(caller.user_id).await?;
    let job = Import { transfer: &transfer, author: *caller, user: caller.user_id, settings: &settings };
    let report = job.run(kind, lines, query.dry_run.unwrap_or_default(), &mut claim).await;
    claim.release().await;
    Ok(HttpResponse::Ok().json(report?))
}

/// An import that is checked.
struct Checked {
    memos: Spooled,
    likes: Option<Spooled>,
    settings: Option<ImportedSettings>,
    report: ImportReport,
}

/// The lines of an import, those of memos and likes spooled.
struct Checking {
    memos: Spool,
    likes: Spool,
    settings: Option<ImportedSettings>,
    report: ImportReport,
}

impl Checking {
    fn new(spool: &FilePath) -> Result<Self, Problem> {
        let (memos, likes) = (Spool::create(spool)?, Spool::create(spool)?);
        Ok(Self { memos, likes, settings: None, report: ImportReport::default() })
    }

    async fn add(&mut self, line: &[u8], number: usize) -> Result<(), Problem> {
        if read_line::<MemoLine>(line, number, MEMO)?.is_some() {
            self.memos.push(line).await?;
        } else if read_line::<LikeLine>(line, number, LIKE)?.is_some() {
            self.likes.push(line).await?;
        } else if let Some(settings) = read_line::<SettingsLine>(line, number, SETTINGS)? {
            self.settings = Some(settings);
        } else if let Some(id) = read_line::<ShareLine>(line, number, SHARE)? {
            self.report.drop_share(id);
        } else {
            self.report.ignored += 1;
        }
        Ok(())
    }

    async fn finish(self) -> Result<Checked, Problem> {
        let Self { memos, likes, settings, report } = self;
        Ok(Checked { memos: memos.rewind().await?, likes: Some(likes.rewind().await?), settings, report })
    }
}

struct Import<'i> {
    transfer: &'i Transfer,
    author: Principal,
    user: UserId,
    settings: &'i HttpSettings,
}

impl Import<'_> {
    async fn run(
        &self,
        kind: Option<ArchiveKind>,
        body: Lines,
        is_dry: bool,
        claim: &mut ImportClaim,
    ) -> Result<ImportReport, Problem> {
        let Checked { mut memos, likes, settings, mut report } = match kind {
            None => self.check(body, claim).await?,
            Some(kind) => self.unpack(kind, body, claim).await?,
        };
        self.import_memos(&mut memos, is_dry, claim, &mut report).await?;
        if let Some(settings) = settings {
            report.settings = self.transfer.import_settings(self.user, &settings, is_dry).await?;
        }
        if let Some(mut likes) = likes {
            self.import_likes(&mut likes, is_dry, claim, &mut report).await?;
        }
        Ok(report)
    }

    async fn import_memos(
        &self,
        spooled: &mut Spooled,
        is_dry: bool,
        claim: &mut ImportClaim,
        report: &mut ImportReport,
    ) -> Result<(), Problem> {
        loop {
            let memos = next_batch(spooled).await?;
            if memos.is_empty() {
                return Ok(());
            }
            claim.renew().await?;
            let imported = if is_dry {
                self.transfer.preview(self.user, &memos).await?
            } else {
                self.transfer.import(self.author, &memos).await?
            };
            memos.iter().zip(imported).for_each(|(memo, (id, outcome))| report.add(memo, id, outcome));
        }
    }

    async fn import_likes(
        &self,
        spooled: &mut Spooled,
        is_dry: bool,
        claim: &mut ImportClaim,
        report: &mut ImportReport,
    ) -> Result<(), Problem> {
        loop {
            let likes = next_likes(spooled).await?;
            if likes.is_empty() {
                return Ok(());
            }
            claim.renew().await?;
            let imported = if is_dry {
                self.transfer.preview_likes(self.user, &likes).await?
            } else {
                self.transfer.import_likes(self.user, &likes).await?
            };
            likes.into_iter().zip(imported).for_each(|(like, outcome)| report.add_like(like, outcome));
        }
    }

    /// Checks all lines, and spools those of memos and likes.
    async fn check(&self, mut lines: Lines, claim: &mut ImportClaim) -> Result<Checked, Problem> {
        let (mut checking, mut number) = (Checking::new(&self.settings.spool)?, 0);
        while let Some(line) = lines.next().await? {
            let line = if number == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
            if !line.trim_ascii().is_empty() {
                checking.add(line, number).await?;
            }
            let earlier = number;
            number += 1 + lines.skip_blank();
            if number / LINES_AT_ONCE != earlier / LINES_AT_ONCE {
                yield_now().await;
                claim.renew().await?;
            }
        }
        checking.finish().await
    }

    /// Spools an archive, and then its memos.
    async fn unpack(&self, kind: ArchiveKind, mut body: Lines, claim: &mut ImportClaim) -> Result<Checked, Problem> {
        let mut archive = Spool::create(&self.settings.spool)?;
        while let Some(bytes) = body.next_bytes().await? {
            archive.append(&bytes).await?;
            claim.renew().await?;
        }
        let archive = archive.into_file().await?;
        let (writer, memos) = SpoolWriter::create(&self.settings.spool)?;
        let report = self.transfer.unpack(self.user, kind, archive, Box::new(writer), claim).await?;
        let report = ImportReport::of_archive(report);
        Ok(Checked { memos: memos.rewind().await?, likes: None, settings: None, report })
    }
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

async fn next_likes(spooled: &mut Spooled) -> Result<Vec<ImportedLike>, Problem> {
    let mut likes = Vec::new();
    while likes.len() < Transfer::MAX_LIKES {
        let Some(line) = spooled.next().await? else { break };
        likes.extend(read_line::<LikeLine>(line.as_bytes(), 0, LIKE)?);
    }
    Ok(likes)
}
