//! Expressions of the user's own, within a budget.

use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;

use super::budget::Budget;
use crate::shape::expression::{InvalidRule, LARGEST, LARGEST_CACHE, compile};

/// What a byte counts for where it cannot be measured how far a search reads: such searches are slower, too.
const UNKNOWN: usize = 4;

/// An expression, compiled.
#[derive(Debug)]
pub(super) struct Own {
    regex: Regex,
    text: String,
    /// The automaton that measures how far a search reads; made when it is needed first. `None` inside: it cannot be
    /// made.
    measure: OnceLock<Option<DFA>>,
}

impl Own {
    /// Compiles the expression that stands at `key`.
    pub(super) fn compile(expression: &str, key: String) -> Result<Self, InvalidRule> {
        let regex = compile(expression, key)?;
        Ok(Self { regex, text: expression.to_owned(), measure: OnceLock::new() })
    }

    /// Calls `found` with the place of each match, or of each of its groups where it has any. Gives back where the rest
    /// begins that the budget does not suffice for.
    pub(super) fn find(
        &self,
        text: &str,
        budget: &Budget,
        mut found: impl FnMut(Range<usize>),
    ) -> Option<usize> {
        let mut meter = None;
        // The first search is one pass over the text.
        let mut allows = |at: usize| {
            at == 0 || budget.allows(text.len() - at, |most| self.reads(&mut meter, text, at, most))
        };
        let mut at = 0;
        if self.regex.captures_len() == 1 {
            let mut matches = self.regex.find_iter(text);
            while allows(at) {
                let one = matches.next()?;
                at = after(text, &one.range(), at);
                found(one.range());
            }
        } else {
            let mut matches = self.regex.captures_iter(text);
            while allows(at) {
                let all = matches.next()?;
                at = all.get(0).map_or(text.len(), |whole| after(text, &whole.range(), at));
                all.iter().skip(1).flatten().for_each(|group| found(group.range()));
            }
        }
        Some(at)
    }

    /// How many bytes a search from `at` reads, at least where it is more than `most`.
    fn reads(&self, meter: &mut Option<Cache>, text: &str, at: usize, most: usize) -> usize {
        let unknown = UNKNOWN.saturating_mul(text.len() - at);
        let Some(dfa) = self.measure.get_or_init(|| automaton(&self.text)) else { return unknown };
        let cache = meter.get_or_insert_with(|| dfa.create_cache());
        let input = Input::new(text).range(at..);
        let Ok(mut state) = dfa.start_state_forward(cache, &input) else { return unknown };
        for (read, byte) in text.as_bytes()[at..].iter().enumerate().take(most.saturating_add(1)) {
            match dfa.next_state(cache, state, *byte) {
                Ok(next) if !next.is_tagged() => state = next,
                Ok(next) if next.is_dead() => return read + 1,
                // It stops at what it does not know, like `\b` beside letters beyond ASCII.
                Ok(next) if next.is_quit() => return unknown,
                Ok(next) => state = next,
                Err(_) => return unknown,
            }
        }
        (text.len() - at).min(most.saturating_add(1))
    }
}

/// Where the search for the next match begins.
fn after(text: &str, found: &Range<usize>, before: usize) -> usize {
    // An empty match moves on by one character.
    let next = || found.end + text[found.end..].chars().next().map_or(1, char::len_utf8);
    let at = if found.is_empty() { next() } else { found.end };
    at.clamp(before.max(1), text.len().max(1)).min(text.len())
}

fn automaton(expression: &str) -> Option<DFA> {
    DFA::builder()
        .thompson(thompson::Config::new().nfa_size_limit(Some(LARGEST)))
        .configure(
            DFA::config()
                .cache_capacity(LARGEST_CACHE)
                .skip_cache_capacity_check(true)
                .unicode_word_boundary(true),
        )
        .build(expression)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(expression: &str, text: &str, budget: &Budget) -> (Vec<Range<usize>>, Option<usize>) {
        let own = Own::compile(expression, "pattern".to_owned()).unwrap();
        let mut all = Vec::new();
        budget.begin(text.len());
        let rest = own.find(text, budget, |at| all.push(at));
        (all, rest)
    }

    /// A budget of 4 MiB a message and 16 MiB a record.
    fn small() -> Budget {
        Budget::new(4 << 20, 16 << 20, 1 << 20)
    }

    #[test]
    fn searches_that_read_on_to_the_end_are_stopped_and_others_are_not() {
        let card = "card: 1 ".repeat(3000);
        for (expression, text) in [
            ("a.*z|a", "a".repeat(20_000)),
            ("(a.*z)?", "a".repeat(20_000)),
            ("(?s)<secret>.*?</secret>|<secret>", "<secret>".repeat(3000)),
            ("card: ([0-9]+)(?:.*cvv: [0-9]+)?", card.clone()),
            (r"\bcard\b.*é|card", card + "ü "),
        ] {
            let budget = small();
            let (_, rest) = found(expression, &text, &budget);
            assert!(rest.is_some_and(|rest| rest < text.len()), "{expression}: {rest:?}");
            assert!(budget.is_cut_short());
            assert!(budget.spent() <= 5 << 20, "{expression}: {}", budget.spent());
        }
        for (expression, text, matches) in [
            (r"\S+@\S+", "bob@example.com ".repeat(20_000), 20_000),
            (r"password=(\S+)", "password=hunter2 x ".repeat(20_000), 20_000),
            (r"\d{3}-\d{2}-\d{4}", "123-45-6789 ".repeat(20_000), 20_000),
            (r"\bcard\b", "card, ".repeat(20_000), 20_000),
            ("x", "y".repeat(1 << 20), 0),
        ] {
            let budget = small();
            let (all, rest) = found(expression, &text, &budget);
            assert_eq!((all.len(), rest), (matches, None), "{expression}");
            assert!(!budget.is_cut_short());
        }
    }

    #[test]
    fn a_record_of_heavy_messages_gets_shorter_and_shorter_budgets_and_ordinary_messages_get_enough() {
        let budget = small();
        let heavy = "a".repeat(20_000);
        for _ in 0..20 {
            found("a.*z|a", &heavy, &budget);
            assert!(budget.is_cut_short());
        }
        assert!(budget.spent() < 32 << 20, "{}", budget.spent());
        let ordinary = "bob@example.com ".repeat(1000);
        assert_eq!(found(r"\S+@\S+", &ordinary, &budget).1, None);
        assert_eq!(found("x*", "yyy x", &budget).1, None);
    }

    #[test]
    fn matches_are_those_of_the_expression() {
        let budget = Budget::default();
        for (expression, text) in [("x*", "yxxéx"), ("", "aé"), ("a|ab", "abab"), ("$", "é"), ("é?", "éaé")]
        {
            let Ok(own) = Own::compile(expression, String::new()) else { continue };
            let mut all = Vec::new();
            budget.begin(text.len());
            assert_eq!(own.find(text, &budget, |at| all.push(at)), None);
            let expected: Vec<_> =
                Regex::new(expression).unwrap().find_iter(text).map(|one| one.range()).collect();
            assert_eq!(all, expected, "{expression} in {text}");
        }
    }
}
