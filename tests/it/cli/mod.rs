//! What every command has in common: environment, sessions, terminals, input and output.

mod environment;
mod events;
mod inputs;
mod leaks;
mod session;
mod terminal;
mod tls;
