use std::{borrow::Cow, time::Duration};

use memo_application::{Memos, RevisionText};
use memo_domain::{MemoId, Tag, Version};
use similar::{Algorithm, TextDiff};

use crate::{
    dto::{MemoDto, OriginDto, RevisionSummaryDto},
    extractor::from_head,
    offload::{ALWAYS, offload},
    policy::Work,
    prelude::*,
};

/// The time after which two texts count as different from there on: what is exact may take minutes for texts that have no
/// lines in common.
const DIFF_TIME: Duration = Duration::from_millis(300);
/// The length in bytes of two texts that are compared in place.
const SHORT: usize = 2_048;
/// How many equal lines are shown around a difference.
const CONTEXT: usize = 3;

const READ: Policy = Policy::scopes(&[Scope::MemosRead]);

operations! {
    list_revisions => READ.paging(Paging::Offset).problems(&[Code::MemoNotFound, Code::NotOwner]);
    get_revision => READ.condition(Condition::IfNoneMatch).problems(&[Code::MemoNotFound, Code::RevisionNotFound, Code::NotOwner]);
    diff_revisions => READ.work(Work::heavy(5)).problems(&[Code::MemoNotFound, Code::RevisionNotFound, Code::NotOwner]);
    restore_revision => Policy::scopes(&[Scope::MemosWrite]).body(Body::Empty).condition(Condition::IfMatch).problems(&[
        Code::MemoNotFound, Code::RevisionNotFound, Code::NotOwner, Code::MemoTrashed, Code::TooManyTags, Code::Overloaded,
    ]);
}

/// The `{id}` of a memo and the `{version}` of a revision in the path. A malformed version is that of no revision: 404.
struct RevisionPath(MemoId, Version);

from_head!(RevisionPath: |request| {
    let id = MemoId::parse(request.match_info().query("id")).map_err(|_| Problem::new(Code::MemoNotFound))?;
    Ok(Self(id, version(request, "version")?))
});

/// The `{a}` and `{b}` of the revisions that are compared.
struct PairPath([Version; 2]);

from_head!(PairPath: |request| Ok(Self([version(request, "a")?, version(request, "b")?])));

fn version(request: &HttpRequest, name: &str) -> Result<Version, Problem> {
    let number = request.match_info().query(name).parse();
    number.map(Version::new).map_err(|_| Problem::new(Code::RevisionNotFound))
}

/// A text that a memo has, or had.
#[derive(Serialize, ToSchema)]
#[schema(as = Revision, example = json!({
    "version": 1,
    "title": "Weekly meeting",
    "content": "# Agenda",
    "tags": ["work"],
    "created_at": "2026-01-31T09:00:00.123456Z",
    "replaced_at": null,
    "replaced_by": null
}))]
struct RevisionDto {
    /// The version of the memo that has this text.
    #[schema(minimum = 1)]
    version: u32,
    /// The title.
    title: String,
    /// The content.
    content: String,
    /// The tags.
    tags: Vec<String>,
    /// When this version was made.
    #[schema(format = "date-time")]
    created_at: String,
    /// When its text was replaced; null if it is the present text.
    #[schema(required = true, format = "date-time")]
    replaced_at: Option<String>,
    /// What it was replaced through, by the owner; null if it is the present text.
    #[schema(required = true)]
    replaced_by: Option<OriginDto>,
}

impl From<RevisionText> for RevisionDto {
    fn from(text: RevisionText) -> Self {
        Self {
            version: text.version.get(),
            title: text.title.as_str().to_owned(),
            content: text.content.as_str().to_owned(),
            tags: text.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            created_at: text.at.to_string(),
            replaced_at: text.replaced.map(|(at, _)| at.to_string()),
            replaced_by: text.replaced.map(|(_, origin)| origin.into()),
        }
    }
}

/// List the revisions of a memo
///
/// Its earlier texts, the newest first, without their contents. A change of title, content or tags keeps the text before it;
/// the last 100 are kept, or as many as this server keeps. Also of a memo in the trash.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/revisions", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    responses((status = 200, description = "A page of revisions", body = Page<RevisionSummaryDto>)),
)]
async fn list_revisions(
    caller: Caller,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    list: List<Unfiltered<Version>>,
) -> Result<HttpResponse, Problem> {
    let page = memos.revisions(caller.user_id, id, &list.page).await?;
    list.respond::<_, RevisionSummaryDto>(page)
}

/// Read a revision
///
/// The text of a version, which may be the present one. 404 if the text of this version is not kept.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/revisions/{version}", tag = "memos",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the memo"),
        ("version" = u32, Path, minimum = 1, description = "The version of the memo"),
    ),
    responses((status = 200, description = "The text", body = RevisionDto)),
)]
async fn get_revision(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    RevisionPath(id, version): RevisionPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let [text] = memos.revision_texts(caller.user_id, id, [version]).await?;
    revalidated(&request, &RevisionDto::from(text))
}

/// Compare two revisions
///
/// What changed from the content of one version to that of another one, which may be the present one, as a unified diff. Its
/// first two lines name version, title and tags of both.
#[utoipa::path(
    get, path = "/api/v1/memos/{id}/revisions/{a}/diff/{b}", tag = "memos",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the memo"),
        ("a" = u32, Path, minimum = 1, description = "The version whose lines begin with `-`"),
        ("b" = u32, Path, minimum = 1, description = "The version whose lines begin with `+`"),
    ),
    responses((status = 200, description = "The difference", body = String, content_type = "text/plain")),
)]
async fn diff_revisions(
    caller: Caller,
    memos: Data<Memos>,
    MemoPath(id): MemoPath,
    PairPath(versions): PairPath,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let [old, new] = memos.revision_texts(caller.user_id, id, versions).await?;
    let is_short = old.content.as_str().len() + new.content.as_str().len() <= SHORT;
    let diff = offload(if is_short { 0 } else { ALWAYS }, move || Ok(unified_diff(&old, &new))).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(diff))
}

/// Restore a revision
///
/// Gives the memo title, content and tags of an earlier version again, as a new version. All else stays as it is.
#[utoipa::path(
    post, path = "/api/v1/memos/{id}/revisions/{version}/restore", tag = "memos",
    params(
        ("id" = String, Path, format = "uuid", description = "The id of the memo"),
        ("version" = u32, Path, minimum = 1, description = "The version of the memo"),
    ),
    responses((status = 200, description = "The memo", body = MemoDto, headers(("ETag" = String, description = "Identifies this state, for If-Match and If-None-Match")))),
)]
async fn restore_revision(
    caller: Caller,
    request: HttpRequest,
    memos: Data<Memos>,
    RevisionPath(id, version): RevisionPath,
    IfMatch(precondition): IfMatch,
    _: NoQuery,
    _: EmptyBody,
) -> Result<HttpResponse, Problem> {
    let view = memos.restore_revision(*caller, id, version, &precondition).await?;
    versioned(&request, StatusCode::OK, view.memo.version, &MemoDto::for_viewer(caller.user_id, view))
}

/// The difference of two contents, under a line for each text.
fn unified_diff(old: &RevisionText, new: &RevisionText) -> String {
    let name = |text: &RevisionText| {
        let tags: Vec<_> = text.tags.iter().map(Tag::as_str).collect();
        format!("{} {} [{}]", text.version.get(), text.title.as_str(), tags.join(", "))
    };
    let mut config = TextDiff::configure();
    let diff = config.algorithm(Algorithm::Myers).timeout(DIFF_TIME);
    let [old_lines, new_lines] = [old, new].map(|text| lines(text.content.as_str()));
    let [old_slices, new_slices] =
        [&old_lines, &new_lines].map(|lines| lines.iter().map(|line| &**line).collect::<Vec<_>>());
    let diff = diff.diff_slices(&old_slices, &new_slices);
    let hunks = diff.unified_diff().context_radius(CONTEXT).to_string();
    format!("--- {}\n+++ {}\n{hunks}", name(old), name(new))
}

/// The lines of a text as a diff shows them. Only a line feed ends one.
fn lines(text: &str) -> Vec<Cow<'_, str>> {
    let shown = |line| match str::strip_suffix(line, '\n') {
        Some(line) => Cow::Borrowed(line),
        None => Cow::Owned(format!("{line}\n\\ No newline at end of file")),
    };
    text.split_inclusive('\n').map(shown).collect()
}

#[cfg(test)]
mod tests {
    use memo_domain::{Content, Tags, Timestamp, Title};

    use super::*;

    fn text(version: u32, content: &str) -> RevisionText {
        RevisionText {
            version: Version::new(version),
            title: Title::new("A title").expect("a title"),
            content: Content::new(content).expect("a content"),
            tags: Tags::default(),
            at: Timestamp::from_micros(0),
            replaced: None,
        }
    }

    #[test]
    fn diff_has_the_lines_that_differ() {
        let diff = unified_diff(&text(1, "one\ntwo\n"), &text(2, "one\n둘"));
        let expected =
            "--- 1 A title []\n+++ 2 A title []\n@@ -1,2 +1,2 @@\n one\n-two\n+둘\n\\ No newline at end of file\n";
        assert_eq!(diff, expected);
        assert_eq!(unified_diff(&text(1, "one"), &text(2, "one")), "--- 1 A title []\n+++ 2 A title []\n");
    }

    #[test]
    fn only_a_line_feed_ends_a_line_of_a_diff() {
        let diff = unified_diff(&text(1, "a\rb\r\nc\r"), &text(2, "a\rB\r\nc\r\n"));
        let expected = "@@ -1,2 +1,2 @@\n-a\rb\r\n-c\r\n\\ No newline at end of file\n+a\rB\r\n+c\r\n";
        assert_eq!(diff.strip_prefix("--- 1 A title []\n+++ 2 A title []\n"), Some(expected));
    }

    #[test]
    fn diff_of_long_texts_without_a_common_line_is_whole() {
        let (old, new) = (["a\n", "b\n", "c\n"].concat().repeat(10_000), ["x\n", "y\n"].concat().repeat(15_000));
        let diff = unified_diff(&text(1, &old), &text(2, &new));
        let count = |start| diff.lines().skip(3).filter(|line| line.starts_with(start)).count();
        assert_eq!((count('-'), count('+')), (30_000, 30_000));
    }
}
