//! One value as a proposal.

use std::sync::Arc;

use super::What;
use crate::feed::desk::indicator::{Proposal, Terms};
use crate::stix::ioc::read::read;
use crate::stix::ioc::{Doubt, Found, Kind};

/// What a file calls the kinds that a value does not tell by its form: types of MISP, and what tables write.
const NAMES: [(&str, Kind); 12] = [
    ("mutex", Kind::Mutex),
    ("user-agent", Kind::UserAgent),
    ("useragent", Kind::UserAgent),
    ("regkey", Kind::RegistryKey),
    ("registry", Kind::RegistryKey),
    ("registry-key", Kind::RegistryKey),
    ("filename", Kind::FileName),
    ("file-name", Kind::FileName),
    ("file", Kind::FileName),
    ("path", Kind::FilePath),
    ("filepath", Kind::FilePath),
    ("file-path", Kind::FilePath),
];

/// What a value in a file is, whose kind the file may call by a name.
pub(super) fn of(value: &str, called: &str, description: Option<&str>, terms: &Arc<Terms>) -> What {
    let called = called.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let told = NAMES.iter().find(|(name, _)| *name == called).map(|(_, kind)| *kind);
    let found = read(value).filter(|found| told.is_none_or(|told| told == found.kind));
    let (kind, value) = match (found, told) {
        (Some(found), _) => (found.kind, found.value),
        // Its form says nothing, so the file is believed.
        (None, Some(told)) if !value.trim().is_empty() => (told, value.trim().to_owned()),
        _ => return What::Refused(format!("{value:?} is no indicator of a kind that is known here")),
    };
    with(kind, &value, description, terms)
}

/// What was found, as a proposal.
pub(super) fn propose(found: &Found, description: Option<&str>, terms: &Arc<Terms>) -> What {
    with(found.kind, &found.value, description, terms)
}

/// What was found among other text: a proposal, unless something speaks against it.
pub(super) fn weigh(found: &Found, description: Option<&str>, terms: &Arc<Terms>) -> What {
    match found.doubt {
        None => propose(found, description, terms),
        Some(why) => What::Nothing(format!("doubtful ({}); add it by itself if it is one", doubt(why))),
    }
}

fn with(kind: Kind, value: &str, description: Option<&str>, terms: &Arc<Terms>) -> What {
    match Proposal::of(kind, value, description, terms) {
        Some(proposal) => What::Proposal(Box::new(proposal)),
        None => What::Nothing("no observable: it belongs to what the indicators are related to".into()),
    }
}

/// A doubt in words.
fn doubt(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Version => "it may be the number of a version",
        Doubt::Local => "it means something else in each network",
        Doubt::FileOrHost => "it may be the name of a file or of a host",
        Doubt::Code => "it may come out of a program",
        Doubt::UnknownSuffix => "its host is below no known suffix",
        Doubt::Alone => "it means something in the right company only",
    }
}
