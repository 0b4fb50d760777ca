//! What was probably meant by a name that is not known. Pure.

/// Maximum number of known names that a hint lists.
const LISTED: usize = 8;

/// The question whether the known name nearest to `word` was meant; none where no name is near.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// The same question; where no name is near, the names there are. `what` introduces them: `there are`.
pub(crate) fn did_you_mean_or<'a>(
    word: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    did_you_mean(word, known.clone()).unwrap_or_else(|| format!("{what} {}", listed(known)))
}

/// Names side by side; of many, the first ones and the number of the others.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    let more = names.len().saturating_sub(LISTED);
    // Two more take no more room than their number does.
    if more <= 2 {
        return names.join(", ");
    }
    names.truncate(LISTED);
    format!("{} and {more} more", names.join(", "))
}

/// The known name that differs by no more than a slip of the fingers, by hyphens for underscores, by upper and lower
/// case, or that has the word at its beginning or as its last part: `app` for `/aws/lambda/app`.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.replace('-', "_").to_lowercase();
    let word = plain(word);
    // Names of log groups are paths with long beginnings: a slip is one in the last part of it.
    let allowed = (last_part(&word).chars().count() / 3).max(1);
    let distances = known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed || is_part(&word, &plain(candidate)));
    distances.min().map(|(_, candidate)| candidate)
}

fn last_part(name: &str) -> &str {
    name.trim_end_matches('/').rsplit('/').next().unwrap_or(name)
}

/// `retention` for `retention_hours`, `log_group` for `log_groups`, `cart` for `/aws/lambda/cart`.
fn is_part(word: &str, known: &str) -> bool {
    let end = word.trim_start_matches('/');
    let is_end = !end.is_empty() && known.strip_suffix(end).is_some_and(|path| path.ends_with('/'));
    // What is longer than a known path is another path below it.
    let is_beginning = known.starts_with(word) || (word.starts_with(known) && !known.contains('/'));
    is_end || (word.len() > 3 && is_beginning)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GROUPS: [&str; 5] =
        ["/aws/lambda/checkout", "/aws/lambda/example-lambda", "/aws/ecs/web", "/aws/ecs/worker", "app"];

    #[test]
    fn a_log_group_is_found_by_what_people_type() {
        for (typed, meant) in [
            ("/aws/lambda/chekout", Some("/aws/lambda/checkout")),
            ("/aws/lamda/checkout", Some("/aws/lambda/checkout")),
            ("/aws/lambda/Checkout", Some("/aws/lambda/checkout")),
            ("aws/lambda/checkout", Some("/aws/lambda/checkout")),
            ("checkout", Some("/aws/lambda/checkout")),
            ("/checkout", Some("/aws/lambda/checkout")),
            ("/aws/lambda/exmple-lambda", Some("/aws/lambda/example-lambda")),
            ("/aws/lambda/example_lambda", Some("/aws/lambda/example-lambda")),
            ("/aws/lambda/exam", Some("/aws/lambda/example-lambda")),
            ("/aws/ecs/wen", Some("/aws/ecs/web")),
            ("web", Some("/aws/ecs/web")),
            // Another service is no slip.
            ("/aws/lambda/payments", None),
            ("/aws/rds/checkout-database", None),
            ("zz", None),
        ] {
            assert_eq!(nearest(typed, GROUPS), meant, "{typed}");
        }
    }

    #[test]
    fn the_names_there_are_stand_where_none_is_near() {
        assert_eq!(did_you_mean_or("blu", "there are", ["blue", "red"]), "did you mean `blue`?");
        assert_eq!(did_you_mean_or("green", "there are", ["blue", "red"]), "there are blue, red");
        let many: Vec<String> = (0..11).map(|n| format!("s{n}")).collect();
        let many = || many.iter().map(String::as_str);
        assert_eq!(listed(many()), "s0, s1, s2, s3, s4, s5, s6, s7 and 3 more");
        assert_eq!(listed(many().take(10)).matches(", ").count(), 9);
    }

    proptest! {
        /// Whoever types a name as it is gets no other one.
        #[test]
        fn a_known_name_is_its_own_nearest(names in prop::collection::btree_set("[a-z/]{1,12}", 1..8), n in 0usize..8) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let name = names[n % names.len()];
            prop_assert_eq!(nearest(name, names.iter().copied()), Some(name));
        }
    }
}
