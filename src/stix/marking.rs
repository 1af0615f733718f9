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

/// Every level with its name and the marking definitions that mean it (TLP 1 first).
const TABLE: [(Level, &str, &[&str]); 5] = [
    (
        Level::Clear,
        "clear",
        &["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"],
    ),
    (
        Level::Green,
        "green",
        &["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
    ),
    (
        Level::Amber,
        "amber",
        &["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
    ),
    (Level::AmberStrict, "amber+strict", &["marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003"]),
    (Level::Red, "red", &["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]),
];

impl Level {
    /// The level that a marking definition stands for, by its id; `None` for any other marking.
    pub fn of_marking(id: &str) -> Option<Self> {
        TABLE.iter().find(|(_, _, ids)| ids.contains(&id)).map(|(level, _, _)| *level)
    }

    /// The level named `clear`, `green`, `amber`, `amber+strict` or `red`.
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|(_, its, _)| *its == name).map(|(level, _, _)| *level)
    }

    /// The name as the command line and the TLP 2.0 extension write it.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(level, _, _)| *level == self).map_or("unmarked", |(_, name, _)| name)
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
        assert_eq!(Level::of_marking("marking-definition--00000000-0000-4000-8000-000000000000"), None);
        assert!(Level::Unmarked < Level::Clear && Level::Amber < Level::AmberStrict && Level::AmberStrict < Level::Red);
    }

    #[test]
    fn names_and_bytes_go_round() {
        for (level, name, _) in TABLE {
            assert_eq!(Level::named(name), Some(level));
            assert_eq!(level.name(), name);
            assert_eq!(Level::from_byte(level as u8), level);
        }
    }
}
