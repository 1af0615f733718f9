//! The Traffic Light Protocol: levels, and the marking objects that stand for them.

use serde::{Deserialize, Serialize};

/// How far an object may travel, from no marking at all to named recipients only.
///
/// The order is the order of restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Level {
    /// No TLP marking.
    #[default]
    Unmarked = 0,
    /// TLP:CLEAR, and TLP:WHITE of TLP 1.
    Clear = 1,
    /// TLP:GREEN: the community.
    Green = 2,
    /// TLP:AMBER: the organisation and its clients.
    Amber = 3,
    /// TLP:AMBER+STRICT: the organisation only.
    #[serde(rename = "amber+strict")]
    AmberStrict = 4,
    /// TLP:RED: the named recipients only.
    Red = 5,
}

/// Every level with its name.
const NAMES: [(Level, &str); 5] =
    [(Level::Clear, "clear"), (Level::Green, "green"), (Level::Amber, "amber"), (Level::AmberStrict, "amber+strict"), (Level::Red, "red")];

/// The extension by which the marking definitions of TLP 2.0 say their level.
pub const TLP_2_EXTENSION: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// A marking definition that stands for a level, as it was published (§7.2.1.4, and the TC's extension for TLP 2.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlp {
    /// The level it stands for.
    pub level: Level,
    /// Its identifier.
    pub id: &'static str,
    /// 1, or 2 for TLP 2.0.
    pub version: u8,
    /// Its `name`.
    pub name: &'static str,
    /// Its `definition.tlp` in TLP 1, its `tlp_2_0` in TLP 2.0.
    pub value: &'static str,
    /// Its `created`.
    pub created: &'static str,
}

/// The marking definitions of TLP, of both versions.
#[rustfmt::skip]
pub static TLP: [Tlp; 9] = [
    tlp_1(Level::Clear,       "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:WHITE",        "white"),
    tlp_1(Level::Green,       "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN",        "green"),
    tlp_1(Level::Amber,       "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER",        "amber"),
    tlp_1(Level::Red,         "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED",          "red"),
    tlp_2(Level::Clear,       "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "TLP:CLEAR",        "clear"),
    tlp_2(Level::Green,       "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "TLP:GREEN",        "green"),
    tlp_2(Level::Amber,       "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "TLP:AMBER",        "amber"),
    tlp_2(Level::AmberStrict, "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "TLP:AMBER+STRICT", "amber+strict"),
    tlp_2(Level::Red,         "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "TLP:RED",          "red"),
];

const fn tlp_1(level: Level, id: &'static str, name: &'static str, value: &'static str) -> Tlp {
    Tlp { level, id, version: 1, name, value, created: "2017-01-20T00:00:00.000Z" }
}

const fn tlp_2(level: Level, id: &'static str, name: &'static str, value: &'static str) -> Tlp {
    Tlp { level, id, version: 2, name, value, created: "2022-10-01T00:00:00.000Z" }
}

impl Tlp {
    /// The marking definition with this id, in either case of its hex digits, so that no spelling hides a level.
    pub fn of_id(id: &str) -> Option<&'static Self> {
        TLP.iter().find(|tlp| tlp.id.eq_ignore_ascii_case(id))
    }
}

impl Level {
    /// Every level that a marking stands for, the least restricted first.
    pub const MARKED: [Self; 5] = [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The level that a marking definition stands for, by its id; `None` for any other marking.
    pub fn of_marking(id: &str) -> Option<Self> {
        Tlp::of_id(id).map(|tlp| tlp.level)
    }

    /// The level named `clear`, `green`, `amber`, `amber+strict` or `red`.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, its)| *its == name).map(|(level, _)| *level)
    }

    /// The name as the command line and the TLP 2.0 extension write it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(level, _)| *level == self).map_or("unmarked", |(_, name)| name)
    }

    /// The level a stored byte stands for; an unknown byte is the most restricted.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Unmarked,
            1 => Self::Clear,
            2 => Self::Green,
            3 => Self::Amber,
            4 => Self::AmberStrict,
            _ => Self::Red,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s090_both_generations_of_ids_mean_the_same_levels() {
        assert_eq!(Level::of_marking("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"), Some(Level::Clear));
        assert_eq!(Level::of_marking("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"), Some(Level::Red));
        assert_eq!(Level::of_marking("marking-definition--5E57C739-391A-4EB3-B6BE-7D15CA92D5ED"), Some(Level::Red));
        assert_eq!(Level::of_marking("marking-definition--00000000-0000-4000-8000-000000000000"), None);
        assert!(Level::Unmarked < Level::Clear && Level::Amber < Level::AmberStrict && Level::AmberStrict < Level::Red);
    }

    #[test]
    fn names_and_bytes_go_round() {
        for (level, name) in NAMES {
            assert_eq!(Level::named(name), Some(level));
            assert_eq!(level.name(), name);
            assert_eq!(Level::from_byte(level as u8), level);
        }
    }
}
