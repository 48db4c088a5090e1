use memo_application::ArchiveKind;

use super::mirror::mirror;

mirror! {
    /// What an archive comes from.
    ArchiveKindDto of ArchiveKind { #[default] Markdown, Keep, Enex, Usememos, Jex }
}
