pub mod audit;
pub mod email;
pub mod mfa;
pub mod password;
pub mod profile;
pub mod withdrawal;
