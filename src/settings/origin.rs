//! Where the value of a setting comes from, by precedence.

use std::path::Path;

use super::file::File;
use crate::resources::{HeadRow, Origin};

/// The first place that gives a value, with the place: the one way in which flags win over variables, and these over
/// the file.
pub(super) fn first<T>(places: impl IntoIterator<Item = (Origin, Option<T>)>) -> Option<(T, Origin)> {
    places.into_iter().find_map(|(origin, value)| Some((value?, origin)))
}

/// A flag by the name that its setting has.
pub(super) fn flag(name: &str) -> Origin {
    Origin::Flag(format!("--{name}"))
}

/// The configuration file, where there is one.
pub(super) fn file(file: Option<&File>) -> Origin {
    Origin::File(file.map_or(Path::new(""), File::path).display().to_string())
}

/// The run that the region and the profile, and the name of the stack, are given for.
pub(crate) struct Given<'a> {
    /// Whether a flag was typed.
    pub(crate) typed: &'a dyn Fn(&str) -> bool,
    /// The environment.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The file.
    pub(crate) file: Option<&'a File>,
}

impl Given<'_> {
    /// Where a value comes from that a flag, one of these variables or the file can give; `value` is the one that is
    /// used.
    pub(crate) fn row(
        &self,
        name: &str,
        value: &str,
        variables: &[&str],
        in_file: impl Fn(&File) -> bool,
        otherwise: Origin,
    ) -> HeadRow {
        let some = |is: bool| is.then_some(());
        let set = |name: &str| (self.variable)(name).is_some_and(|value| !value.is_empty());
        let places = [(flag(name), some((self.typed)(&format!("--{name}"))))]
            .into_iter()
            .chain(variables.iter().map(|name| (Origin::Variable((*name).to_owned()), some(set(name)))))
            .chain([(file(self.file), some(self.file.is_some_and(in_file))), (otherwise, Some(()))]);
        let origin = first(places).map_or(Origin::Default, |((), origin)| origin);
        HeadRow { name: name.to_owned(), value: Some(value.to_owned()), origin }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_the_file() {
        let with = parse("region = \"eu-west-1\"\n").expect("a file");
        for (typed, set, file, origin) in [
            (true, "AWS_REGION", Some(&with), "from the flag: --region"),
            (false, "AWS_REGION", Some(&with), "from the environment: AWS_REGION"),
            (false, "AWS_DEFAULT_REGION", Some(&with), "from the environment: AWS_DEFAULT_REGION"),
            (false, "", Some(&with), "from cwl2le.toml"),
            (false, "", None, "from the AWS profile"),
        ] {
            let given = Given {
                typed: &|flag| typed && flag == "--region",
                variable: &|name| (name == set).then(|| "eu-west-1".to_owned()),
                file,
            };
            let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
            let in_file = |file: &File| file.region().is_some();
            let shown = given.row("region", "eu-west-1", &variables, in_file, Origin::Profile);
            assert_eq!(shown.origin.to_string(), origin);
        }
    }
}
