//! What is around every page: who is here, where, and what just happened.

use super::said::Said;
use crate::console::{assets, paths};
use paths::Href;

/// What is around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The page's title.
    pub title: Said,
    /// The entry of the navigation under which the page stands.
    pub place: Option<Place>,
    /// Who is logged in.
    pub visitor: Option<Visitor>,
    /// The token that every form sends back.
    pub csrf: String,
    /// The colours the visitor wants.
    pub theme: Theme,
    /// What is to be told about what was done before.
    pub flashes: Vec<Flash>,
    /// This page, for forms that come back to it.
    pub here: Href,
}

/// Who is logged in.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The user's name.
    pub name: Said,
    /// Whether it may do everything.
    pub admin: bool,
    /// Whether it may write to any collection.
    pub writes: bool,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What the feed holds and who reads it.
    Overview,
    /// Objects, by filter.
    Browse,
    /// New indicators.
    Add,
    /// Campaigns.
    Campaigns,
    /// Files taken in.
    Imports,
    /// Who did what.
    Audit,
    /// Collections and how to connect to them.
    Collections,
    /// What is shared with whom.
    Sharing,
    /// Users and tokens.
    Users,
}

/// Which colours are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the visitor's system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A word about what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// Whether it went well.
    pub tone: Tone,
    /// The word.
    pub text: Said,
}

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is done.
    Done,
    /// It is done, but.
    Warning,
    /// It is not done.
    Fault,
}

impl Tone {
    /// The word by which the style sheet knows it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }

    /// How assistive technology is told: at once, or when there is time.
    pub fn role(self) -> &'static str {
        if self == Self::Fault { "alert" } else { "status" }
    }
}

/// An entry of the navigation as it is drawn.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its word.
    pub label: &'static str,
    /// The page.
    pub href: Href,
    /// The key that leads there after `g`.
    pub key: char,
    /// Whether this is the page.
    pub current: bool,
}

impl Theme {
    /// The value of the cookie and of the attribute by which the style sheet knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name; any other name is the system's.
    pub fn named(name: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

impl Frame {
    /// The entries of the navigation that this visitor can use.
    pub fn entries(&self) -> Vec<Entry> {
        let Some(visitor) = &self.visitor else { return Vec::new() };
        let all = [
            (Place::Overview, "Overview", paths::overview(), 'o', true),
            (Place::Browse, "Browse", paths::browse(), 'b', true),
            (Place::Add, "Add", paths::add(), 'a', visitor.writes),
            (Place::Campaigns, "Campaigns", paths::campaigns(), 'c', true),
            (Place::Imports, "Import", paths::imports(), 'i', visitor.writes),
            (Place::Audit, "Audit", paths::audit(), 't', true),
            (Place::Collections, "Collections", paths::collections(), 'l', true),
            (Place::Sharing, "Sharing", paths::sharing(), 's', true),
            (Place::Users, "Users", paths::users(), 'u', visitor.admin),
        ];
        let used = all.into_iter().filter(|(.., shown)| *shown);
        used.map(|(place, label, href, key, _)| Entry { label, href, key, current: self.place == Some(place) }).collect()
    }

    /// Where the style sheet is.
    pub fn style(&self) -> String {
        assets::style()
    }

    /// Where the script is.
    pub fn script(&self) -> String {
        assets::script()
    }

    /// Where the icon is.
    pub fn icon(&self) -> String {
        assets::icon()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_navigation_shows_what_one_may_use() {
        let frame = |visitor| Frame {
            title: "x".into(),
            place: Some(Place::Browse),
            visitor,
            csrf: String::new(),
            theme: Theme::System,
            flashes: Vec::new(),
            here: paths::overview(),
        };
        let labels = |frame: &Frame| frame.entries().iter().map(|e| e.label).collect::<Vec<_>>();
        assert!(labels(&frame(None)).is_empty());
        let reader = frame(Some(Visitor { name: "r".into(), admin: false, writes: false }));
        assert_eq!(labels(&reader), ["Overview", "Browse", "Campaigns", "Audit", "Collections", "Sharing"]);
        assert_eq!(reader.entries().iter().filter(|e| e.current).map(|e| e.label).collect::<Vec<_>>(), ["Browse"]);
        let admin = frame(Some(Visitor { name: "a".into(), admin: true, writes: true }));
        assert_eq!(labels(&admin).len(), 9);
    }

    #[test]
    fn an_unknown_theme_is_the_systems() {
        assert_eq!(Theme::named("dark"), Theme::Dark);
        assert_eq!(Theme::named("\"><script>"), Theme::System);
    }
}
