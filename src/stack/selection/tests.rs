use proptest::prelude::*;

use super::*;

const ACCOUNT: [&str; 6] =
    ["/app/a", "/app/b", "/app/b/deep", "/aws/lambda/cwl-to-logentries", "/infrequent", "other"];

fn candidates() -> Vec<Candidate<'static>> {
    let class = |name: &str| if name == "/infrequent" { "INFREQUENT_ACCESS" } else { "STANDARD" };
    ACCOUNT.iter().map(|name| Candidate { name, class: class(name) }).collect()
}

fn own(name: &str) -> Option<String> {
    name.ends_with("cwl-to-logentries").then(|| "its own".to_owned())
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn tag(key: &str, value: &str) -> Tags {
    Tags::from([(key.to_owned(), value.to_owned())])
}

fn select(wanted: Wanted) -> Selection {
    let tags = BTreeMap::from([
        ("/app/a".to_owned(), tag("team", "pay")),
        ("other".to_owned(), tag("team", "pay")),
        ("/app/b".to_owned(), tag("team", "web")),
    ]);
    Selector::new(wanted).expect("globs").select(&candidates(), &tags, own)
}

#[test]
fn a_star_matches_slashes_and_an_exclusion_wins() {
    let wanted = Wanted { globs: texts(&["/app/*"]), excludes: texts(&["*/deep"]), ..Wanted::default() };
    assert_eq!(select(wanted).groups, ["/app/a", "/app/b"]);
    let wanted = Wanted { names: texts(&["/app/a", "x"]), excludes: texts(&["/app/?"]), ..Wanted::default() };
    let selection = select(wanted);
    assert_eq!(selection.groups, ["x"]);
    assert_eq!(selection.left_out[0].log_group, "/app/a");
}

#[test]
fn all_takes_what_can_be_taken_and_says_what_cannot() {
    let selection = select(Wanted { all: true, ..Wanted::default() });
    assert_eq!(selection.groups, ["/app/a", "/app/b", "/app/b/deep", "other"]);
    let left: Vec<&str> = selection.left_out.iter().map(|out| out.log_group.as_str()).collect();
    assert_eq!(left, ["/aws/lambda/cwl-to-logentries", "/infrequent"]);
}

/// AWS refuses to tell the tags of such a group, which would keep all others from being selected.
#[test]
fn a_log_group_whose_tags_cannot_be_read_is_left_out_by_name() {
    let candidates =
        [Candidate { name: "/a#b", class: "STANDARD" }, Candidate { name: "/app/a", class: "STANDARD" }];
    let tags = BTreeMap::from([("/app/a".to_owned(), tag("team", "pay"))]);
    let by_tag = || Wanted { tags: tag("team", "pay"), ..Wanted::default() };
    let selector = Selector::new(by_tag()).expect("globs");
    assert_eq!(selector.needs_tags_of(&candidates), ["/app/a"]);
    let selection = selector.select(&candidates, &tags, own);
    assert_eq!(selection.groups, ["/app/a"]);
    assert_eq!(selection.left_out[0].log_group, "/a#b");
    // Named or excluded, nothing has to be said.
    let named = Wanted { names: texts(&["/a#b"]), ..by_tag() };
    let selection = Selector::new(named).expect("globs").select(&candidates, &tags, own);
    assert_eq!((selection.groups, selection.left_out), (texts(&["/a#b", "/app/a"]), vec![]));
    let excluded = Wanted { excludes: texts(&["*#*"]), ..by_tag() };
    assert!(Selector::new(excluded).expect("globs").select(&candidates, &tags, own).left_out.is_empty());
}

#[test]
fn tags_narrow_down_or_select_by_themselves() {
    let team = || tag("team", "pay");
    assert_eq!(select(Wanted { tags: team(), ..Wanted::default() }).groups, ["/app/a", "other"]);
    let narrowed = Wanted { globs: texts(&["/app/*"]), tags: team(), ..Wanted::default() };
    assert_eq!(select(narrowed).groups, ["/app/a"]);
    let named = Wanted { names: texts(&["/app/b"]), tags: team(), ..Wanted::default() };
    assert_eq!(select(named).groups, ["/app/a", "/app/b", "other"]);
}

#[test]
fn what_matches_nothing_is_reported() {
    let wanted = Wanted {
        globs: texts(&["/app/*", "/ap/*"]),
        excludes: texts(&["nope*"]),
        tags: tag("team", "none"),
        ..Wanted::default()
    };
    assert_eq!(select(wanted).unmatched, ["`/ap/*`", "`nope*`", "tag `team=none`"]);
}

#[test]
fn an_account_policy_leaves_out_names_and_what_globs_match_now() {
    let wanted =
        Wanted { excludes: texts(&["/app/b*", "/to/come", "/infrequent*"]), all: true, ..Wanted::default() };
    let selector = Selector::new(wanted).expect("globs");
    let names: Vec<String> = selector.excluded_names(&candidates()).into_iter().collect();
    assert_eq!(names, ["/app/b", "/app/b/deep", "/to/come"], "AWS leaves out other classes by itself");
    assert_eq!(selector.excluding_globs().collect::<Vec<_>>(), ["/app/b*", "/infrequent*"]);
}

#[test]
fn a_broken_glob_is_named() {
    let broken = Wanted { globs: texts(&["/app/[a"]), ..Wanted::default() };
    let error = Selector::new(broken).expect_err("refused").to_string();
    assert!(error.starts_with("`/app/[a` is not a valid glob pattern"), "{error}");
}

#[test]
fn only_what_tags_decide_on_is_asked_for_its_tags() {
    let wanted = Wanted { globs: texts(&["/app/?"]), tags: tag("a", "b"), ..Wanted::default() };
    let selector = Selector::new(wanted).expect("globs");
    assert_eq!(selector.needs_tags_of(&candidates()), ["/app/a", "/app/b"]);
    let names = Selector::new(Wanted { names: texts(&["x"]), ..Wanted::default() }).expect("globs");
    assert!(!names.needs_listing() && names.needs_tags_of(&candidates()).is_empty());
}

fn name() -> impl Strategy<Value = String> {
    "[/a-c]{1,4}"
}

proptest! {
    /// Sorted, nothing twice, nothing excluded, nothing of our own unless it is named, nothing that was not asked for.
    #[test]
    fn a_selection_is_what_was_asked_for(
        account in proptest::collection::vec(name(), 0..12),
        names in proptest::collection::vec(name(), 0..3),
        globs in proptest::collection::vec("[/a-c*?]{1,3}", 0..3),
        excludes in proptest::collection::vec("[/a-c*?]{1,3}", 0..2),
        all in any::<bool>(),
    ) {
        let wanted = Wanted { names: names.clone(), globs, excludes, all, ..Wanted::default() };
        let selector = Selector::new(wanted).expect("globs");
        let candidates: Vec<_> = account.iter().map(|name| Candidate { name, class: "STANDARD" }).collect();
        let own = |name: &str| name.starts_with('b').then(|| "ours".to_owned());
        let selection = selector.select(&candidates, &BTreeMap::new(), own);

        prop_assert!(selection.groups.windows(2).all(|pair| pair[0] < pair[1]));
        for group in &selection.groups {
            prop_assert!(!selector.excludes.is_match(group));
            prop_assert!(names.contains(group) || (account.contains(group) && own(group).is_none()));
            prop_assert!(names.contains(group) || all || selector.globs.is_match(group));
        }
        for name in &account {
            let meant = (all || selector.globs.is_match(name)) && !selector.excludes.is_match(name);
            let accounted = selection.groups.contains(name) || selection.left_out.iter().any(|out| out.log_group == *name);
            prop_assert!(!meant || accounted, "{name} is neither taken nor left out");
        }
        // Twice the same account is the same selection.
        let doubled: Vec<_> = candidates.iter().chain(&candidates).copied().collect();
        prop_assert_eq!(selector.select(&doubled, &BTreeMap::new(), own), selection);
    }
}
