//! The types of log services: what each says of itself, and the list of them.

use http::Uri;
use http::uri::{Parts, PathAndQuery};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::stream::Target;
use super::{Destination, Surroundings};
use crate::net::tls::Trust;
use crate::secret::reference::Reference;
use crate::style::{LineRules, Style};

/// What the forwarder connects to.
pub enum Peer {
    /// A connection that takes lines.
    Stream(Target),
    /// A server that takes requests.
    Server {
        /// Scheme, host and port, without the path, which may hold a secret.
        origin: Uri,
        /// The authorities to trust.
        trust: Trust,
    },
}

impl Peer {
    /// The server of a URL that is written out, whatever its path.
    pub(super) fn server_of(url: &str, trust: Trust) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "the endpoint is not a URL")?;
        Ok(Self::server(&uri, trust))
    }

    /// The server of a URL, whatever its path.
    pub(super) fn server(uri: &Uri, trust: Trust) -> Self {
        let mut parts = Parts::default();
        (parts.scheme, parts.authority) = (uri.scheme().cloned(), uri.authority().cloned());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Self::Server { origin: Uri::from_parts(parts).unwrap_or_default(), trust }
    }
}

/// A type of log service, as it stands in the configuration: the keys beside `type` are its fields.
pub trait Type: Serialize + DeserializeOwned {
    /// The keys whose values are secrets. `headers.*` stands for all keys of the table `headers`.
    const SECRETS: &'static [&'static str];

    /// How its lines look unless the configuration says otherwise; `None` where it sends none.
    const LINES: Option<LineRules>;

    /// Whether it shows labels whatever its lines look like.
    const SHOWS_LABELS: bool;

    /// Checks what types cannot.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    fn validate(&self) -> Result<(), String>;

    /// What the forwarder connects to; `None` where the address or the authority to trust is kept elsewhere.
    ///
    /// # Errors
    /// Why there is no address, or a certificate file that cannot be read.
    fn peer(&self) -> Result<Option<Peer>, String>;

    /// Makes it ready to use, without connecting.
    ///
    /// # Errors
    /// What is missing or wrong, in words for the operator: a certificate file, a secret.
    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String>;
}

/// Declares the modules of all types, and the enum that the configuration holds. A type is one line of it.
macro_rules! types {
    ($($(#[$about:meta])* $name:literal => $module:ident::$Type:ident,)+) => {
        $($(#[$about])* pub mod $module;)+

        /// A log service, as it stands in the configuration.
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type")]
        pub enum Settings {
            $($(#[$about])* #[serde(rename = $name)] $Type($module::$Type),)+
        }

        impl Settings {
            /// The names of all types, in the order of the documentation.
            pub const TYPES: &'static [&'static str] = &[$($name),+];

            /// The name of its type.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$Type(_) => $name,)+
                }
            }

            /// Reads the keys beside `type`; `None` for a type that is not known.
            ///
            /// # Errors
            /// What is wrong, with its key for a place.
            pub fn read(
                type_name: &str,
                keys: serde_json::Value,
            ) -> Option<Result<Self, $crate::config_error::ConfigError>> {
                match type_name {
                    $($name => Some($crate::config_error::read(keys, "").map(Self::$Type)),)+
                    _ => None,
                }
            }

            /// The keys of a type whose values are secrets; see [`types::Type::SECRETS`].
            pub fn secret_keys(type_name: &str) -> &'static [&'static str] {
                match type_name {
                    $($name => <$module::$Type as types::Type>::SECRETS,)+
                    _ => &[],
                }
            }

            /// The keys of a type beside `type`, in order.
            #[cfg(feature = "schema")]
            pub fn keys(type_name: &str) -> &'static [&'static str] {
                match type_name {
                    $($name => $crate::schema::keys::<$module::$Type>(),)+
                    _ => &[],
                }
            }

            /// The schema of the keys of a type beside `type`.
            #[cfg(feature = "schema")]
            pub fn schema(type_name: &str, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match type_name {
                    $($name => <$module::$Type as schemars::JsonSchema>::json_schema(generator),)+
                    _ => false.into(),
                }
            }

            /// Its secrets by key, each with where it is kept if it does not stand here itself.
            pub fn secrets(&self) -> Vec<(String, Option<$crate::secret::reference::Reference>)> {
                match self {
                    $(Self::$Type(of) => types::secrets(of),)+
                }
            }

            /// How its lines look unless the configuration says otherwise; `None` where it sends none.
            pub fn line_rules(&self) -> Option<$crate::style::LineRules> {
                match self {
                    $(Self::$Type(_) => <$module::$Type as types::Type>::LINES,)+
                }
            }

            /// Whether it shows labels whatever its lines look like.
            pub fn shows_labels(&self) -> bool {
                match self {
                    $(Self::$Type(_) => <$module::$Type as types::Type>::SHOWS_LABELS,)+
                }
            }

            /// Checks what types cannot.
            ///
            /// # Errors
            /// What is wrong and what would be right.
            pub fn validate(&self) -> Result<(), String> {
                match self {
                    $(Self::$Type(of) => types::Type::validate(of),)+
                }
            }

            /// What the forwarder connects to; `None` where the address is a secret that is kept elsewhere.
            fn peer(&self) -> Result<Option<types::Peer>, String> {
                match self {
                    $(Self::$Type(of) => types::Type::peer(of),)+
                }
            }

            /// Makes it ready to use, without connecting.
            ///
            /// # Errors
            /// What is missing or wrong, in words for the operator: a certificate file, a secret.
            pub fn build(
                &self,
                style: $crate::style::Style,
                surroundings: &Surroundings,
            ) -> Result<Box<dyn Destination>, String> {
                match self {
                    $(Self::$Type(of) => types::Type::build(of, style, surroundings),)+
                }
            }
        }
    };
}

/// The secrets of a type by key, each with where it is kept if it does not stand here itself.
pub(super) fn secrets<T: Type>(of: &T) -> Vec<(String, Option<Reference>)> {
    // Strings, numbers and maps with string keys: there is nothing in them that JSON cannot hold.
    let keys = serde_json::to_value(of).unwrap_or_default();
    let reference = |value: &Value| serde_json::from_value(value.clone()).ok();
    T::SECRETS
        .iter()
        .flat_map(|path| match path.strip_suffix(".*") {
            None => keys.get(path).map(|value| ((*path).to_owned(), reference(value))).into_iter().collect(),
            Some(table) => {
                let all = keys.get(table).and_then(Value::as_object).into_iter().flatten();
                all.map(|(key, value)| (format!("{table}.{key}"), reference(value))).collect::<Vec<_>>()
            }
        })
        .collect()
}
