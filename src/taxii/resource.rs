//! The TAXII resources that are not envelopes: discovery, API root, collection, status, error.
//!
//! Empty lists are left out (T-005); names and required properties are those of the standard (T-009).

use serde::{Deserialize, Serialize};

/// Discovery (§4.1.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Discovery {
    /// Name of this server.
    pub title: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The root to use when the client has no wish; one of `api_roots` (T-101).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Absolute URLs, each ending in `/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_roots: Vec<String>,
}

/// API root (§4.2.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiRoot {
    /// Name of the root.
    pub title: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The TAXII versions it speaks (T-107).
    pub versions: Vec<String>,
    /// The longest request body it takes, in octets (T-108).
    pub max_content_length: u64,
}

/// The list of collections (§5.1.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Collections {
    /// Left out when the caller may see none (T-123).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<Collection>,
}

/// A collection (§5.2.1) as the caller may use it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Collection {
    /// A version 4 UUID.
    pub id: String,
    /// Unique in its root; clients choose by it (Q18).
    pub title: String,
    /// What it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Stands for the id in URLs (T-125).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether this caller may read.
    pub can_read: bool,
    /// Whether this caller may write.
    pub can_write: bool,
    /// What it can hold (T-126).
    pub media_types: Vec<String>,
}

/// The outcome of a POST (§4.3.1). Counts and lists agree, because they are counted from the lists (T-115, T-116).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// A version 4 UUID.
    pub id: String,
    /// `complete`: everything is judged when the answer is sent.
    pub status: String,
    /// When the request came, as a TAXII timestamp.
    pub request_timestamp: String,
    /// Objects in the envelope.
    pub total_count: usize,
    /// Objects that are stored now.
    pub success_count: usize,
    /// What is stored now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successes: Vec<StatusDetail>,
    /// Objects refused.
    pub failure_count: usize,
    /// What was refused, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StatusDetail>,
    /// Always 0: a POST is finished when it is answered.
    pub pending_count: usize,
}

impl Status {
    /// The status of a request that came at `request_timestamp` and is wholly judged.
    pub fn complete(id: String, request_timestamp: String, successes: Vec<StatusDetail>, failures: Vec<StatusDetail>) -> Self {
        Self {
            id,
            status: "complete".into(),
            request_timestamp,
            total_count: successes.len() + failures.len(),
            success_count: successes.len(),
            successes,
            failure_count: failures.len(),
            failures,
            pending_count: 0,
        }
    }
}

/// One object of a status (§4.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDetail {
    /// The object's id, or what stood in its place.
    pub id: String,
    /// Its version (T-117).
    pub version: String,
    /// The reason of a failure, or what a success should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An error (§3.6.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Error {
    /// What went wrong, in a few words.
    pub title: String,
    /// What and where, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What this failure is called in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<String>,
    /// The HTTP status, as text (T-090).
    pub http_status: String,
}
