use crate::{
    ImportError,
    collector::Collector,
    note::Note,
    time::{parse_compact, parse_time},
};

/// The elements of a file that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Export,
    Note,
    Title,
    Content,
    Created,
    Updated,
    Tag,
    SourceUrl,
    ReminderTime,
    ReminderDoneTime,
    Task,
    TaskStatus,
    Resource,
    Data,
    FileName,
    Mime,
    Other,
}

impl Element {
    pub fn from_name(name: &str) -> Self {
        match name {
            "en-export" => Self::Export,
            "note" => Self::Note,
            "title" => Self::Title,
            "content" => Self::Content,
            "created" => Self::Created,
            "updated" => Self::Updated,
            "tag" => Self::Tag,
            "source-url" => Self::SourceUrl,
            "reminder-time" => Self::ReminderTime,
            "reminder-done-time" => Self::ReminderDoneTime,
            "task" => Self::Task,
            "taskStatus" => Self::TaskStatus,
            "resource" => Self::Resource,
            // Also what an attachment was recognized as, in XML of its own.
            "data" | "alternate-data" | "recognition" => Self::Data,
            "file-name" => Self::FileName,
            "mime" => Self::Mime,
            _ => Self::Other,
        }
    }
}

/// What a tag or a task counts as in bytes: something is kept of an empty one, too.
const ELEMENT: u64 = 64;

/// A note that is being read.
#[derive(Debug, Default)]
pub struct Draft {
    pub title: String,
    pub content: String,
    pub created: String,
    updated: String,
    tags: Vec<String>,
    source_url: String,
    reminder_time: String,
    is_reminder_done: bool,
    tasks: String,
    task_title: String,
    is_task_done: bool,
    file_name: String,
    mime: String,
    /// The text of the current element.
    text: String,
    /// The size of all texts, tags and tasks of the note in bytes.
    size: u64,
}

impl Draft {
    /// Begins an element.
    pub fn begin(&mut self) {
        self.text.clear();
    }

    /// # Errors
    /// [`ImportError::TooLarge`] if the note becomes larger than `max` bytes.
    pub fn push(&mut self, text: &str, max: u64) -> Result<(), ImportError> {
        self.grow(text.len() as u64, max)?;
        self.text.push_str(text);
        Ok(())
    }

    fn grow(&mut self, by: u64, max: u64) -> Result<(), ImportError> {
        self.size += by;
        if self.size > max { Err(ImportError::TooLarge { max }) } else { Ok(()) }
    }

    /// Ends an element.
    ///
    /// # Errors
    /// Like [`push`](Self::push).
    pub fn end(&mut self, element: Element, parent: Option<Element>, max: u64) -> Result<(), ImportError> {
        if matches!(element, Element::Tag | Element::Task) {
            self.grow(ELEMENT, max)?;
        }
        let text = std::mem::take(&mut self.text);
        let trimmed = || text.trim().to_owned();
        match element {
            Element::Title if parent == Some(Element::Note) => self.title = trimmed(),
            Element::Title if parent == Some(Element::Task) => self.task_title = trimmed(),
            Element::Content => self.content = trimmed(),
            Element::Created if parent == Some(Element::Note) => self.created = trimmed(),
            Element::Updated if parent == Some(Element::Note) => self.updated = trimmed(),
            Element::Tag => self.tags.push(trimmed()),
            // Attachments have one, too.
            Element::SourceUrl if self.source_url.is_empty() => self.source_url = trimmed(),
            Element::ReminderTime => self.reminder_time = trimmed(),
            Element::ReminderDoneTime => self.is_reminder_done = !text.trim().is_empty(),
            Element::TaskStatus => self.is_task_done = text.trim() == "completed",
            Element::Task => {
                let mark = if std::mem::take(&mut self.is_task_done) { 'x' } else { ' ' };
                let title = std::mem::take(&mut self.task_title).replace('\n', " ");
                self.tasks.extend(["- [", &mark.to_string(), "] ", &title, "\n"]);
            }
            Element::FileName => self.file_name = trimmed(),
            Element::Mime => self.mime = trimmed(),
            _ => {}
        }
        Ok(())
    }

    /// Reports the attachment that ends.
    pub fn drop_attachment(&mut self, collector: &mut Collector<'_>) {
        let (name, mime) = (std::mem::take(&mut self.file_name), std::mem::take(&mut self.mime));
        collector.drop_attachment(&self.title, if name.is_empty() { &mime } else { &name });
    }

    pub fn into_note(self, key: String, mut content: String) -> Note {
        let time = |text: &str| parse_compact(text).or_else(|| parse_time(text));
        let url = self.source_url;
        // A note that was clipped from the web.
        let source =
            if url.is_empty() || url.contains(['<', '>', '\n', ' ']) { None } else { Some(format!("<{url}>")) };
        for block in [Some(self.tasks.trim_end().to_owned()), source].into_iter().flatten() {
            if !content.is_empty() && !block.is_empty() {
                content.push_str("\n\n");
            }
            content.push_str(&block);
        }
        Note {
            name: self.title.clone(),
            key,
            title: self.title,
            content,
            tags: self.tags,
            remind_at: time(&self.reminder_time).filter(|_| !self.is_reminder_done),
            created_at: time(&self.created),
            updated_at: time(&self.updated),
            ..Note::default()
        }
    }
}
