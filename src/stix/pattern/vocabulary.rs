//! The cyber-observable objects and what they consist of (STIX 2.1 §6), as far as a path can lead.

use super::tree::{Path, Step};
use crate::stix::finding::Clip;

/// The kind of value that stands at a place of an object.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// A string.
    Str,
    /// A string that is an IPv4 address or a CIDR block of them (§6.8).
    Ipv4,
    /// A string that is an IPv6 address or a CIDR block of them (§6.9).
    Ipv6,
    /// A string that is a MAC address (§6.10).
    Mac,
    /// A string that is a host's or domain's name (§6.4).
    Domain,
    /// A string that is a mail address (§6.5).
    Mail,
    /// A string that is a URL (§6.15).
    Url,
    /// A string that is the hash of something (§2.7).
    Hash,
    /// An integer.
    Int,
    /// A number.
    Float,
    /// A boolean.
    Bool,
    /// A timestamp.
    Ts,
    /// Octets, written as hexadecimal digits.
    Hex,
    /// Octets, written in base64.
    Bin,
    /// The identifier of an object of one of these types, through which a path goes on (§9.7.4).
    Ref(&'static [&'static str]),
    /// The identifier of any cyber-observable object.
    AnyRef,
    /// Algorithms and hashes (§2.7).
    Hashes,
    /// A list of such values.
    List(&'static Kind),
    /// A dictionary of such values.
    Dict(&'static Kind),
    /// An object inside the object.
    Object(Table),
    /// The predefined extensions of the object, beside which others may stand (§3.10, §7.3).
    Extensions(Table),
    /// A value of any kind.
    Any,
}

use Kind::{Any, AnyRef, Bin, Bool, Dict, Domain, Extensions, Float, Hash, Hashes, Hex, Int, Ipv4, Ipv6, List, Mac, Mail, Object, Ref, Str, Ts, Url};

/// Names and the kind they share, one row after another.
pub type Table = &'static [(&'static [&'static str], Kind)];

/// Every cyber-observable object with its table (§6).
const OBJECTS: &[(&str, Table)] = &[
    ("artifact", ARTIFACT),
    ("autonomous-system", AUTONOMOUS_SYSTEM),
    ("directory", DIRECTORY),
    ("domain-name", DOMAIN_NAME),
    ("email-addr", EMAIL_ADDR),
    ("email-message", EMAIL_MESSAGE),
    ("file", FILE),
    ("ipv4-addr", IPV4_ADDR),
    ("ipv6-addr", IPV6_ADDR),
    ("mac-addr", MAC_ADDR),
    ("mutex", MUTEX),
    ("network-traffic", NETWORK_TRAFFIC),
    ("process", PROCESS),
    ("software", SOFTWARE),
    ("url", URL),
    ("user-account", USER_ACCOUNT),
    ("windows-registry-key", WINDOWS_REGISTRY_KEY),
    ("x509-certificate", X509_CERTIFICATE),
];

/// What every cyber-observable object has (§3.2); `extensions` are in its own table where some are predefined.
const COMMON: Table = &[
    (&["type", "id", "spec_version"], Str),
    (&["object_marking_refs"], List(&Str)),
    (&["granular_markings"], List(&Object(&[(&["lang", "marking_ref"], Str), (&["selectors"], List(&Str))]))),
    (&["defanged"], Bool),
    (&["extensions"], Extensions(&[])),
];

const ARTIFACT: Table =
    &[(&["mime_type", "encryption_algorithm", "decryption_key"], Str), (&["payload_bin"], Bin), (&["url"], Url), (&["hashes"], Hashes)];

const AUTONOMOUS_SYSTEM: Table = &[(&["number"], Int), (&["name", "rir"], Str)];

const DIRECTORY: Table =
    &[(&["path", "path_enc"], Str), (&["ctime", "mtime", "atime"], Ts), (&["contains_refs"], List(&Ref(&["file", "directory"])))];

const DOMAIN_NAME: Table = &[(&["value"], Domain), (&["resolves_to_refs"], List(&Ref(&["ipv4-addr", "ipv6-addr", "domain-name"])))];

const EMAIL_ADDR: Table = &[(&["value"], Mail), (&["display_name"], Str), (&["belongs_to_ref"], Ref(&["user-account"]))];

const EMAIL_MESSAGE: Table = &[
    (&["is_multipart"], Bool),
    (&["date"], Ts),
    (&["content_type", "message_id", "subject", "body"], Str),
    (&["from_ref", "sender_ref"], Ref(&["email-addr"])),
    (&["to_refs", "cc_refs", "bcc_refs"], List(&Ref(&["email-addr"]))),
    (&["received_lines"], List(&Str)),
    (&["additional_header_fields"], Dict(&List(&Str))),
    (&["body_multipart"], List(&Object(&[(&["body", "content_type", "content_disposition"], Str), (&["body_raw_ref"], Ref(&["artifact", "file"]))]))),
    (&["raw_email_ref"], Ref(&["artifact"])),
];

const FILE: Table = &[
    (&["name", "name_enc", "mime_type"], Str),
    (&["hashes"], Hashes),
    (&["size"], Int),
    (&["magic_number_hex"], Hex),
    (&["ctime", "mtime", "atime"], Ts),
    (&["parent_directory_ref"], Ref(&["directory"])),
    (&["contains_refs"], List(&AnyRef)),
    (&["content_ref"], Ref(&["artifact"])),
    (
        &["extensions"],
        Extensions(&[
            (&["archive-ext"], Object(&[(&["contains_refs"], List(&Ref(&["file", "directory"]))), (&["comment"], Str)])),
            (&["ntfs-ext"], Object(NTFS)),
            (&["pdf-ext"], Object(&[(&["version", "pdfid0", "pdfid1"], Str), (&["is_optimized"], Bool), (&["document_info_dict"], Dict(&Any))])),
            (&["raster-image-ext"], Object(&[(&["image_height", "image_width", "bits_per_pixel"], Int), (&["exif_tags"], Dict(&Any))])),
            (&["windows-pebinary-ext"], Object(PE_BINARY)),
        ]),
    ),
];

const NTFS: Table = &[(&["sid"], Str), (&["alternate_data_streams"], List(&Object(&[(&["name"], Str), (&["hashes"], Hashes), (&["size"], Int)])))];

const PE_BINARY: Table = &[
    (&["pe_type", "imphash"], Str),
    (&["machine_hex", "pointer_to_symbol_table_hex", "characteristics_hex"], Hex),
    (&["number_of_sections", "number_of_symbols", "size_of_optional_header"], Int),
    (&["time_date_stamp"], Ts),
    (&["file_header_hashes"], Hashes),
    (&["optional_header"], Object(PE_OPTIONAL_HEADER)),
    (&["sections"], List(&Object(&[(&["name"], Str), (&["size"], Int), (&["entropy"], Float), (&["hashes"], Hashes)]))),
];

const PE_OPTIONAL_HEADER: Table = &[
    (&["magic_hex", "win32_version_value_hex", "checksum_hex", "subsystem_hex", "dll_characteristics_hex", "loader_flags_hex"], Hex),
    (&["major_linker_version", "minor_linker_version", "major_os_version", "minor_os_version"], Int),
    (&["major_image_version", "minor_image_version", "major_subsystem_version", "minor_subsystem_version"], Int),
    (&["size_of_code", "size_of_initialized_data", "size_of_uninitialized_data", "size_of_image", "size_of_headers"], Int),
    (&["size_of_stack_reserve", "size_of_stack_commit", "size_of_heap_reserve", "size_of_heap_commit"], Int),
    (&["address_of_entry_point", "base_of_code", "base_of_data", "image_base"], Int),
    (&["section_alignment", "file_alignment", "number_of_rva_and_sizes"], Int),
    (&["hashes"], Hashes),
];

const IPV4_ADDR: Table =
    &[(&["value"], Ipv4), (&["resolves_to_refs"], List(&Ref(&["mac-addr"]))), (&["belongs_to_refs"], List(&Ref(&["autonomous-system"])))];

const IPV6_ADDR: Table =
    &[(&["value"], Ipv6), (&["resolves_to_refs"], List(&Ref(&["mac-addr"]))), (&["belongs_to_refs"], List(&Ref(&["autonomous-system"])))];

const MAC_ADDR: Table = &[(&["value"], Mac)];

const MUTEX: Table = &[(&["name"], Str)];

const NETWORK_TRAFFIC: Table = &[
    (&["start", "end"], Ts),
    (&["is_active"], Bool),
    (&["src_ref", "dst_ref"], Ref(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"])),
    (&["src_port", "dst_port", "src_byte_count", "dst_byte_count", "src_packets", "dst_packets"], Int),
    (&["protocols"], List(&Str)),
    (&["ipfix"], Dict(&Any)),
    (&["src_payload_ref", "dst_payload_ref"], Ref(&["artifact"])),
    (&["encapsulates_refs"], List(&Ref(&["network-traffic"]))),
    (&["encapsulated_by_ref"], Ref(&["network-traffic"])),
    (
        &["extensions"],
        Extensions(&[
            (&["http-request-ext"], Object(HTTP_REQUEST)),
            (&["icmp-ext"], Object(&[(&["icmp_type_hex", "icmp_code_hex"], Hex)])),
            (&["socket-ext"], Object(SOCKET)),
            (&["tcp-ext"], Object(&[(&["src_flags_hex", "dst_flags_hex"], Hex)])),
        ]),
    ),
];

const HTTP_REQUEST: Table = &[
    (&["request_method", "request_value", "request_version"], Str),
    // Lists of strings since the errata; plain strings in the examples before, and so in old content.
    (&["request_header"], Dict(&Any)),
    (&["message_body_length"], Int),
    (&["message_body_data_ref"], Ref(&["artifact"])),
];

const SOCKET: Table = &[
    (&["address_family", "socket_type"], Str),
    (&["is_blocking", "is_listening"], Bool),
    (&["options"], Dict(&Int)),
    (&["socket_descriptor", "socket_handle"], Int),
];

const PROCESS: Table = &[
    (&["is_hidden"], Bool),
    (&["pid"], Int),
    (&["created_time"], Ts),
    (&["cwd", "command_line"], Str),
    (&["environment_variables"], Dict(&Str)),
    (&["opened_connection_refs"], List(&Ref(&["network-traffic"]))),
    (&["creator_user_ref"], Ref(&["user-account"])),
    (&["image_ref"], Ref(&["file"])),
    (&["parent_ref"], Ref(&["process"])),
    (&["child_refs"], List(&Ref(&["process"]))),
    (&["extensions"], Extensions(&[(&["windows-process-ext"], Object(WINDOWS_PROCESS)), (&["windows-service-ext"], Object(WINDOWS_SERVICE))])),
];

const WINDOWS_PROCESS: Table = &[
    (&["aslr_enabled", "dep_enabled"], Bool),
    // `windows_title` is the spelling of some copies of the standard.
    (&["priority", "owner_sid", "window_title", "windows_title", "integrity_level"], Str),
    (&["startup_info"], Dict(&Any)),
];

const WINDOWS_SERVICE: Table = &[
    (&["service_name", "display_name", "group_name", "start_type", "service_type", "service_status"], Str),
    (&["descriptions"], List(&Str)),
    (&["service_dll_refs"], List(&Ref(&["file"]))),
];

const SOFTWARE: Table = &[(&["name", "cpe", "swid", "vendor", "version"], Str), (&["languages"], List(&Str))];

const URL: Table = &[(&["value"], Url)];

const USER_ACCOUNT: Table = &[
    (&["user_id", "credential", "account_login", "account_type", "display_name"], Str),
    (&["is_service_account", "is_privileged", "can_escalate_privs", "is_disabled"], Bool),
    (&["account_created", "account_expires", "credential_last_changed", "account_first_login", "account_last_login"], Ts),
    (&["extensions"], Extensions(&[(&["unix-account-ext"], Object(&[(&["gid"], Int), (&["groups"], List(&Str)), (&["home_dir", "shell"], Str)]))])),
];

const WINDOWS_REGISTRY_KEY: Table = &[
    (&["key"], Str),
    (&["values"], List(&Object(&[(&["name", "data", "data_type"], Str)]))),
    (&["modified_time"], Ts),
    (&["creator_user_ref"], Ref(&["user-account"])),
    (&["number_of_subkeys"], Int),
];

const X509_CERTIFICATE: Table = &[
    (&["is_self_signed"], Bool),
    (&["hashes"], Hashes),
    (&["version", "serial_number", "signature_algorithm", "issuer", "subject"], Str),
    (&["validity_not_before", "validity_not_after"], Ts),
    (&["subject_public_key_algorithm", "subject_public_key_modulus"], Str),
    (&["subject_public_key_exponent"], Int),
    (&["x509_v3_extensions"], Object(X509_V3_EXTENSIONS)),
];

const X509_V3_EXTENSIONS: Table = &[
    (&["basic_constraints", "name_constraints", "policy_constraints", "key_usage", "extended_key_usage"], Str),
    (&["subject_key_identifier", "authority_key_identifier", "subject_alternative_name", "issuer_alternative_name"], Str),
    (&["subject_directory_attributes", "crl_distribution_points", "inhibit_any_policy"], Str),
    (&["private_key_usage_period_not_before", "private_key_usage_period_not_after"], Ts),
    (&["certificate_policies", "policy_mappings"], Str),
];

/// What a hash algorithm yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashForm {
    /// So many hexadecimal digits.
    Digits(usize),
    /// `block:base64:base64`
    Ssdeep,
    /// 70 hexadecimal digits, after `T1` in the newer form.
    Tlsh,
}

/// The algorithms of the open vocabulary (§10.7) and then those of STIX 2.0 that content still names.
const HASHES: &[(&str, HashForm)] = &[
    ("MD5", HashForm::Digits(32)),
    ("SHA-1", HashForm::Digits(40)),
    ("SHA-256", HashForm::Digits(64)),
    ("SHA-512", HashForm::Digits(128)),
    ("SHA3-256", HashForm::Digits(64)),
    ("SHA3-512", HashForm::Digits(128)),
    ("SSDEEP", HashForm::Ssdeep),
    ("TLSH", HashForm::Tlsh),
    ("RIPEMD-160", HashForm::Digits(40)),
    ("SHA-224", HashForm::Digits(56)),
    ("SHA-384", HashForm::Digits(96)),
    ("SHA3-224", HashForm::Digits(56)),
    ("SHA3-384", HashForm::Digits(96)),
    ("WHIRLPOOL", HashForm::Digits(128)),
];

/// The algorithm that a key of `hashes` means, with its proper name; case and hyphens do not count.
pub fn hash_algorithm(key: &str) -> Option<(&'static str, HashForm)> {
    let letters = |name: &'_ str| name.bytes().filter(|b| *b != b'-').map(|b| b.to_ascii_uppercase()).collect::<Vec<u8>>();
    let exact = HASHES.iter().find(|(name, _)| *name == key);
    exact.or_else(|| Some(letters(key)).and_then(|key| HASHES.iter().find(|(name, _)| letters(name) == key))).copied()
}

/// Whether a name marks itself as custom (§11): nothing is known about what it names.
pub fn is_custom(name: &str) -> bool {
    ["x-", "x_", "extension-definition--"].iter().any(|prefix| name.starts_with(prefix))
}

/// The properties of a cyber-observable object; `None` if the standard defines no such object.
pub fn object(name: &str) -> Option<Table> {
    OBJECTS.iter().find(|(its, _)| *its == name).map(|(_, table)| *table)
}

fn find(table: Table, name: &str) -> Option<&'static Kind> {
    table.iter().find(|(names, _)| names.contains(&name)).map(|(_, kind)| kind)
}

/// A property of an object, its own or one that all have.
fn property(table: Table, name: &str) -> Option<&'static Kind> {
    find(table, name).or_else(|| find(COMMON, name))
}

/// Where a path leads.
#[derive(Debug, PartialEq)]
pub enum Place {
    /// To a value of one of these kinds, by the types a reference may have. At least one.
    Known(Vec<&'static Kind>),
    /// Into something custom, of which nothing is known.
    Custom,
    /// Nowhere: there is no such object in the standard.
    NoObject,
    /// Nowhere, and why.
    Nowhere(String),
}

/// Paths are not followed through more references than this.
///
/// Each reference may mean any object, and a pattern is to be judged in a time that its length bounds.
const MOST_STEPS: usize = 16;

/// Follows a path through the standard's tables (§9.7).
pub fn follow(path: &Path<'_>) -> Place {
    let Some(table) = object(&path.object) else {
        return if is_custom(&path.object) { Place::Custom } else { Place::NoObject };
    };
    let Some(first) = property(table, &path.property) else {
        return if is_custom(&path.property) {
            Place::Custom
        } else {
            Place::Nowhere(format!("{} has no property {}", path.object, Clip(&path.property)))
        };
    };
    if path.steps.len() > MOST_STEPS {
        return Place::Custom;
    }
    let mut kinds = vec![first];
    for step in &path.steps {
        let mut next = Next::default();
        let list = kinds.iter().any(|kind| matches!(kind, List(_)));
        for kind in kinds {
            next.enter(kind, step);
        }
        if next.custom {
            return Place::Custom;
        }
        if next.kinds.is_empty() {
            return Place::Nowhere(misstep(list, step));
        }
        kinds = next.kinds;
    }
    Place::Known(kinds)
}

/// What a step leads to.
#[derive(Default)]
struct Next {
    kinds: Vec<&'static Kind>,
    custom: bool,
}

impl Next {
    fn enter(&mut self, kind: &'static Kind, step: &Step<'_>) {
        match (kind, step) {
            (Any, _) => self.add(Some(kind)),
            (List(items), Step::Item(_) | Step::Any) => self.add(Some(items)),
            (Dict(values), Step::Key(_)) => self.add(Some(values)),
            (Hashes, Step::Key(_)) => self.add(Some(&Hash)),
            (Object(table) | Extensions(table), Step::Key(name)) => self.member(find(table, name), name),
            (Ref(types), Step::Key(name)) => types.iter().filter_map(|its| object(its)).for_each(|table| self.member(property(table, name), name)),
            (AnyRef, Step::Key(name)) => OBJECTS.iter().for_each(|(_, table)| self.member(property(table, name), name)),
            _ => {}
        }
    }

    fn member(&mut self, kind: Option<&'static Kind>, name: &str) {
        self.custom |= kind.is_none() && is_custom(name);
        self.add(kind);
    }

    fn add(&mut self, kind: Option<&'static Kind>) {
        self.kinds.extend(kind.filter(|kind| !self.kinds.iter().any(|its| std::ptr::eq(*its, *kind))));
    }
}

fn misstep(after_list: bool, step: &Step<'_>) -> String {
    match step {
        Step::Key(name) if after_list => format!("{} comes after a list, which needs [*] or [n] first", Clip(name)),
        Step::Key(name) => format!("there is no {} at this place", Clip(name)),
        Step::Item(_) | Step::Any => "[…] comes after what is no list".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::kind::{Class, class_of};
    use crate::stix::pattern::parse::parse;
    use crate::stix::pattern::tree::{Body, Test};

    fn place(path: &str) -> Place {
        let text = format!("[EXISTS {path}]");
        let pattern = parse(&text).unwrap();
        let Body::Object(comparisons) = &pattern.steps[0].operands[0].operands[0].body else { unreachable!("brackets") };
        let Test::Exists { path, .. } = &comparisons.operands[0].operands[0] else { unreachable!("EXISTS") };
        follow(path)
    }

    #[test]
    fn s207_the_table_has_every_cyber_observable_object_and_nothing_else() {
        assert_eq!(OBJECTS.len(), 18);
        assert!(OBJECTS.iter().all(|(name, _)| class_of(name) == Some(Class::Sco)));
    }

    /// Every table that can be reached, to look at all of them.
    fn tables(kind: &'static Kind, found: &mut Vec<Table>) {
        match kind {
            List(inner) | Dict(inner) => tables(inner, found),
            Object(table) | Extensions(table) => {
                found.push(table);
                table.iter().for_each(|(_, kind)| tables(kind, found));
            }
            _ => {}
        }
    }

    #[test]
    fn s208_names_tell_kinds_and_references_lead_to_objects() {
        let mut all: Vec<Table> = OBJECTS.iter().map(|(_, table)| *table).collect();
        OBJECTS.iter().flat_map(|(_, table)| *table).for_each(|(_, kind)| tables(kind, &mut all));
        for (names, kind) in all.into_iter().flatten() {
            for name in *names {
                assert_eq!(name.ends_with("_ref"), matches!(kind, Ref(_) | AnyRef), "{name}");
                assert_eq!(name.ends_with("_refs"), matches!(kind, List(Ref(_) | AnyRef)), "{name}");
                assert_eq!(name.ends_with("_hex"), *kind == Hex, "{name}");
                assert_eq!(name.ends_with("_bin"), *kind == Bin, "{name}");
            }
            if let Ref(types) | List(Ref(types)) = kind {
                assert!(types.iter().all(|name| object(name).is_some()), "{names:?}");
            }
        }
    }

    #[test]
    fn s208_paths_lead_through_lists_dictionaries_and_references() {
        for (path, kind) in [
            ("file:size", &Int),
            ("file:hashes.'SHA-256'", &Hash),
            ("file:extensions.'windows-pebinary-ext'.sections[*].entropy", &Float),
            ("file:parent_directory_ref.path", &Str),
            ("network-traffic:protocols[0]", &Str),
            ("email-message:from_ref.value", &Mail),
            ("email-message:body_multipart[*].body_raw_ref.name", &Str),
            ("domain-name:resolves_to_refs[*].resolves_to_refs[0].value", &Mac),
            ("user-account:extensions.'unix-account-ext'.groups[*]", &Str),
            ("process:environment_variables.PATH", &Str),
            ("url:defanged", &Bool),
        ] {
            let Place::Known(kinds) = place(path) else { panic!("{path}: {:?}", place(path)) };
            assert!(kinds.contains(&kind), "{path}: {kinds:?}");
        }
        assert_eq!(place("network-traffic:dst_ref.value"), Place::Known(vec![&Ipv4, &Ipv6, &Mac, &Domain]));
    }

    #[test]
    fn s208_a_reference_to_anything_does_not_multiply() {
        let Place::Known(kinds) = place(&format!("file:contains_refs[*]{}", ".contains_refs[*]".repeat(7))) else { panic!("not followed") };
        assert_eq!(kinds.len(), 2);
    }

    #[test]
    fn s207_what_is_custom_is_free_and_what_is_unknown_is_not() {
        for custom in [
            "x-mine:a.b[*].c",
            "file:x_mine.a",
            "file:extensions.'x-mine-ext'.a",
            "file:extensions.'extension-definition--1'.a",
            "file:contains_refs[*].x_mine",
        ] {
            assert_eq!(place(custom), Place::Custom, "{custom}");
        }
        assert_eq!(place("win-registry-key:key"), Place::NoObject);
        for (path, why) in [
            ("file:path", "file has no property path"),
            ("file:extensions.'zip-ext'.a", "there is no zip-ext at this place"),
            ("directory:contains_refs.name", "name comes after a list, which needs [*] or [n] first"),
            ("file:name[0]", "[…] comes after what is no list"),
            ("file:hashes[*]", "[…] comes after what is no list"),
            ("email-message:from_ref.name", "there is no name at this place"),
        ] {
            assert_eq!(place(path), Place::Nowhere(why.to_owned()), "{path}");
        }
    }

    #[test]
    fn s021_algorithms_are_known_by_any_spelling() {
        assert_eq!(hash_algorithm("SHA-256"), Some(("SHA-256", HashForm::Digits(64))));
        assert_eq!(hash_algorithm("sha256"), Some(("SHA-256", HashForm::Digits(64))));
        assert_eq!(hash_algorithm("ssdeep"), Some(("SSDEEP", HashForm::Ssdeep)));
        assert_eq!(hash_algorithm("x_mine"), None);
    }
}
