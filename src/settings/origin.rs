//! Where the value of a setting comes from, by precedence.

use super::file::File;
use crate::resources::{HeadRow, Origin, Over};

/// The first place that gives a value, with the place: the one way in which flags win over variables, and these over
/// the file.
pub(super) fn first<T>(places: impl IntoIterator<Item = (Origin, Option<T>)>) -> Option<(T, Origin)> {
    places.into_iter().find_map(|(origin, value)| Some((value?, origin)))
}

/// The row of the first place that gives a value, and the next one that gives another value.
pub(super) fn row(name: &str, places: impl IntoIterator<Item = (Origin, Option<String>)>) -> Option<HeadRow> {
    let mut given = places.into_iter().filter_map(|(origin, value)| Some((value?, origin)));
    let (value, origin) = given.next()?;
    let over = given.find(|(other, _)| *other != value);
    let over = over.map(|(value, origin)| Over { value: Some(value), origin });
    Some(HeadRow { name: name.to_owned(), value: Some(value), origin, over })
}

/// A flag by the name that its setting has.
pub(super) fn flag(name: &str) -> Origin {
    Origin::Flag(format!("--{name}"))
}

/// The place in the configuration file that gives a setting; empty where there is no file.
pub(super) fn file(file: Option<&File>, path: &str) -> Origin {
    Origin::File(file.map(|file| file.document.place(&file.document.span(path))).unwrap_or_default())
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
        in_file: impl Fn(&File) -> Option<String>,
        otherwise: Origin,
    ) -> HeadRow {
        let set = |name: &str| (self.variable)(name).filter(|value| !value.is_empty());
        let variables = variables.iter().map(|name| (Origin::Variable((*name).to_owned()), set(name)));
        let mut places = vec![(flag(name), (self.typed)(&format!("--{name}")).then(|| value.to_owned()))];
        places.extend(variables);
        places.push((file(self.file, name), self.file.and_then(in_file)));
        let row = row(name, places).filter(|row| row.value.as_deref() == Some(value));
        let other = || HeadRow {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            origin: otherwise,
            over: None,
        };
        row.unwrap_or_else(other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_the_file() {
        let with = parse("region = \"eu-west-1\"\n").expect("a file");
        for (typed, set, file, shown) in [
            (
                true,
                "AWS_REGION",
                Some(&with),
                "from the flag: --region; wins over eu-west-2 from the environment: AWS_REGION",
            ),
            (
                false,
                "AWS_REGION",
                Some(&with),
                "from the environment: AWS_REGION; wins over eu-west-1 from cwl2le.toml:1:10",
            ),
            (false, "AWS_DEFAULT_REGION", None, "from the environment: AWS_DEFAULT_REGION"),
            (false, "", Some(&with), "from cwl2le.toml:1:10"),
            (false, "", None, "from the AWS profile"),
        ] {
            let given = Given {
                typed: &|flag| typed && flag == "--region",
                variable: &|name| (name == set).then(|| "eu-west-2".to_owned()),
                file,
            };
            let value = match (typed, set) {
                (true, _) => "eu-west-3",
                (_, "") => "eu-west-1",
                _ => "eu-west-2",
            };
            let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"];
            let in_file = |file: &File| file.region().map(ToString::to_string);
            let row = given.row("region", value, &variables, in_file, Origin::Profile);
            let over = row.over.iter().map(|over| {
                format!("; wins over {} {}", over.value.as_deref().unwrap_or_default(), over.origin)
            });
            let over = over.collect::<String>();
            assert_eq!(
                (format!("{}{over}", row.origin), row.value.as_deref()),
                (shown.to_owned(), Some(value))
            );
        }
    }
}
