//! The documentation as a reader meets it: links that lead somewhere, a book with every page, plain words.

mod flags;
mod links;
mod pages;
mod reference;
mod texts;
mod words;
