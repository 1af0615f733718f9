//! The cyber-observable objects and their predefined extensions (STIX 2.1 §6).

use super::common::{COMMON, Need};
use super::{
    BOOL, COUNT, Column, Constraint, Form, Group, HASHES, HEX, INT, NUMBER, Precision, Property, Shape, TEXT, TIME, Target, Type, may, may_list,
    must, must_list, to, vocabulary,
};

/// At least one property.
const ONE: Constraint = Constraint::Besides(&[]);

pub(in crate::stix) static TYPES: &[Type] = &[
    Type {
        name: "artifact",
        column: Column::Sco,
        group: Group {
            section: "§6.1",
            properties: &[
                may("mime_type", Shape::Text(Form::MediaType)),
                may("payload_bin", Shape::Binary),
                may("url", Shape::Text(Form::Url)),
                may("hashes", HASHES),
                may("encryption_algorithm", Shape::Enum(&vocabulary::ENCRYPTION_ALGORITHM)),
                may("decryption_key", TEXT),
            ],
            constraints: &[
                Constraint::ExactlyOne(&["payload_bin", "url"]),
                Constraint::Needs("url", &["hashes"]),
                Constraint::Needs("decryption_key", &["encryption_algorithm"]),
            ],
        },
        extensions: &[],
    },
    Type {
        name: "autonomous-system",
        column: Column::Sco,
        group: Group { section: "§6.2", properties: &[must("number", INT), may("name", TEXT), may("rir", TEXT)], constraints: &[] },
        extensions: &[],
    },
    Type {
        name: "directory",
        column: Column::Sco,
        group: Group {
            section: "§6.3",
            properties: &[
                must("path", TEXT),
                may("path_enc", Shape::Text(Form::Charset)),
                may("ctime", TIME),
                may("mtime", TIME),
                may("atime", TIME),
                may_list("contains_refs", to(&["file", "directory"])),
            ],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "domain-name",
        column: Column::Sco,
        group: Group {
            section: "§6.4",
            properties: &[must("value", Shape::Text(Form::DomainName)), may_list("resolves_to_refs", to(&["ipv4-addr", "ipv6-addr", "domain-name"]))],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "email-addr",
        column: Column::Sco,
        group: Group {
            section: "§6.5",
            properties: &[must("value", Shape::Text(Form::EmailAddress)), may("display_name", TEXT), may("belongs_to_ref", to(&["user-account"]))],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "email-message",
        column: Column::Sco,
        group: Group {
            section: "§6.6",
            properties: &[
                must("is_multipart", BOOL),
                may("date", TIME),
                may("content_type", TEXT),
                may("from_ref", to(&["email-addr"])),
                may("sender_ref", to(&["email-addr"])),
                may_list("to_refs", to(&["email-addr"])),
                may_list("cc_refs", to(&["email-addr"])),
                may_list("bcc_refs", to(&["email-addr"])),
                may("message_id", TEXT),
                may("subject", TEXT),
                may_list("received_lines", TEXT),
                may("additional_header_fields", Shape::Dict(&Shape::TextsOrText)),
                may("body", TEXT),
                may_list("body_multipart", Shape::Group(&MIME_PART)),
                may("raw_email_ref", to(&["artifact"])),
            ],
            constraints: &[Constraint::NotWhen("body", "is_multipart", true), Constraint::NotWhen("body_multipart", "is_multipart", false)],
        },
        extensions: &[],
    },
    Type {
        name: "file",
        column: Column::Sco,
        group: Group {
            section: "§6.7",
            properties: &[
                may("hashes", HASHES),
                may("size", COUNT),
                may("name", TEXT),
                may("name_enc", Shape::Text(Form::Charset)),
                may("magic_number_hex", HEX),
                may("mime_type", Shape::Text(Form::MediaType)),
                may("ctime", TIME),
                may("mtime", TIME),
                may("atime", TIME),
                may("parent_directory_ref", to(&["directory"])),
                may_list("contains_refs", Shape::Id(Target::Sco)),
                may("content_ref", to(&["artifact"])),
            ],
            constraints: &[Constraint::AtLeastOne(&["hashes", "name"])],
        },
        extensions: &[
            (
                "archive-ext",
                Group {
                    section: "§6.7",
                    properties: &[must_list("contains_refs", to(&["file", "directory"])), may("comment", TEXT)],
                    constraints: &[],
                },
            ),
            (
                "ntfs-ext",
                Group {
                    section: "§6.7",
                    properties: &[may("sid", TEXT), may_list("alternate_data_streams", Shape::Group(&ALTERNATE_DATA_STREAM))],
                    constraints: &[ONE],
                },
            ),
            (
                "pdf-ext",
                Group {
                    section: "§6.7",
                    properties: &[
                        may("version", TEXT),
                        may("is_optimized", BOOL),
                        may("document_info_dict", Shape::Dict(&TEXT)),
                        may("pdfid0", TEXT),
                        may("pdfid1", TEXT),
                    ],
                    constraints: &[ONE],
                },
            ),
            (
                "raster-image-ext",
                Group {
                    section: "§6.7",
                    properties: &[
                        may("image_height", INT),
                        may("image_width", INT),
                        may("bits_per_pixel", INT),
                        may("exif_tags", Shape::Dict(&Shape::IntOrText)),
                    ],
                    constraints: &[ONE],
                },
            ),
            (
                "windows-pebinary-ext",
                Group {
                    section: "§6.7",
                    properties: &[
                        must("pe_type", Shape::Open(&vocabulary::WINDOWS_PEBINARY_TYPE)),
                        may("imphash", TEXT),
                        may("machine_hex", HEX),
                        may("number_of_sections", COUNT),
                        may("time_date_stamp", Shape::Time(Precision::Second)),
                        may("pointer_to_symbol_table_hex", HEX),
                        may("number_of_symbols", COUNT),
                        may("size_of_optional_header", COUNT),
                        may("characteristics_hex", HEX),
                        may("file_header_hashes", HASHES),
                        may("optional_header", Shape::Group(&PE_OPTIONAL_HEADER)),
                        may_list("sections", Shape::Group(&PE_SECTION)),
                    ],
                    constraints: &[Constraint::Besides(&["pe_type"])],
                },
            ),
        ],
    },
    Type {
        name: "ipv4-addr",
        column: Column::Sco,
        group: Group {
            section: "§6.8",
            properties: &[
                must("value", Shape::Text(Form::Ipv4)),
                may_list("resolves_to_refs", to(&["mac-addr"])),
                may_list("belongs_to_refs", to(&["autonomous-system"])),
            ],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "ipv6-addr",
        column: Column::Sco,
        group: Group {
            section: "§6.9",
            properties: &[
                must("value", Shape::Text(Form::Ipv6)),
                may_list("resolves_to_refs", to(&["mac-addr"])),
                may_list("belongs_to_refs", to(&["autonomous-system"])),
            ],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "mac-addr",
        column: Column::Sco,
        group: Group { section: "§6.10", properties: &[must("value", Shape::Text(Form::Mac))], constraints: &[] },
        extensions: &[],
    },
    Type {
        name: "mutex",
        column: Column::Sco,
        group: Group { section: "§6.11", properties: &[must("name", TEXT)], constraints: &[] },
        extensions: &[],
    },
    Type {
        name: "network-traffic",
        column: Column::Sco,
        group: Group {
            section: "§6.12",
            properties: &[
                may("start", TIME),
                may("end", TIME),
                may("is_active", BOOL),
                may("src_ref", to(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"])),
                may("dst_ref", to(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"])),
                may("src_port", Shape::Int(0, 65_535)),
                may("dst_port", Shape::Int(0, 65_535)),
                must_list("protocols", Shape::Text(Form::LowerCase)),
                may("src_byte_count", COUNT),
                may("dst_byte_count", COUNT),
                may("src_packets", COUNT),
                may("dst_packets", COUNT),
                may("ipfix", Shape::Dict(&Shape::IntOrText)),
                may("src_payload_ref", to(&["artifact"])),
                may("dst_payload_ref", to(&["artifact"])),
                may_list("encapsulates_refs", to(&["network-traffic"])),
                may("encapsulated_by_ref", to(&["network-traffic"])),
            ],
            constraints: &[
                Constraint::AtLeastOne(&["src_ref", "dst_ref"]),
                Constraint::Should(&["src_port", "dst_port"]),
                Constraint::NotBefore("end", "start"),
                Constraint::NotWhen("end", "is_active", true),
            ],
        },
        extensions: &[
            (
                "http-request-ext",
                Group {
                    section: "§6.12",
                    properties: &[
                        must("request_method", TEXT),
                        must("request_value", TEXT),
                        may("request_version", TEXT),
                        may("request_header", Shape::Dict(&Shape::TextsOrText)),
                        may("message_body_length", INT),
                        may("message_body_data_ref", to(&["artifact"])),
                    ],
                    constraints: &[],
                },
            ),
            ("icmp-ext", Group { section: "§6.12", properties: &[must("icmp_type_hex", HEX), must("icmp_code_hex", HEX)], constraints: &[] }),
            (
                "socket-ext",
                Group {
                    section: "§6.12",
                    properties: &[
                        must("address_family", Shape::Enum(&vocabulary::NETWORK_SOCKET_ADDRESS_FAMILY)),
                        may("is_blocking", BOOL),
                        may("is_listening", BOOL),
                        may("options", Shape::Dict(&INT)),
                        may("socket_type", Shape::Enum(&vocabulary::NETWORK_SOCKET_TYPE)),
                        may("socket_descriptor", COUNT),
                        may("socket_handle", INT),
                    ],
                    constraints: &[],
                },
            ),
            ("tcp-ext", Group { section: "§6.12", properties: &[may("src_flags_hex", HEX), may("dst_flags_hex", HEX)], constraints: &[ONE] }),
        ],
    },
    Type {
        name: "process",
        column: Column::Sco,
        group: Group {
            section: "§6.13",
            properties: &[
                may("is_hidden", BOOL),
                may("pid", INT),
                may("created_time", TIME),
                may("cwd", TEXT),
                may("command_line", TEXT),
                may("environment_variables", Shape::Dict(&TEXT)),
                may_list("opened_connection_refs", to(&["network-traffic"])),
                may("creator_user_ref", to(&["user-account"])),
                may("image_ref", to(&["file"])),
                may("parent_ref", to(&["process"])),
                may_list("child_refs", to(&["process"])),
            ],
            constraints: &[Constraint::Own],
        },
        extensions: &[
            (
                "windows-process-ext",
                Group {
                    section: "§6.13",
                    properties: &[
                        may("aslr_enabled", BOOL),
                        may("dep_enabled", BOOL),
                        may("priority", Shape::Text(Form::PriorityClass)),
                        may("owner_sid", TEXT),
                        may("window_title", TEXT),
                        may("startup_info", Shape::Dict(&Shape::Any)),
                        may("integrity_level", Shape::Enum(&vocabulary::WINDOWS_INTEGRITY_LEVEL)),
                    ],
                    constraints: &[ONE],
                },
            ),
            (
                "windows-service-ext",
                Group {
                    section: "§6.13",
                    properties: &[
                        may("service_name", TEXT),
                        may_list("descriptions", TEXT),
                        may("display_name", TEXT),
                        may("group_name", TEXT),
                        may("start_type", Shape::Enum(&vocabulary::WINDOWS_SERVICE_START_TYPE)),
                        may_list("service_dll_refs", to(&["file"])),
                        may("service_type", Shape::Enum(&vocabulary::WINDOWS_SERVICE_TYPE)),
                        may("service_status", Shape::Enum(&vocabulary::WINDOWS_SERVICE_STATUS)),
                    ],
                    constraints: &[ONE],
                },
            ),
        ],
    },
    Type {
        name: "software",
        column: Column::Sco,
        group: Group {
            section: "§6.14",
            properties: &[
                must("name", TEXT),
                may("cpe", Shape::Text(Form::Cpe)),
                may("swid", TEXT),
                may_list("languages", Shape::Text(Form::Language)),
                may("vendor", TEXT),
                may("version", TEXT),
            ],
            constraints: &[],
        },
        extensions: &[],
    },
    Type {
        name: "url",
        column: Column::Sco,
        group: Group { section: "§6.15", properties: &[must("value", Shape::Text(Form::Url))], constraints: &[] },
        extensions: &[],
    },
    Type {
        name: "user-account",
        column: Column::Sco,
        group: Group {
            section: "§6.16",
            properties: &[
                may("user_id", TEXT),
                may("credential", TEXT),
                may("account_login", TEXT),
                may("account_type", Shape::Open(&vocabulary::ACCOUNT_TYPE)),
                may("display_name", TEXT),
                may("is_service_account", BOOL),
                may("is_privileged", BOOL),
                may("can_escalate_privs", BOOL),
                may("is_disabled", BOOL),
                may("account_created", TIME),
                may("account_expires", TIME),
                may("credential_last_changed", TIME),
                may("account_first_login", TIME),
                may("account_last_login", TIME),
            ],
            constraints: &[Constraint::Own],
        },
        extensions: &[(
            "unix-account-ext",
            Group {
                section: "§6.16",
                properties: &[may("gid", INT), may_list("groups", TEXT), may("home_dir", TEXT), may("shell", TEXT)],
                constraints: &[ONE],
            },
        )],
    },
    Type {
        name: "windows-registry-key",
        column: Column::Sco,
        group: Group {
            section: "§6.17",
            properties: &[
                may("key", Shape::Text(Form::RegistryKey)),
                may_list("values", Shape::Group(&REGISTRY_VALUE)),
                may("modified_time", TIME),
                may("creator_user_ref", to(&["user-account"])),
                may("number_of_subkeys", INT),
            ],
            constraints: &[Constraint::Own],
        },
        extensions: &[],
    },
    Type {
        name: "x509-certificate",
        column: Column::Sco,
        group: Group {
            section: "§6.18",
            properties: &[
                may("is_self_signed", BOOL),
                may("hashes", HASHES),
                may("version", TEXT),
                may("serial_number", TEXT),
                may("signature_algorithm", TEXT),
                may("issuer", TEXT),
                may("validity_not_before", TIME),
                may("validity_not_after", TIME),
                may("subject", TEXT),
                may("subject_public_key_algorithm", TEXT),
                may("subject_public_key_modulus", TEXT),
                may("subject_public_key_exponent", INT),
                may("x509_v3_extensions", Shape::Group(&X509_V3_EXTENSIONS)),
            ],
            constraints: &[Constraint::Own],
        },
        extensions: &[],
    },
];

/// The observable of this name.
pub(in crate::stix) fn named(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|kind| kind.name == name)
}

/// A property of an observable, its own or one that all have.
pub(in crate::stix) fn property(kind: &Type, name: &str) -> Option<&'static Property> {
    let common = || COMMON.iter().find(|row| row.property.name == name && matches!(row.need(Column::Sco), Need::Required | Need::Optional));
    kind.group.property(name).or_else(|| common().map(|row| &row.property))
}

/// A part of a message (§6.6.2).
static MIME_PART: Group = Group {
    section: "§6.6",
    properties: &[may("body", TEXT), may("body_raw_ref", to(&["artifact", "file"])), may("content_type", TEXT), may("content_disposition", TEXT)],
    constraints: &[Constraint::AtLeastOne(&["body", "body_raw_ref"])],
};

/// An alternate data stream of NTFS (§6.7.3).
static ALTERNATE_DATA_STREAM: Group =
    Group { section: "§6.7", properties: &[must("name", TEXT), may("hashes", HASHES), may("size", COUNT)], constraints: &[] };

/// The optional header of a PE binary (§6.7.6).
static PE_OPTIONAL_HEADER: Group = Group {
    section: "§6.7",
    properties: &[
        may("magic_hex", HEX),
        may("major_linker_version", INT),
        may("minor_linker_version", INT),
        may("size_of_code", COUNT),
        may("size_of_initialized_data", COUNT),
        may("size_of_uninitialized_data", COUNT),
        may("address_of_entry_point", INT),
        may("base_of_code", INT),
        may("base_of_data", INT),
        may("image_base", INT),
        may("section_alignment", INT),
        may("file_alignment", INT),
        may("major_os_version", INT),
        may("minor_os_version", INT),
        may("major_image_version", INT),
        may("minor_image_version", INT),
        may("major_subsystem_version", INT),
        may("minor_subsystem_version", INT),
        may("win32_version_value_hex", HEX),
        may("size_of_image", COUNT),
        may("size_of_headers", COUNT),
        may("checksum_hex", HEX),
        may("subsystem_hex", HEX),
        may("dll_characteristics_hex", HEX),
        may("size_of_stack_reserve", COUNT),
        may("size_of_stack_commit", COUNT),
        may("size_of_heap_reserve", COUNT),
        may("size_of_heap_commit", COUNT),
        may("loader_flags_hex", HEX),
        may("number_of_rva_and_sizes", INT),
        may("hashes", HASHES),
    ],
    constraints: &[ONE],
};

/// A section of a PE binary (§6.7.6).
static PE_SECTION: Group =
    Group {
        section: "§6.7", properties: &[must("name", TEXT), may("size", COUNT), may("entropy", NUMBER), may("hashes", HASHES)], constraints: &[]
    };

/// A value of a registry key (§6.17.2).
static REGISTRY_VALUE: Group = Group {
    section: "§6.17",
    properties: &[may("name", TEXT), may("data", TEXT), may("data_type", Shape::Enum(&vocabulary::WINDOWS_REGISTRY_DATATYPE))],
    constraints: &[ONE],
};

/// The version 3 extensions of a certificate (§6.18.2).
static X509_V3_EXTENSIONS: Group = Group {
    section: "§6.18",
    properties: &[
        may("basic_constraints", TEXT),
        may("name_constraints", TEXT),
        may("policy_constraints", TEXT),
        may("key_usage", TEXT),
        may("extended_key_usage", TEXT),
        may("subject_key_identifier", TEXT),
        may("authority_key_identifier", TEXT),
        may("subject_alternative_name", TEXT),
        may("issuer_alternative_name", TEXT),
        may("subject_directory_attributes", TEXT),
        may("crl_distribution_points", TEXT),
        may("inhibit_any_policy", TEXT),
        may("private_key_usage_period_not_before", TIME),
        may("private_key_usage_period_not_after", TIME),
        may("certificate_policies", TEXT),
        may("policy_mappings", TEXT),
    ],
    constraints: &[ONE],
};
