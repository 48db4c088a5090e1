use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use memo_domain::Timestamp;

use super::{Files, wanted};
use crate::{
    ImportError, Limits, MemoRecord, Reason, Report, Source,
    collector::Collector,
    zip::{File, Wanted},
};
use io::Read;

/// How deep folders may be nested.
const MAX_DEPTH: usize = 64;

/// Imports a folder of Markdown files, in the order of their paths, for a command line. Its memos have the ids that they have in a
/// zip of the contents of the folder. Symbolic links are not followed.
///
/// # Errors
/// [`ImportError`], as in [`import`](crate::import).
pub fn import_folder(
    folder: &Path,
    now: Timestamp,
    limits: &Limits,
    sink: &mut dyn FnMut(MemoRecord) -> io::Result<()>,
) -> Result<Report, ImportError> {
    let mut collector = Collector::new(Source::Markdown, now, limits, sink);
    let (mut files, mut entries, mut bytes) = (Files::default(), 0, 0);
    // Folders that are still to be read, the next one last: their paths and their names from `folder` on.
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((path, prefix, depth)) = folders.pop() {
        let mut inner = Vec::new();
        for (name, path) in sorted_entries(&path, &mut entries, limits)? {
            let name = format!("{prefix}{name}");
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_dir() && wanted(&name) != Wanted::Ignore {
                if depth == MAX_DEPTH {
                    collector.drop(&name, Reason::TooDeep);
                } else {
                    inner.push((path, format!("{name}/"), depth + 1));
                }
            } else if metadata.is_file() {
                read_file(&mut files, &mut collector, name, &path, &metadata, &mut bytes)?;
            } else if wanted(&name) != Wanted::Ignore {
                collector.drop(&name, Reason::Link);
            }
        }
        folders.extend(inner.into_iter().rev());
    }
    Ok(collector.finish())
}

fn sorted_entries(folder: &Path, entries: &mut u64, limits: &Limits) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        *entries += 1;
        if *entries > limits.entries {
            return Err(ImportError::TooManyEntries { max: limits.entries });
        }
        found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    found.sort();
    Ok(found)
}

fn read_file(
    files: &mut Files,
    collector: &mut Collector<'_>,
    name: String,
    path: &Path,
    metadata: &fs::Metadata,
    total: &mut u64,
) -> Result<(), ImportError> {
    let limits = collector.limits;
    let reason = match wanted(&name) {
        Wanted::Ignore => return Ok(()),
        Wanted::Report => Reason::Attachment,
        Wanted::Read => {
            let mut bytes = Vec::new();
            // The file may grow meanwhile.
            fs::File::open(path)?.take(limits.entry_bytes + 1).read_to_end(&mut bytes)?;
            *total += bytes.len() as u64;
            if *total > limits.total_bytes {
                return Err(ImportError::TooLarge { max: limits.total_bytes });
            }
            if bytes.len() as u64 <= limits.entry_bytes {
                return files.add(collector, File { name, modified_at: modified_at(metadata), bytes });
            }
            Reason::TooLarge { max: limits.entry_bytes }
        }
    };
    collector.drop(&name, reason);
    Ok(())
}

fn modified_at(metadata: &fs::Metadata) -> Option<Timestamp> {
    let since: Duration = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
}
