//! The vocabularies and enumerations (STIX 2.1 §10), with the values that Errata 01 added.

use super::Vocabulary;

/// `account-type-ov`
pub(super) static ACCOUNT_TYPE: Vocabulary = Vocabulary {
    name: "account-type-ov",
    section: "§10.1",
    values: &["facebook", "ldap", "nis", "openid", "radius", "skype", "tacacs", "twitter", "unix", "windows-local", "windows-domain"],
};

/// `attack-motivation-ov`
pub(super) static ATTACK_MOTIVATION: Vocabulary = Vocabulary {
    name: "attack-motivation-ov",
    section: "§10.2",
    values: &[
        "accidental",
        "coercion",
        "dominance",
        "ideology",
        "notoriety",
        "organizational-gain",
        "personal-gain",
        "personal-satisfaction",
        "revenge",
        "unpredictable",
    ],
};

/// `attack-resource-level-ov`
pub(super) static ATTACK_RESOURCE_LEVEL: Vocabulary = Vocabulary {
    name: "attack-resource-level-ov",
    section: "§10.3",
    values: &["individual", "club", "contest", "team", "organization", "government"],
};

/// `encryption-algorithm-enum`
pub(super) static ENCRYPTION_ALGORITHM: Vocabulary =
    Vocabulary { name: "encryption-algorithm-enum", section: "§10.4", values: &["AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated"] };

/// `extension-type-enum`
pub(super) static EXTENSION_TYPE: Vocabulary = Vocabulary {
    name: "extension-type-enum",
    section: "§10.5",
    values: &["new-sdo", "new-sco", "new-sro", "property-extension", "toplevel-property-extension"],
};

/// `grouping-context-ov`
pub(super) static GROUPING_CONTEXT: Vocabulary =
    Vocabulary { name: "grouping-context-ov", section: "§10.6", values: &["suspicious-activity", "malware-analysis", "unspecified"] };

/// `hash-algorithm-ov`
pub(super) static HASH_ALGORITHM: Vocabulary = Vocabulary {
    name: "hash-algorithm-ov",
    section: "§10.7",
    values: &["MD5", "SHA-1", "SHA-256", "SHA-512", "SHA3-256", "SHA3-512", "SSDEEP", "TLSH"],
};

/// `identity-class-ov`
pub(super) static IDENTITY_CLASS: Vocabulary =
    Vocabulary { name: "identity-class-ov", section: "§10.8", values: &["individual", "group", "system", "organization", "class", "unknown"] };

/// `implementation-language-ov`
pub(super) static IMPLEMENTATION_LANGUAGE: Vocabulary = Vocabulary {
    name: "implementation-language-ov",
    section: "§10.9",
    values: &[
        "applescript",
        "bash",
        "c",
        "c++",
        "c#",
        "go",
        "java",
        "javascript",
        "lua",
        "objective-c",
        "perl",
        "php",
        "powershell",
        "python",
        "ruby",
        "rust",
        "scala",
        "swift",
        "typescript",
        "visual-basic",
        "x86-32",
        "x86-64",
    ],
};

/// `indicator-type-ov`
pub(super) static INDICATOR_TYPE: Vocabulary = Vocabulary {
    name: "indicator-type-ov",
    section: "§10.10",
    values: &["anomalous-activity", "anonymization", "benign", "compromised", "malicious-activity", "attribution", "unknown"],
};

/// `industry-sector-ov`
pub(super) static INDUSTRY_SECTOR: Vocabulary = Vocabulary {
    name: "industry-sector-ov",
    section: "§10.11",
    values: &[
        "agriculture",
        "aerospace",
        "automotive",
        "chemical",
        "commercial",
        "communications",
        "construction",
        "defense",
        "education",
        "energy",
        "entertainment",
        "financial-services",
        "government",
        "emergency-services",
        "government-local",
        "government-national",
        "government-public-services",
        "government-regional",
        "healthcare",
        "hospitality-leisure",
        "infrastructure",
        "dams",
        "nuclear",
        "water",
        "insurance",
        "legal",
        "manufacturing",
        "mining",
        "non-profit",
        "pharmaceuticals",
        "retail",
        "technology",
        "telecommunications",
        "transportation",
        "utilities",
    ],
};

/// `infrastructure-type-ov`
pub(super) static INFRASTRUCTURE_TYPE: Vocabulary = Vocabulary {
    name: "infrastructure-type-ov",
    section: "§10.12",
    values: &[
        "amplification",
        "anonymization",
        "botnet",
        "command-and-control",
        "control-system",
        "exfiltration",
        "firewall",
        "hosting-malware",
        "hosting-target-lists",
        "phishing",
        "reconnaissance",
        "routers-switches",
        "staging",
        "workstation",
        "unknown",
    ],
};

/// `malware-capabilities-ov`
pub(super) static MALWARE_CAPABILITIES: Vocabulary = Vocabulary {
    name: "malware-capabilities-ov",
    section: "§10.13",
    values: &[
        "accesses-remote-machines",
        "anti-debugging",
        "anti-disassembly",
        "anti-emulation",
        "anti-memory-forensics",
        "anti-sandbox",
        "anti-vm",
        "captures-input-peripherals",
        "captures-output-peripherals",
        "captures-system-state-data",
        "cleans-traces-of-infection",
        "commits-fraud",
        "communicates-with-c2",
        "compromises-data-availability",
        "compromises-data-integrity",
        "compromises-system-availability",
        "controls-local-machine",
        "degrades-security-software",
        "degrades-system-updates",
        "determines-c2-server",
        "emails-spam",
        "escalates-privileges",
        "evades-av",
        "exfiltrates-data",
        "fingerprints-host",
        "hides-artifacts",
        "hides-executing-code",
        "infects-files",
        "infects-remote-machines",
        "installs-other-components",
        "persists-after-system-reboot",
        "prevents-artifact-access",
        "prevents-artifact-deletion",
        "probes-network-environment",
        "self-modifies",
        "steals-authentication-credentials",
        "violates-system-operational-integrity",
    ],
};

/// `malware-result-ov`
pub(super) static MALWARE_RESULT: Vocabulary =
    Vocabulary { name: "malware-result-ov", section: "§10.14", values: &["malicious", "suspicious", "benign", "unknown"] };

/// `malware-type-ov`
pub(super) static MALWARE_TYPE: Vocabulary = Vocabulary {
    name: "malware-type-ov",
    section: "§10.15",
    values: &[
        "adware",
        "backdoor",
        "bot",
        "bootkit",
        "ddos",
        "downloader",
        "dropper",
        "exploit-kit",
        "keylogger",
        "ransomware",
        "remote-access-trojan",
        "resource-exploitation",
        "rogue-security-software",
        "rootkit",
        "screen-capture",
        "spyware",
        "trojan",
        "unknown",
        "virus",
        "webshell",
        "wiper",
        "worm",
    ],
};

/// `network-socket-address-family-enum`
pub(super) static NETWORK_SOCKET_ADDRESS_FAMILY: Vocabulary = Vocabulary {
    name: "network-socket-address-family-enum",
    section: "§10.16",
    values: &["AF_UNSPEC", "AF_INET", "AF_IPX", "AF_APPLETALK", "AF_NETBIOS", "AF_INET6", "AF_IRDA", "AF_BTH"],
};

/// `network-socket-type-enum`
pub(super) static NETWORK_SOCKET_TYPE: Vocabulary = Vocabulary {
    name: "network-socket-type-enum",
    section: "§10.17",
    values: &["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET"],
};

/// `opinion-enum`
pub(super) static OPINION: Vocabulary =
    Vocabulary { name: "opinion-enum", section: "§10.18", values: &["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"] };

/// `pattern-type-ov`
pub(super) static PATTERN_TYPE: Vocabulary =
    Vocabulary { name: "pattern-type-ov", section: "§10.19", values: &["stix", "pcre", "sigma", "snort", "suricata", "yara"] };

/// `processor-architecture-ov`
pub(super) static PROCESSOR_ARCHITECTURE: Vocabulary = Vocabulary {
    name: "processor-architecture-ov",
    section: "§10.20",
    values: &["alpha", "arm", "ia-64", "mips", "powerpc", "sparc", "x86", "x86-64"],
};

/// `region-ov`
pub(super) static REGION: Vocabulary = Vocabulary {
    name: "region-ov",
    section: "§10.21",
    values: &[
        "africa",
        "eastern-africa",
        "middle-africa",
        "northern-africa",
        "southern-africa",
        "western-africa",
        "americas",
        "caribbean",
        "central-america",
        "latin-america-caribbean",
        "northern-america",
        "south-america",
        "asia",
        "central-asia",
        "eastern-asia",
        "southern-asia",
        "south-eastern-asia",
        "western-asia",
        "europe",
        "eastern-europe",
        "northern-europe",
        "southern-europe",
        "western-europe",
        "oceania",
        "antarctica",
        "australia-new-zealand",
        "melanesia",
        "micronesia",
        "polynesia",
    ],
};

/// `report-type-ov`
pub(super) static REPORT_TYPE: Vocabulary = Vocabulary {
    name: "report-type-ov",
    section: "§10.22",
    values: &[
        "attack-pattern",
        "campaign",
        "identity",
        "incident",
        "indicator",
        "intrusion-set",
        "malware",
        "observed-data",
        "threat-actor",
        "threat-report",
        "tool",
        "vulnerability",
    ],
};

/// `threat-actor-type-ov`
pub(super) static THREAT_ACTOR_TYPE: Vocabulary = Vocabulary {
    name: "threat-actor-type-ov",
    section: "§10.23",
    values: &[
        "activist",
        "competitor",
        "crime-syndicate",
        "criminal",
        "hacker",
        "insider-accidental",
        "insider-disgruntled",
        "nation-state",
        "private-sector",
        "sensationalist",
        "spy",
        "terrorist",
        "unknown",
    ],
};

/// `threat-actor-role-ov`
pub(super) static THREAT_ACTOR_ROLE: Vocabulary = Vocabulary {
    name: "threat-actor-role-ov",
    section: "§10.24",
    values: &["agent", "director", "independent", "infrastructure-architect", "infrastructure-operator", "malware-author", "sponsor"],
};

/// `threat-actor-sophistication-ov`
pub(super) static THREAT_ACTOR_SOPHISTICATION: Vocabulary = Vocabulary {
    name: "threat-actor-sophistication-ov",
    section: "§10.25",
    values: &["none", "minimal", "intermediate", "advanced", "expert", "innovator", "strategic"],
};

/// `tool-type-ov`
pub(super) static TOOL_TYPE: Vocabulary = Vocabulary {
    name: "tool-type-ov",
    section: "§10.26",
    values: &[
        "denial-of-service",
        "exploitation",
        "information-gathering",
        "network-capture",
        "credential-exploitation",
        "remote-access",
        "vulnerability-scanning",
        "unknown",
    ],
};

/// `windows-integrity-level-enum`
pub(super) static WINDOWS_INTEGRITY_LEVEL: Vocabulary =
    Vocabulary { name: "windows-integrity-level-enum", section: "§10.27", values: &["low", "medium", "high", "system"] };

/// `windows-pebinary-type-ov`
pub(super) static WINDOWS_PEBINARY_TYPE: Vocabulary =
    Vocabulary { name: "windows-pebinary-type-ov", section: "§10.28", values: &["dll", "exe", "sys"] };

/// `windows-registry-datatype-enum`
pub(super) static WINDOWS_REGISTRY_DATATYPE: Vocabulary = Vocabulary {
    name: "windows-registry-datatype-enum",
    section: "§10.29",
    values: &[
        "REG_NONE",
        "REG_SZ",
        "REG_EXPAND_SZ",
        "REG_BINARY",
        "REG_DWORD",
        "REG_DWORD_BIG_ENDIAN",
        "REG_DWORD_LITTLE_ENDIAN",
        "REG_LINK",
        "REG_MULTI_SZ",
        "REG_RESOURCE_LIST",
        "REG_FULL_RESOURCE_DESCRIPTION",
        "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD",
        "REG_INVALID_TYPE",
    ],
};

/// `windows-service-start-type-enum`
pub(super) static WINDOWS_SERVICE_START_TYPE: Vocabulary = Vocabulary {
    name: "windows-service-start-type-enum",
    section: "§10.30",
    values: &["SERVICE_AUTO_START", "SERVICE_BOOT_START", "SERVICE_DEMAND_START", "SERVICE_DISABLED", "SERVICE_SYSTEM_ALERT"],
};

/// `windows-service-type-enum`
pub(super) static WINDOWS_SERVICE_TYPE: Vocabulary = Vocabulary {
    name: "windows-service-type-enum",
    section: "§10.31",
    values: &["SERVICE_KERNEL_DRIVER", "SERVICE_FILE_SYSTEM_DRIVER", "SERVICE_WIN32_OWN_PROCESS", "SERVICE_WIN32_SHARE_PROCESS"],
};

/// `windows-service-status-enum`
pub(super) static WINDOWS_SERVICE_STATUS: Vocabulary = Vocabulary {
    name: "windows-service-status-enum",
    section: "§10.32",
    values: &[
        "SERVICE_CONTINUE_PENDING",
        "SERVICE_PAUSE_PENDING",
        "SERVICE_PAUSED",
        "SERVICE_RUNNING",
        "SERVICE_START_PENDING",
        "SERVICE_STOP_PENDING",
        "SERVICE_STOPPED",
    ],
};
