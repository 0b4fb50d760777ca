//! What documents and AWS's own API models say is what the code does.

mod api_models;
mod errors;
