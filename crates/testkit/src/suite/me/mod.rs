pub mod api_key_settings;
pub mod api_keys;
pub mod audit;
pub mod email;
pub mod mfa;
pub mod password;
pub mod profile;
pub mod withdrawal;
