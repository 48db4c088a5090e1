//! `POST /api/v1/me/import`

mod batch;
mod line;
mod others;
mod report;
mod revision;

use std::{path::Path as FilePath, pin::pin, time::Duration};

use memo_application::{
    ArchiveKind, ImportClaim, ImportedHistory, ImportedRevision, ImportedSettings, Principal, Transfer, UnfitRevision,
};
use memo_domain::{InvalidValue, UserId};
use tokio::time::timeout;

use self::{
    batch::{Batches, next_likes},
    line::MemoLine,
    others::{ApiKeyLine, LikeLine, SettingsLine, ShareLine, WebhookLine},
    report::ImportReport,
    revision::RevisionLine,
};
use super::export::ExportLine;
use crate::{
    dto::ArchiveKindDto,
    input::{check_media_type, read_line},
    middleware::turn_of_others,
    prelude::*,
    signed_in::SignedIn,
    streams::{Lines, NDJSON, Spool, SpoolWriter, Spooled},
};

/// After how many lines other requests of the same thread get their turn.
const LINES_AT_ONCE: usize = 256;
/// After how many bytes they get it: those of the lines, and of the contents of revisions.
const BYTES_AT_ONCE: usize = 1 << 20;
/// How often the claim is looked after while the client sends nothing; at most a part of its lease.
const RENEW_INTERVAL: Duration = Duration::from_secs(10);
/// What some programs write at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The kinds of the lines that are imported.
const MEMO: &str = "memo";
const REVISION: &str = "revision";
const LIKE: &str = "like";
const SETTINGS: &str = "settings";
/// The kinds of those that are left out: they need a new secret.
const SHARE: &str = "share";
const WEBHOOK: &str = "webhook";
const API_KEY: &str = "api_key";

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
/// Lines as in an export: memos, their revisions, likes and settings of the account; lines of other kinds are ignored. A memo that
/// is created gets its revisions and its `version`. They follow its line, the newest first, with a `delta` or with the whole
/// `content`; those without their memo before them, and those that are older than as many as this server keeps, are left out. Shares,
/// webhooks and API keys are left out: they need a new secret. Likes follow the memos: those of memos that the caller cannot read are left out.
///
/// Or, with `from`, an archive of another note program, as it
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
    signed_in: SignedIn,
) -> Result<HttpResponse, Problem> {
    let kind = query.from.map(ArchiveKind::from);
    check_media_type(&request, kind.map_or(&[NDJSON], media_types))?;
    let mut turn = Turn { claim: transfer.claim_import(caller.user_id).await?, signed_in };
    let job = Import { transfer: &transfer, author: *caller, user: caller.user_id, settings: &settings };
    let report = job.run(kind, lines, query.dry_run.unwrap_or_default(), &mut turn).await;
    turn.claim.release().await;
    Ok(HttpResponse::Ok().json(report?))
}

/// The one import of a user that may run, as long as they are signed in.
struct Turn {
    claim: ImportClaim,
    signed_in: SignedIn,
}

impl Turn {
    async fn renew(&mut self) -> Result<(), Problem> {
        self.signed_in.check_if_due().await?;
        Ok(self.claim.renew().await?)
    }

    /// Waits for the client, which may be slow: meanwhile its session is checked and the claim prolonged.
    async fn during<T>(&mut self, receive: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        let mut receive = pin!(receive);
        loop {
            let received = timeout(RENEW_INTERVAL, self.signed_in.during(&mut receive)).await;
            self.claim.renew().await?;
            if let Ok(received) = received {
                return received;
            }
        }
    }
}

/// An import that is checked.
struct Checked {
    memos: Spooled,
    likes: Option<Spooled>,
    settings: Option<ImportedSettings>,
    report: ImportReport,
}

/// The lines of an import, those of memos and likes spooled.
struct Checking<'i> {
    transfer: &'i Transfer,
    memos: Spool,
    /// The revisions of the last memo.
    history: Option<ImportedHistory>,
    likes: Spool,
    settings: Option<ImportedSettings>,
    report: ImportReport,
    /// How many bytes were checked.
    bytes: usize,
}

impl<'i> Checking<'i> {
    fn new(transfer: &'i Transfer, spool: &FilePath) -> Result<Self, Problem> {
        let (memos, likes) = (Spool::create(spool)?, Spool::create(spool)?);
        Ok(Self { transfer, memos, history: None, likes, settings: None, report: ImportReport::default(), bytes: 0 })
    }

    async fn add(&mut self, line: &[u8], number: usize) -> Result<(), Problem> {
        self.bytes += line.len();
        if let Some(memo) = read_line::<MemoLine>(line, number, MEMO)? {
            self.history = Some(self.transfer.history(&memo));
            self.memos.push(line).await?;
        } else if let Some(revision) = read_line::<RevisionLine>(line, number, REVISION)? {
            if self.fits(revision, number)? {
                self.memos.push(line).await?;
            }
        } else if read_line::<LikeLine>(line, number, LIKE)?.is_some() {
            self.likes.push(line).await?;
        } else if let Some(settings) = read_line::<SettingsLine>(line, number, SETTINGS)? {
            self.settings = Some(settings);
        } else if let Some(id) = read_line::<ShareLine>(line, number, SHARE)? {
            self.report
                .drop_secret(format_args!("share {id}"), "the token of a share is not exported: share the memo again");
        } else if let Some(id) = read_line::<WebhookLine>(line, number, WEBHOOK)? {
            self.report
                .drop_secret(format_args!("webhook {id}"), "the secret of a webhook is not exported: create it again");
        } else if let Some(id) = read_line::<ApiKeyLine>(line, number, API_KEY)? {
            self.report.drop_secret(
                format_args!("API key {id}"),
                "the secret of an API key is not exported: create a new key",
            );
        } else {
            self.report.ignored += 1;
        }
        Ok(())
    }

    /// Whether a revision can be stored; otherwise it is reported.
    fn fits(&mut self, revision: ImportedRevision, number: usize) -> Result<bool, Problem> {
        let (memo, version) = (revision.memo_id, revision.version);
        let invalid = |field: &str, reason: InvalidValue| {
            let mut refused = Refusals::of_body();
            let value = refused.within(number.to_string(), |refused| refused.value(field, Err(reason)));
            refused.finish(value)
        };
        let fits = self.history.as_mut().ok_or(UnfitRevision::Detached).and_then(|history| {
            self.bytes += history.length();
            history.next(revision)
        });
        match fits {
            Ok(_) => return Ok(true),
            Err(UnfitRevision::Version(reason)) => return invalid("version", reason),
            Err(UnfitRevision::Delta(reason)) => return invalid("delta", reason),
            Err(UnfitRevision::Detached) => {
                self.report.drop_revision(memo, version, "its memo, with its newer revisions, does not come before it");
            }
            Err(UnfitRevision::TooOld) => {
                self.report.drop_revision(memo, version, "this server keeps only the newest revisions of a memo");
            }
        }
        Ok(false)
    }

    async fn finish(self) -> Result<Checked, Problem> {
        let Self { memos, likes, settings, report, .. } = self;
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
        turn: &mut Turn,
    ) -> Result<ImportReport, Problem> {
        let Checked { memos, likes, settings, mut report } = match kind {
            None => self.check(body, turn).await?,
            Some(kind) => self.unpack(kind, body, turn).await?,
        };
        turn.signed_in.check().await?;
        self.import_memos(memos, is_dry, turn, &mut report).await?;
        if let Some(settings) = settings {
            report.settings = self.transfer.import_settings(self.user, &settings, is_dry).await?;
        }
        if let Some(mut likes) = likes {
            self.import_likes(&mut likes, is_dry, turn, &mut report).await?;
        }
        Ok(report)
    }

    async fn import_memos(
        &self,
        spooled: Spooled,
        is_dry: bool,
        turn: &mut Turn,
        report: &mut ImportReport,
    ) -> Result<(), Problem> {
        let mut batches = Batches::new(self.transfer, spooled);
        loop {
            let memos = batches.next().await?;
            if memos.is_empty() {
                return Ok(());
            }
            turn.renew().await?;
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
        turn: &mut Turn,
        report: &mut ImportReport,
    ) -> Result<(), Problem> {
        loop {
            let likes = next_likes(spooled).await?;
            if likes.is_empty() {
                return Ok(());
            }
            turn.renew().await?;
            let imported = if is_dry {
                self.transfer.preview_likes(self.user, &likes).await?
            } else {
                self.transfer.import_likes(self.user, &likes).await?
            };
            likes.into_iter().zip(imported).for_each(|(like, outcome)| report.add_like(like, outcome));
        }
    }

    /// Checks all lines, and spools those of memos and likes.
    async fn check(&self, mut lines: Lines, turn: &mut Turn) -> Result<Checked, Problem> {
        let (mut checking, mut number) = (Checking::new(self.transfer, &self.settings.spool)?, 0);
        while let Some(line) = turn.during(lines.next()).await? {
            let line = if number == 0 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line) } else { &line };
            if !line.trim_ascii().is_empty() {
                checking.add(line, number).await?;
            }
            let earlier = number;
            number += 1 + lines.skip_blank();
            if number / LINES_AT_ONCE != earlier / LINES_AT_ONCE || checking.bytes >= BYTES_AT_ONCE {
                checking.bytes = 0;
                let _ = turn_of_others().await;
                turn.renew().await?;
            }
        }
        checking.finish().await
    }

    /// Spools an archive, and then its memos.
    async fn unpack(&self, kind: ArchiveKind, mut body: Lines, turn: &mut Turn) -> Result<Checked, Problem> {
        let mut archive = Spool::create(&self.settings.spool)?;
        while let Some(bytes) = turn.during(body.next_bytes()).await? {
            archive.append(&bytes).await?;
        }
        let archive = archive.into_file().await?;
        let (writer, memos) = SpoolWriter::create(&self.settings.spool)?;
        let report = self.transfer.unpack(self.user, kind, archive, Box::new(writer), &mut turn.claim).await?;
        let report = ImportReport::of_archive(report);
        Ok(Checked { memos: memos.rewind().await?, likes: None, settings: None, report })
    }
}
