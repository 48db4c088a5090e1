//! Settings of features that do not exist yet. They are refused: a setting without effect must not look accepted.

use config::{Value, ValueKind};

/// The names, each with the value that turns the feature off, if there is one.
const UNAVAILABLE: &[(&str, &str, Option<&str>)] = &[("server", "metrics_listen", Some("off"))];

/// Removes the settings that turn an unavailable feature off.
///
/// # Errors
/// The text says which of these settings has another value.
pub fn remove(settings: &mut Value) -> Result<(), String> {
    let ValueKind::Table(sections) = &mut settings.kind else { return Ok(()) };
    for (section, name, off) in UNAVAILABLE {
        let Some(ValueKind::Table(names)) = sections.get_mut(*section).map(|section| &mut section.kind) else {
            continue;
        };
        if let Some(value) = names.remove(*name)
            && off.is_none_or(|off| value.to_string() != off)
        {
            let instead = off.map(|off| format!(" or set it to `{off}`")).unwrap_or_default();
            return Err(format!("{section}.{name}: this version has no such feature; remove the setting{instead}"));
        }
        if names.is_empty() {
            sections.remove(*section);
        }
    }
    Ok(())
}
