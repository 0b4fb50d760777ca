//! Secrets: their values, where they are kept, and how they stay out of everything that is printed.

mod held;
mod looks;
pub mod reader;
pub mod redactor;
pub mod reference;
mod store;
mod url;
mod value;

pub use held::Held;
pub use looks::{REDACTED, is_telling, is_token_like, is_uuid, redact_uuids};
pub use store::Store;
pub use url::{hides_secret, secrets_of_url, shown_url};
pub use value::{HeaderText, InvalidHeader, InvalidToken, Secret, Sensitive, TOKEN_STAND_IN, Token};
