//! Commits as JSON: a list of rows, each with its kind.

use std::sync::Arc;

use memo_domain::{
    AuditId, Change, ChangeKind, JobId, MemoId, SecretDigest, SessionId, Source, StoreError, Timestamp, UserId, Version,
};
use serde_json::{Value, json};

use crate::{entities, state::Row};

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
    match row {
        Row::User(user) => entities::write_user(user),
        Row::UserGone(id) => json!({"row": "user_gone", "id": id.to_string()}),
        Row::Session(session) => entities::write_session(session),
        Row::SessionGone(id) => json!({"row": "session_gone", "id": id.to_string()}),
        Row::RefreshToken(token) => entities::write_refresh_token(token),
        Row::Memo(memo) => entities::write_memo(memo),
        Row::MemoGone(id) => json!({"row": "memo_gone", "id": id.to_string()}),
        Row::Change(owner, change) => json!({
            "row": "change", "owner_id": owner.to_string(), "seq": change.seq, "kind": change.kind.name(),
            "memo_id": change.memo_id.to_string(), "version": change.version.get(), "at": change.at.as_micros(),
        }),
        Row::ChangeGone(owner, seq) => json!({"row": "change_gone", "owner_id": owner.to_string(), "seq": seq}),
        Row::Identity(identity) => entities::write_identity(identity),
        Row::IdentityGone(user, provider) => {
            json!({"row": "identity_gone", "user_id": user.to_string(), "provider": provider})
        }
        Row::OneTimeToken(token) => entities::write_one_time_token(token),
        Row::OneTimeTokenGone(digest) => json!({"row": "one_time_token_gone", "digest": digest.as_bytes()}),
        Row::SecondFactor(factor) => entities::write_second_factor(factor),
        Row::SecondFactorGone(user) => json!({"row": "second_factor_gone", "user_id": user.to_string()}),
        Row::Codes(user, codes) => {
            let codes: Vec<_> = codes.iter().map(SecretDigest::as_bytes).collect();
            json!({"row": "codes", "user_id": user.to_string(), "codes": codes})
        }
        Row::Job(job) => entities::write_job(job),
        Row::JobGone(id) => json!({"row": "job_gone", "id": id.to_string()}),
        Row::Event(event) => entities::write_event(event),
        Row::EventGone(id) => json!({"row": "event_gone", "id": id.to_string()}),
    }
}

fn read_row(row: &Fields) -> Result<Row, Source> {
    let user = |name| Ok::<_, Source>(UserId::parse(row.text(name)?)?);
    Ok(match row.text("row")? {
        "user" => Row::User(Arc::new(entities::read_user(row)?)),
        "user_gone" => Row::UserGone(user("id")?),
        "session" => Row::Session(Arc::new(entities::read_session(row)?)),
        "session_gone" => Row::SessionGone(SessionId::parse(row.text("id")?)?),
        "refresh_token" => Row::RefreshToken(Arc::new(entities::read_refresh_token(row)?)),
        "memo" => Row::Memo(Arc::new(entities::read_memo(row)?)),
        "memo_gone" => Row::MemoGone(MemoId::parse(row.text("id")?)?),
        "change" => {
            let change = Change {
                seq: row.get("seq", Value::as_u64)?,
                kind: ChangeKind::from_name(row.text("kind")?).ok_or("a change of no kind")?,
                memo_id: MemoId::parse(row.text("memo_id")?)?,
                version: row.version("version")?,
                at: row.time("at")?,
            };
            Row::Change(user("owner_id")?, change)
        }
        "change_gone" => Row::ChangeGone(user("owner_id")?, row.get("seq", Value::as_u64)?),
        "identity" => Row::Identity(Arc::new(entities::read_identity(row)?)),
        "identity_gone" => Row::IdentityGone(user("user_id")?, row.string("provider")?),
        "one_time_token" => Row::OneTimeToken(Arc::new(entities::read_one_time_token(row)?)),
        "one_time_token_gone" => Row::OneTimeTokenGone(row.digest("digest")?),
        "second_factor" => Row::SecondFactor(Arc::new(entities::read_second_factor(row)?)),
        "second_factor_gone" => Row::SecondFactorGone(user("user_id")?),
        "codes" => {
            let codes: Vec<[u8; 32]> = serde_json::from_value(row.0["codes"].clone())?;
            Row::Codes(user("user_id")?, codes.into_iter().map(SecretDigest::new).collect())
        }
        "job" => Row::Job(Arc::new(entities::read_job(row)?)),
        "job_gone" => Row::JobGone(JobId::parse(row.text("id")?)?),
        "event" => Row::Event(Arc::new(entities::read_event(row)?)),
        "event_gone" => Row::EventGone(AuditId::parse(row.text("id")?)?),
        _ => return Err("a row of no kind".into()),
    })
}

/// The fields of a row.
pub struct Fields<'a>(pub &'a Value);

impl<'a> Fields<'a> {
    pub fn get<T>(&self, name: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T, Source> {
        read(&self.0[name]).ok_or_else(|| format!("{name} is not there, or of another kind").into())
    }

    pub fn text(&self, name: &str) -> Result<&'a str, Source> {
        self.get(name, Value::as_str)
    }

    pub fn string(&self, name: &str) -> Result<String, Source> {
        self.text(name).map(ToOwned::to_owned)
    }

    pub fn flag(&self, name: &str) -> Result<bool, Source> {
        self.get(name, Value::as_bool)
    }

    pub fn number(&self, name: &str) -> Result<u32, Source> {
        Ok(u32::try_from(self.get(name, Value::as_u64)?)?)
    }

    pub fn time(&self, name: &str) -> Result<Timestamp, Source> {
        self.get(name, Value::as_i64).map(Timestamp::from_micros)
    }

    pub fn version(&self, name: &str) -> Result<Version, Source> {
        self.number(name).map(Version::new)
    }

    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, Source> {
        Ok(serde_json::from_value(self.0[name].clone())?)
    }

    pub fn digest(&self, name: &str) -> Result<SecretDigest, Source> {
        Ok(SecretDigest::new(serde_json::from_value(self.0[name].clone())?))
    }

    pub fn named<T: Copy>(&self, name: &str, all: &[(T, &str)]) -> Result<T, Source> {
        let text = self.text(name)?;
        self.get(name, |_| all.iter().find(|(_, name)| *name == text).map(|(value, _)| *value))
    }

    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, Source>,
    ) -> Result<Option<T>, Source> {
        if self.0[name].is_null() { Ok(None) } else { read(self, name).map(Some) }
    }
}
