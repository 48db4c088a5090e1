//! Commits as JSON. What is read is checked as what comes from a client is: by the constructors of the domain.

use std::sync::Arc;

use memo_domain::{
    Change, ChangeKind, Content, DisplayName, Email, Locale, Memo, MemoId, MemoState, PasswordHash, RefreshToken, Role,
    Scopes, SecretDigest, Session, SessionId, Source, StoreError, Tag, Tags, Timestamp, Title, User, UserId, Version,
    Visibility,
};
use serde_json::{Value, json};

use crate::state::Row;

/// A commit, as one line.
pub fn write(rows: &[Row]) -> String {
    Value::Array(rows.iter().map(write_row).collect()).to_string()
}

/// Gives each row of a commit.
pub fn read(commit: &[u8], mut each: impl FnMut(&Row)) -> Result<(), StoreError> {
    let rows: Vec<Value> = serde_json::from_slice(commit).map_err(StoreError::corrupt)?;
    rows.iter().try_for_each(|row| read_row(&Fields(row)).map(|row| each(&row))).map_err(StoreError::corrupt)
}

fn write_row(row: &Row) -> Value {
    let time = |time: &Option<Timestamp>| time.map(Timestamp::as_micros);
    match row {
        Row::User(user) => json!({
            "row": "user", "id": user.id.to_string(), "email": user.email.as_str(),
            "email_verified": user.email_verified, "display_name": user.display_name.as_str(),
            "role": role(user.role), "locale": locale(user.locale),
            "password_hash": user.password_hash.as_ref().map(PasswordHash::as_str),
            "disabled_at": time(&user.disabled_at), "version": user.version.get(),
            "created_at": user.created_at.as_micros(), "updated_at": user.updated_at.as_micros(),
        }),
        Row::Session(session) => json!({
            "row": "session", "id": session.id.to_string(), "user_id": session.user_id.to_string(),
            "scopes": session.scopes.to_string(), "device": session.device, "ip": session.ip,
            "created_at": session.created_at.as_micros(), "last_seen_at": session.last_seen_at.as_micros(),
            "expires_at": session.expires_at.as_micros(), "ended_at": time(&session.ended_at),
        }),
        Row::RefreshToken(token) => json!({
            "row": "refresh_token", "digest": token.digest.as_bytes(), "session_id": token.session_id.to_string(),
            "issued_at": token.issued_at.as_micros(), "expires_at": token.expires_at.as_micros(),
            "used_at": time(&token.used_at),
        }),
        Row::Memo(memo) => json!({
            "row": "memo", "id": memo.id.to_string(), "owner_id": memo.owner_id.to_string(),
            "title": memo.state.title.as_str(), "content": memo.state.content.as_str(),
            "tags": memo.state.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
            "pinned": memo.state.pinned, "archived": memo.state.archived,
            "visibility": visibility(memo.state.visibility), "remind_at": time(&memo.state.remind_at),
            "reminded_at": time(&memo.reminded_at), "version": memo.version.get(),
            "created_at": memo.created_at.as_micros(), "updated_at": memo.updated_at.as_micros(),
            "deleted_at": time(&memo.deleted_at),
        }),
        Row::MemoGone(id) => json!({"row": "memo_gone", "id": id.to_string()}),
        Row::Change(owner, change) => json!({
            "row": "change", "owner_id": owner.to_string(), "seq": change.seq, "kind": change.kind.name(),
            "memo_id": change.memo_id.to_string(), "version": change.version.get(), "at": change.at.as_micros(),
        }),
        Row::ChangeGone(owner, seq) => json!({"row": "change_gone", "owner_id": owner.to_string(), "seq": seq}),
    }
}

fn read_row(row: &Fields) -> Result<Row, Source> {
    Ok(match row.text("row")? {
        "user" => Row::User(Arc::new(User {
            id: UserId::parse(row.text("id")?)?,
            email: Email::new(row.text("email")?)?,
            email_verified: row.flag("email_verified")?,
            display_name: DisplayName::new(row.text("display_name")?)?,
            role: row.named("role", &[Role::Member, Role::Admin], role)?,
            locale: row.named("locale", &[Locale::En, Locale::Ko], locale)?,
            password_hash: row.optional("password_hash", Fields::string)?.map(PasswordHash::new),
            disabled_at: row.optional("disabled_at", Fields::time)?,
            version: row.version("version")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        })),
        "session" => Row::Session(Arc::new(Session {
            id: SessionId::parse(row.text("id")?)?,
            user_id: UserId::parse(row.text("user_id")?)?,
            scopes: Scopes::parse(row.text("scopes")?)?,
            device: row.optional("device", Fields::string)?,
            ip: row.optional("ip", Fields::string)?,
            created_at: row.time("created_at")?,
            last_seen_at: row.time("last_seen_at")?,
            expires_at: row.time("expires_at")?,
            ended_at: row.optional("ended_at", Fields::time)?,
        })),
        "refresh_token" => Row::RefreshToken(Arc::new(RefreshToken {
            digest: SecretDigest::new(serde_json::from_value(row.0["digest"].clone())?),
            session_id: SessionId::parse(row.text("session_id")?)?,
            issued_at: row.time("issued_at")?,
            expires_at: row.time("expires_at")?,
            used_at: row.optional("used_at", Fields::time)?,
        })),
        "memo" => Row::Memo(Arc::new(read_memo(row)?)),
        "memo_gone" => Row::MemoGone(MemoId::parse(row.text("id")?)?),
        "change" => {
            let change = Change {
                seq: row.get("seq", Value::as_u64)?,
                kind: ChangeKind::from_name(row.text("kind")?).ok_or("a change of no kind")?,
                memo_id: MemoId::parse(row.text("memo_id")?)?,
                version: row.version("version")?,
                at: row.time("at")?,
            };
            Row::Change(UserId::parse(row.text("owner_id")?)?, change)
        }
        "change_gone" => Row::ChangeGone(UserId::parse(row.text("owner_id")?)?, row.get("seq", Value::as_u64)?),
        _ => return Err("a row of no kind".into()),
    })
}

fn read_memo(row: &Fields) -> Result<Memo, Source> {
    let tags: Vec<String> = serde_json::from_value(row.0["tags"].clone())?;
    Ok(Memo {
        id: MemoId::parse(row.text("id")?)?,
        owner_id: UserId::parse(row.text("owner_id")?)?,
        state: MemoState {
            title: Title::new(row.text("title")?)?,
            content: Content::new(row.text("content")?)?,
            tags: Tags::new(tags.iter().map(Tag::new).collect::<Result<Vec<_>, _>>()?)?,
            pinned: row.flag("pinned")?,
            archived: row.flag("archived")?,
            visibility: row.named("visibility", &[Visibility::Private, Visibility::Public], visibility)?,
            remind_at: row.optional("remind_at", Fields::time)?,
        },
        reminded_at: row.optional("reminded_at", Fields::time)?,
        version: row.version("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        deleted_at: row.optional("deleted_at", Fields::time)?,
    })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
    }
}

fn locale(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "en",
        Locale::Ko => "ko",
    }
}

fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Public => "public",
    }
}

/// The fields of a row.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn get<T>(&self, name: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T, Source> {
        read(&self.0[name]).ok_or_else(|| format!("{name} is not there, or of another kind").into())
    }

    fn text(&self, name: &str) -> Result<&'a str, Source> {
        self.get(name, Value::as_str)
    }

    fn string(&self, name: &str) -> Result<String, Source> {
        self.text(name).map(ToOwned::to_owned)
    }

    fn flag(&self, name: &str) -> Result<bool, Source> {
        self.get(name, Value::as_bool)
    }

    fn time(&self, name: &str) -> Result<Timestamp, Source> {
        self.get(name, Value::as_i64).map(Timestamp::from_micros)
    }

    fn version(&self, name: &str) -> Result<Version, Source> {
        Ok(Version::new(u32::try_from(self.get(name, Value::as_u64)?)?))
    }

    fn named<T: Copy>(&self, name: &str, all: &[T], name_of: fn(T) -> &'static str) -> Result<T, Source> {
        let text = self.text(name)?;
        self.get(name, |_| all.iter().copied().find(|value| name_of(*value) == text))
    }

    fn optional<T>(&self, name: &str, read: fn(&Self, &str) -> Result<T, Source>) -> Result<Option<T>, Source> {
        if self.0[name].is_null() { Ok(None) } else { read(self, name).map(Some) }
    }
}
