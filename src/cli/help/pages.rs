//! The manual pages.

use std::fmt::Write;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::super::Cli;
use super::topics::{Topic, environment, exit_codes, files};
use crate::commands::{GROUPS, Manual};
use crate::documentation::page;

/// The manual pages, each with the name of its file: one of the tool, and one of each verb.
pub(in super::super) fn pages() -> Vec<(String, Vec<u8>)> {
    let mut tool = Cli::command().disable_help_subcommand(true);
    tool.build();
    let manuals = GROUPS.iter().flat_map(|group| group.verbs);
    let verbs = manuals.filter_map(|(verb, manual)| {
        let verb = tool.find_subcommand(verb.to_lowercase())?.clone();
        // The page of the tool explains them.
        let verb = verb.mut_args(|flag| {
            let is_global = flag.is_global_set();
            flag.hide(is_global)
        });
        Some(rendered(verb, Some(manual)))
    });
    std::iter::once(rendered(tool.clone(), None)).chain(verbs).collect()
}

fn rendered(command: Command, manual: Option<&Manual>) -> (String, Vec<u8>) {
    let page = Man::new(command);
    let mut out = Vec::new();
    // Nothing can fail that writes to memory.
    let _ = page.render_title(&mut out);
    let _ = page.render_name_section(&mut out);
    let _ = page.render_synopsis_section(&mut out);
    let _ = page.render_description_section(&mut out);
    let _ = page.render_options_section(&mut out);
    let more = match manual {
        None => {
            let _ = page.render_subcommands_section(&mut out);
            String::new()
        }
        Some(manual) => {
            "The options of every command are in\n.BR cwl2le (1).\n".to_owned() + &examples(manual)
        }
    };
    out.extend(more.into_bytes());
    for Topic { title, rows } in [environment(), files(), exit_codes()] {
        let title = if title == "Exit codes" { "EXIT STATUS" } else { title };
        out.extend(format!(".SH {}\n", title.to_uppercase()).into_bytes());
        for (term, text) in rows {
            out.extend(format!(".TP\n\\fB{}\\fR\n{}\n", roff(&term), roff(&text)).into_bytes());
        }
    }
    out.extend(see_also(manual).into_bytes());
    (page.get_filename(), out)
}

fn examples(manual: &Manual) -> String {
    let mut out = String::from(".SH EXAMPLES\n");
    for (what, command) in manual.examples {
        let _ = write!(out, ".TP\n{}\n\\fB{}\\fR\n", roff(what), roff(command));
    }
    out
}

fn see_also(manual: Option<&Manual>) -> String {
    let name = manual.and_then(|manual| manual.page).unwrap_or_default();
    let others = if manual.is_some() { ".BR cwl2le (1),\n" } else { "" };
    format!(".SH SEE ALSO\n{others}{}\n", roff(&page(name)))
}

/// A text as roff takes it: a backslash begins a command of it, and so does a dot or an apostrophe at the start of a
/// line; a plain hyphen may become a longer dash, and a plain quotation mark another one.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
