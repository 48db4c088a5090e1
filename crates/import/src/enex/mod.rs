//! Evernote: a file `*.enex`, which is XML with the notes of a notebook and their attachments.

mod draft;
mod enml;
mod escape;
mod frame;

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, SeekFrom},
};

use draft::{Draft, Element};
use quick_xml::{
    Reader,
    escape::resolve_html5_entity,
    events::{BytesRef, Event},
};

use crate::{
    ImportError, Reason,
    collector::Collector,
    input::{Allowance, Input, Metered},
};

/// How deep elements may be nested around the content of a note.
const MAX_DEPTH: usize = 32;

type Xml<'i> = Reader<Metered<BufReader<&'i mut dyn Input>>>;

/// Reads a file.
///
/// # Errors
/// [`ImportError`].
pub fn read(input: &mut dyn Input, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    input.seek(SeekFrom::Start(0))?;
    let (metered, allowance) = Metered::new(input, collector.limits.entry_bytes);
    let mut parser = Parser { xml: Reader::from_reader(metered), allowance, path: Vec::new(), is_enex: false };
    let config = parser.xml.config_mut();
    config.expand_empty_elements = true;
    // Evernote does not escape the captions of pictures.
    config.allow_dangling_amp = true;
    let mut keys = Keys::default();
    let mut draft = Draft::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        parser.allowance.renew();
        let event = parser.xml.read_event_into(&mut buffer);
        match event {
            Ok(Event::Start(start)) => parser.enter(Element::from_name(start.name().as_ref()), &mut draft)?,
            Ok(Event::End(_)) => {
                let element = parser.path.pop();
                let parent = parser.path.last().copied();
                match element {
                    Some(Element::Note) => add(std::mem::take(&mut draft), &mut keys, collector)?,
                    Some(Element::Resource) => draft.drop_attachment(collector),
                    Some(element) => draft.end(element, parent, collector.limits.entry_bytes)?,
                    None => {}
                }
            }
            Ok(Event::Text(text)) => draft.push(&text, collector.limits.entry_bytes)?,
            Ok(Event::CData(text)) => draft.push(&text, collector.limits.entry_bytes)?,
            Ok(Event::GeneralRef(reference)) => draft.push(&resolve(&reference), collector.limits.entry_bytes)?,
            Ok(Event::Eof) => return parser.finish(),
            Ok(_) => {}
            Err(error) => return Err(parser.explain(&error, collector)),
        }
    }
}

struct Parser<'i> {
    xml: Xml<'i>,
    allowance: Allowance,
    path: Vec<Element>,
    is_enex: bool,
}

impl Parser<'_> {
    fn enter(&mut self, element: Element, draft: &mut Draft) -> Result<(), ImportError> {
        self.is_enex |= self.path.is_empty() && element == Element::Export;
        if !self.is_enex {
            return Err(not_enex());
        }
        if self.path.len() == MAX_DEPTH {
            return Err(ImportError::malformed("elements are nested too deeply"));
        }
        self.path.push(element);
        draft.begin();
        if element == Element::Data { self.skip_text() } else { Ok(()) }
    }

    /// Skips the data of an attachment, of any size: the parser would read them into memory.
    fn skip_text(&mut self) -> Result<(), ImportError> {
        let reader = self.xml.get_mut();
        loop {
            self.allowance.renew();
            let available = reader.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'<');
            let count = end.unwrap_or(available.len());
            reader.consume(count);
            if end.is_some() || count == 0 {
                return Ok(());
            }
        }
    }

    fn finish(&self) -> Result<(), ImportError> {
        match (self.is_enex, self.path.is_empty()) {
            (false, _) => Err(not_enex()),
            (true, false) => Err(ImportError::Truncated),
            (true, true) => Ok(()),
        }
    }

    fn explain(&mut self, error: &quick_xml::Error, collector: &Collector<'_>) -> ImportError {
        if let quick_xml::Error::Io(error) = error {
            let max = collector.limits.entry_bytes;
            let error = std::io::Error::new(error.kind(), error.to_string());
            return if self.allowance.is_used_up() { ImportError::TooLarge { max } } else { error.into() };
        }
        self.allowance.renew();
        match self.xml.get_mut().fill_buf() {
            _ if !self.is_enex => not_enex(),
            Ok([]) => ImportError::Truncated,
            Ok(_) => ImportError::malformed(format!("the XML is wrong at byte {}", self.xml.error_position())),
            Err(error) => error.into(),
        }
    }
}

/// Gives each note a key. Evernote exports no ids, so it is the time of creation and the title, and of equal ones the number.
#[derive(Default)]
struct Keys {
    hasher: RandomState,
    counts: HashMap<u64, u64>,
}

impl Keys {
    fn next(&mut self, created_at: &str, title: &str) -> String {
        let count = self.counts.entry(self.hasher.hash_one((created_at, title))).or_default();
        *count += 1;
        format!("{created_at}\n{title}\n{count}")
    }
}

fn add(draft: Draft, keys: &mut Keys, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let key = keys.next(&draft.created, &draft.title);
    match enml::to_markdown(&draft.content, collector.limits.entry_bytes) {
        Ok(converted) => {
            if converted.has_encrypted_part {
                collector.drop(&draft.title, Reason::Encrypted);
            }
            collector.add(draft.into_note(key, converted.markdown))
        }
        Err(reason) => {
            collector.drop(&draft.title, reason);
            Ok(())
        }
    }
}

/// What a reference stands for. A name that HTML does not define stays as it is: no entity of a document type is read.
fn resolve(reference: &BytesRef<'_>) -> String {
    match reference.resolve_char_ref() {
        Ok(Some(char)) => char.to_string(),
        _ => resolve_html5_entity(reference).map_or_else(|| format!("&{};", &**reference), str::to_owned),
    }
}

fn not_enex() -> ImportError {
    ImportError::NotAnArchive { expected: crate::Source::Enex.format() }
}

#[cfg(test)]
mod tests;
