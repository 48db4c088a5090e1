//! Entities as JSON. What is read is checked as what comes from a client is: by the constructors of the domain.

use memo_domain::{
    AuditEvent, AuditId, AuditKind, Content, DisplayName, Email, Identity, Job, JobId, JobKind, JobState, Locale, Memo,
    MemoId, MemoState, OneTimeToken, PasswordHash, RefreshToken, Role, Scopes, Sealed, SecondFactor, SecretDigest,
    Session, SessionId, Source, Tag, Tags, Timestamp, Title, TokenPurpose, User, UserId, Visibility,
};
use serde_json::{Value, json};

use crate::json::Fields;

const LOCALES: [(Locale, &str); 2] = [(Locale::En, "en"), (Locale::Ko, "ko")];
const VISIBILITIES: [(Visibility, &str); 2] = [(Visibility::Private, "private"), (Visibility::Public, "public")];

fn name<T: PartialEq>(value: &T, all: &[(T, &'static str)]) -> Option<&'static str> {
    all.iter().find(|(named, _)| named == value).map(|(_, name)| *name)
}

fn time(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_micros)
}

pub fn write_user(user: &User) -> Value {
    json!({
        "row": "user", "id": user.id.to_string(), "email": user.email.as_str(),
        "email_verified": user.email_verified, "display_name": user.display_name.as_str(),
        "role": name(&user.role, &Role::NAMES), "locale": name(&user.locale, &LOCALES),
        "password_hash": user.password_hash.as_ref().map(PasswordHash::as_str),
        "disabled_at": time(user.disabled_at), "version": user.version.get(),
        "created_at": user.created_at.as_micros(), "updated_at": user.updated_at.as_micros(),
    })
}

pub fn read_user(row: &Fields) -> Result<User, Source> {
    Ok(User {
        id: UserId::parse(row.text("id")?)?,
        email: Email::new(row.text("email")?)?,
        email_verified: row.flag("email_verified")?,
        display_name: DisplayName::new(row.text("display_name")?)?,
        role: row.named("role", &Role::NAMES)?,
        locale: row.named("locale", &LOCALES)?,
        password_hash: row.optional("password_hash", Fields::string)?.map(PasswordHash::new),
        disabled_at: row.optional("disabled_at", Fields::time)?,
        version: row.version("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub fn write_session(session: &Session) -> Value {
    json!({
        "row": "session", "id": session.id.to_string(), "user_id": session.user_id.to_string(),
        "scopes": session.scopes.to_string(), "cookie": session.cookie.as_ref().map(SecretDigest::as_bytes),
        "provider": session.provider, "device": session.device, "ip": session.ip,
        "created_at": session.created_at.as_micros(), "last_seen_at": session.last_seen_at.as_micros(),
        "expires_at": session.expires_at.as_micros(), "ended_at": time(session.ended_at),
    })
}

pub fn read_session(row: &Fields) -> Result<Session, Source> {
    Ok(Session {
        id: SessionId::parse(row.text("id")?)?,
        user_id: UserId::parse(row.text("user_id")?)?,
        scopes: Scopes::parse(row.text("scopes")?)?,
        // A row that was written before there were these has neither.
        cookie: row.optional("cookie", Fields::digest)?,
        provider: row.optional("provider", Fields::string)?,
        device: row.optional("device", Fields::string)?,
        ip: row.optional("ip", Fields::string)?,
        created_at: row.time("created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.optional("ended_at", Fields::time)?,
    })
}

pub fn write_refresh_token(token: &RefreshToken) -> Value {
    json!({
        "row": "refresh_token", "digest": token.digest.as_bytes(), "session_id": token.session_id.to_string(),
        "issued_at": token.issued_at.as_micros(), "expires_at": token.expires_at.as_micros(),
        "used_at": time(token.used_at),
    })
}

pub fn read_refresh_token(row: &Fields) -> Result<RefreshToken, Source> {
    Ok(RefreshToken {
        digest: row.digest("digest")?,
        session_id: SessionId::parse(row.text("session_id")?)?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.optional("used_at", Fields::time)?,
    })
}

pub fn write_memo(memo: &Memo) -> Value {
    json!({
        "row": "memo", "id": memo.id.to_string(), "owner_id": memo.owner_id.to_string(),
        "title": memo.state.title.as_str(), "content": memo.state.content.as_str(),
        "tags": memo.state.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "pinned": memo.state.pinned, "archived": memo.state.archived,
        "visibility": name(&memo.state.visibility, &VISIBILITIES), "remind_at": time(memo.state.remind_at),
        "reminded_at": time(memo.reminded_at), "version": memo.version.get(),
        "created_at": memo.created_at.as_micros(), "updated_at": memo.updated_at.as_micros(),
        "deleted_at": time(memo.deleted_at),
    })
}

pub fn read_memo(row: &Fields) -> Result<Memo, Source> {
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
            visibility: row.named("visibility", &VISIBILITIES)?,
            remind_at: row.optional("remind_at", Fields::time)?,
        },
        reminded_at: row.optional("reminded_at", Fields::time)?,
        version: row.version("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        deleted_at: row.optional("deleted_at", Fields::time)?,
    })
}

pub fn write_identity(identity: &Identity) -> Value {
    json!({
        "row": "identity", "user_id": identity.user_id.to_string(), "provider": identity.provider,
        "issuer": identity.issuer, "subject": identity.subject, "email": identity.email,
        "created_at": identity.created_at.as_micros(),
    })
}

pub fn read_identity(row: &Fields) -> Result<Identity, Source> {
    Ok(Identity {
        user_id: UserId::parse(row.text("user_id")?)?,
        provider: row.string("provider")?,
        issuer: row.string("issuer")?,
        subject: row.string("subject")?,
        email: row.optional("email", Fields::string)?,
        created_at: row.time("created_at")?,
    })
}

pub fn write_one_time_token(token: &OneTimeToken) -> Value {
    json!({
        "row": "one_time_token", "digest": token.digest.as_bytes(), "user_id": token.user_id.to_string(),
        "purpose": name(&token.purpose, &TokenPurpose::NAMES), "email_key": token.email_key,
        "scopes": token.scopes.map(|scopes| scopes.to_string()), "tries": token.tries,
        "created_at": token.created_at.as_micros(), "expires_at": token.expires_at.as_micros(),
    })
}

pub fn read_one_time_token(row: &Fields) -> Result<OneTimeToken, Source> {
    Ok(OneTimeToken {
        digest: row.digest("digest")?,
        user_id: UserId::parse(row.text("user_id")?)?,
        purpose: row.named("purpose", &TokenPurpose::NAMES)?,
        email_key: row.optional("email_key", Fields::string)?,
        scopes: row.optional("scopes", |row, name| Ok(Scopes::parse(row.text(name)?)?))?,
        tries: row.number("tries")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

pub fn write_second_factor(factor: &SecondFactor) -> Value {
    json!({
        "row": "second_factor", "user_id": factor.user_id.to_string(), "secret": factor.secret.as_bytes(),
        "confirmed_at": time(factor.confirmed_at), "last_step": factor.last_step,
        "created_at": factor.created_at.as_micros(),
    })
}

pub fn read_second_factor(row: &Fields) -> Result<SecondFactor, Source> {
    Ok(SecondFactor {
        user_id: UserId::parse(row.text("user_id")?)?,
        secret: Sealed::new(row.bytes("secret")?),
        confirmed_at: row.optional("confirmed_at", Fields::time)?,
        last_step: row.get("last_step", Value::as_i64)?,
        created_at: row.time("created_at")?,
    })
}

pub fn write_job(job: &Job) -> Value {
    json!({
        "row": "job", "id": job.id.to_string(), "owner": job.owner.map(|id| id.to_string()), "kind": job.kind.as_str(),
        "label": job.label, "payload": job.payload.as_bytes(), "state": name(&job.state, &JobState::NAMES),
        "attempts": job.attempts, "begun": job.begun, "run_at": job.run_at.as_micros(),
        "created_at": job.created_at.as_micros(), "error": job.error,
    })
}

pub fn read_job(row: &Fields) -> Result<Job, Source> {
    Ok(Job {
        id: JobId::parse(row.text("id")?)?,
        owner: row.optional("owner", Fields::text)?.map(UserId::parse).transpose()?,
        kind: JobKind::new(row.string("kind")?)?,
        label: row.string("label")?,
        payload: Sealed::new(row.bytes("payload")?),
        state: row.named("state", &JobState::NAMES)?,
        attempts: row.number("attempts")?,
        begun: row.number("begun")?,
        run_at: row.time("run_at")?,
        created_at: row.time("created_at")?,
        error: row.optional("error", Fields::string)?,
    })
}

pub fn write_event(event: &AuditEvent) -> Value {
    json!({
        "row": "event", "id": event.id.to_string(), "user_id": event.user_id.to_string(),
        "actor_id": event.actor_id.map(|id| id.to_string()), "kind": event.kind.name(), "at": event.at.as_micros(),
        "ip": event.ip, "device": event.device, "request_id": event.request_id, "detail": event.detail,
    })
}

pub fn read_event(row: &Fields) -> Result<AuditEvent, Source> {
    Ok(AuditEvent {
        id: AuditId::parse(row.text("id")?)?,
        user_id: UserId::parse(row.text("user_id")?)?,
        actor_id: row.optional("actor_id", |row, name| Ok(UserId::parse(row.text(name)?)?))?,
        kind: row.named("kind", AuditKind::NAMES)?,
        at: row.time("at")?,
        ip: row.optional("ip", Fields::string)?,
        device: row.optional("device", Fields::string)?,
        request_id: row.optional("request_id", Fields::string)?,
        detail: row.optional("detail", Fields::string)?,
    })
}
