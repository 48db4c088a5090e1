pub mod refresh;
pub mod revoke;
pub mod sign_up;
pub mod token;
