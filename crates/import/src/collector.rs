use std::io;

use memo_domain::{Content, MemoId, MemoState, Timestamp};

use crate::{
    ImportError, Limits, MemoRecord, Reason, Report, Source,
    fit::{fit_content, fit_tags, fit_title, numbered},
    id::derive_id,
    note::{Note, Trashed},
};

/// Takes the notes of a source: makes memos of them, hands these out, and reports the rest.
pub struct Collector<'c> {
    pub source: Source,
    pub limits: Limits,
    now: Timestamp,
    sink: &'c mut dyn FnMut(MemoRecord) -> io::Result<()>,
    report: Report,
    notes: u64,
    bytes: u64,
}

impl<'c> Collector<'c> {
    pub fn new(
        source: Source,
        now: Timestamp,
        limits: &Limits,
        sink: &'c mut dyn FnMut(MemoRecord) -> io::Result<()>,
    ) -> Self {
        Self { source, limits: *limits, now, sink, report: Report::default(), notes: 0, bytes: 0 }
    }

    pub fn finish(self) -> Report {
        self.report
    }

    /// Reports that something did not become a memo.
    pub fn drop(&mut self, name: &str, reason: Reason) {
        self.report.drop(name, reason);
    }

    /// Reports an attachment of a note.
    pub fn drop_attachment(&mut self, note: &str, name: &str) {
        self.report.drop_attachment(note, name);
    }

    /// Hands out a note as a memo, or as several if its content is too long for one.
    ///
    /// # Errors
    /// [`ImportError::TooManyEntries`], [`ImportError::TooLarge`], or an error of the sink.
    pub fn add(&mut self, mut note: Note) -> Result<(), ImportError> {
        self.notes += 1;
        self.bytes += note.content.len() as u64;
        if self.notes > self.limits.entries {
            return Err(ImportError::TooManyEntries { max: self.limits.entries });
        }
        if self.bytes > self.limits.total_bytes {
            return Err(ImportError::TooLarge { max: self.limits.total_bytes });
        }
        let Some(title) = fit_title(&mut note) else {
            self.drop(&note.name, Reason::Malformed);
            return Ok(());
        };
        let (tags, all_fit) = fit_tags(&note.tags);
        if !all_fit {
            self.drop(if note.name.is_empty() { title.as_str() } else { &note.name }, Reason::Tags);
        }
        let created_at = note.created_at.or(note.updated_at).unwrap_or(self.now).min(self.now);
        let pieces = fit_content(&note.content);
        for (part, piece) in pieces.iter().enumerate() {
            // A content that was divided fits.
            let Ok(content) = Content::new(*piece) else { continue };
            let is_first = part == 0;
            let title = if pieces.len() == 1 { title.clone() } else { numbered(&title, part + 1, pieces.len()) };
            let memo = MemoRecord {
                id: self.id(&note, part),
                state: MemoState {
                    tags: tags.clone(),
                    pinned: note.pinned,
                    archived: note.archived,
                    visibility: note.visibility,
                    remind_at: note.remind_at.filter(|_| is_first),
                    ..MemoState::new(title, content)
                },
                reminded_at: note.reminded_at.filter(|_| is_first).map(|time| time.min(self.now)),
                created_at,
                updated_at: note.updated_at.unwrap_or(created_at).min(self.now).not_before(created_at),
                deleted_at: match note.trashed {
                    Trashed::No => None,
                    Trashed::Elsewhere => Some(self.now),
                    Trashed::Since(time) => Some(time.min(self.now).not_before(created_at)),
                },
            };
            self.report.memos += 1;
            (self.sink)(memo).map_err(ImportError::Io)?;
        }
        Ok(())
    }

    fn id(&self, note: &Note, part: usize) -> MemoId {
        match note.id {
            Some(id) if part == 0 => id,
            Some(id) => derive_id(self.source, &id.to_string(), part, note.created_at),
            // Ids sort by creation, so one does not contain a time in the future.
            None => derive_id(self.source, &note.key, part, note.created_at.filter(|time| *time <= self.now)),
        }
    }
}
