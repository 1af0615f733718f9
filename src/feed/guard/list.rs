//! One warning list as its file says it, in the JSON format of misp-warninglists.

use serde::Deserialize;

use super::lists::Policy;
use super::subject::Kinds;

/// The content of a list's file. Members that are not named here, such as `version`, are passed over.
#[derive(Debug, Deserialize)]
pub struct List {
    /// Its name, by which settings and messages refer to it.
    pub name: String,
    /// How its entries match.
    #[serde(default, rename = "type")]
    pub matching: Matching,
    /// Its entries.
    #[serde(rename = "list")]
    pub entries: Vec<String>,
    /// The types of attributes, as MISP names them, that it is about; empty: all.
    #[serde(default)]
    matching_attributes: Vec<String>,
    /// What is ours.
    #[serde(default)]
    taxiway: Extension,
}

/// How the entries of a list match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matching {
    /// The same value, in any case. An entry that begins with a dot is a host name.
    #[default]
    String,
    /// A value that holds the entry, in any case.
    Substring,
    /// The host, every name below it, and URLs and e-mail addresses there.
    Hostname,
    /// An address or a network: what lies in it, and what it lies in.
    Cidr,
    /// A regular expression, between slashes with modifiers behind, or bare.
    Regex,
}

/// The member `taxiway` of a list's file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    #[serde(default)]
    policy: Policy,
}

impl List {
    /// Reads the text of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
        if list.name.trim().is_empty() {
            return Err("a warning list has a name".into());
        }
        Ok(list)
    }

    /// The policy that its file asks for.
    pub fn policy(&self) -> Policy {
        self.taxiway.policy
    }

    /// The kinds of subjects that it is about.
    pub(super) fn kinds(&self) -> Kinds {
        Kinds::of_attributes(&self.matching_attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_misp_is_read_and_its_type_may_be_missing() {
        let list = List::parse(r#"{"name": "N", "version": 3, "description": "D", "list": ["a"], "matching_attributes": ["url"], "category": "x"}"#);
        let list = list.unwrap();
        assert_eq!((list.name.as_str(), list.matching, list.policy()), ("N", Matching::String, Policy::Inform));
        let ours = List::parse(r#"{"name": "N", "type": "cidr", "list": [], "taxiway": {"policy": "block"}}"#).unwrap();
        assert_eq!((ours.matching, ours.policy()), (Matching::Cidr, Policy::Block));
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_place() {
        for (text, told) in [
            (r#"{"name": "N", "list": ["a", 5]}"#, "invalid type: integer `5`, expected a string at line 1 column 29"),
            (r#"{"list": []}"#, "missing field `name` at line 1 column 12"),
            (r#"{"name": " ", "list": []}"#, "a warning list has a name"),
            (r#"{"name": "N", "list": [], "taxiway": {"policy": "forbid"}}"#, "unknown variant `forbid`, expected `block` or `inform`"),
            (r#"{"name": "N", "list": [], "type": "glob"}"#, "unknown variant `glob`"),
        ] {
            let error = List::parse(text).unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }
}
