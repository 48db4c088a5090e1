//! `memo user`: accounts, managed by the operator of the server.

use std::{io::BufRead, sync::Arc};

use memo_application::{
    AccountSettings, Accounts, Administration, Error, Ports, Reauthentication, Resource, SignUp, SignUpPolicy,
    UserChange,
};
use memo_domain::{DisplayName, Email, InvalidValue, Limit, Locale, PageRequest, PageStart, Password, Role, User};

use super::{arguments::UserAction, output::print};
use crate::{
    Settings, StartError,
    adapters::{SystemClock, SystemSecrets, UuidV7Generator},
    background::Tasks,
    http_settings::host_name,
    ports::{Wired, ports},
    store_source::StoreSource,
};

/// Performs the action and prints the accounts that it concerns.
///
/// # Errors
/// [`StartError`] if the store can't be opened, or the action is refused.
pub async fn run(settings: &Settings, store: StoreSource, action: UserAction) -> Result<(), StartError> {
    let opened = store.open_migrated(settings).await?;
    if !opened.is_durable {
        return Err(StartError::setting("database.url: accounts in memory are lost when this command ends"));
    }
    let store = opened.store;
    let url = settings.server.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.server.listen)).into();
    let secrets = Arc::new(SystemSecrets);
    let ids = Arc::new(UuidV7Generator::default());
    let Wired { ports, .. } =
        ports(settings, &url, store.clone(), Arc::new(SystemClock), ids, secrets, Arc::new(Tasks::default()))?;
    let done = act(Arc::new(ports), host_name(&url), action).await;
    store.close().await;
    done
}

async fn act(ports: Arc<Ports>, host: &str, action: UserAction) -> Result<(), StartError> {
    let administration = Administration::new(ports.clone());
    let settings = AccountSettings { sign_up: SignUpPolicy::Closed, host: host.to_owned() };
    let accounts = Accounts::new(ports.clone(), settings, Arc::new(Reauthentication::new(ports)));
    let change = async |email: &str, change| {
        let email = Email::new(email).map_err(|error| invalid("the address", error))?;
        let user = accounts.find_by_operator(&email).await.map_err(|error| refused(&error))?;
        administration.change_by_operator(user.id, change).await.map_err(|error| refused(&error))
    };
    match action {
        UserAction::Create { email, admin, .. } => {
            let sign_up = sign_up(&email, &password()?)?;
            let role = if admin { Role::Admin } else { Role::Member };
            show(&accounts.create_by_operator(sign_up, role).await.map_err(|error| refused(&error))?)
        }
        UserAction::Promote { email } => {
            show(&change(&email, UserChange { role: Some(Role::Admin), disabled: None }).await?)
        }
        UserAction::Disable { email } => show(&change(&email, UserChange { role: None, disabled: Some(true) }).await?),
        UserAction::List => list(&accounts).await,
    }
}

async fn list(accounts: &Accounts) -> Result<(), StartError> {
    let limit = Limit::new(100).unwrap_or_default();
    let mut start = PageStart::Offset(0);
    loop {
        let page = accounts.list_by_operator(&PageRequest { limit, start }).await.map_err(|error| refused(&error))?;
        page.items.iter().try_for_each(show)?;
        match page.next {
            Some(next) => start = PageStart::After(next),
            None => return Ok(()),
        }
    }
}

fn show(user: &User) -> Result<(), StartError> {
    let role = Role::NAMES.into_iter().find(|(role, _)| *role == user.role).map_or("", |(_, name)| name);
    let state = if user.disabled_at.is_some() { "disabled" } else { "enabled" };
    print(format_args!("{} {} {role} {state} {}", user.id, user.email.as_str(), user.created_at))
}

fn sign_up(email: &str, password: &str) -> Result<SignUp, StartError> {
    let email = Email::new(email).map_err(|error| invalid("the e-mail address", error))?;
    let name = email.as_str().split('@').next().unwrap_or_default();
    let display_name = DisplayName::new(name).map_err(|error| invalid("the e-mail address", error))?;
    let password = Password::new(password).map_err(|error| invalid("the password", error))?;
    Ok(SignUp { email, password, display_name, locale: Locale::default() })
}

fn password() -> Result<String, StartError> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|source| StartError::Io { what: "the password can't be read".into(), source })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn invalid(what: &str, error: InvalidValue) -> StartError {
    StartError::unusable(format!("{what} is invalid: {error}"))
}

fn refused(error: &Error) -> StartError {
    StartError::unusable(match error {
        Error::NotFound(Resource::User) => "no account has this address".to_owned(),
        Error::EmailTaken => "another account has this address".to_owned(),
        Error::LastAdministrator => "this is the last administrator".to_owned(),
        error => error.to_string(),
    })
}
