//! Connection cards: what to type into which field of which client, so that it reads this collection at the first attempt.
//!
//! The words of each card are those of the client's own form. Secrets are never on them: where one belongs stands [`SECRET`].

/// Stands where a token belongs.
pub const SECRET: &str = "YOUR-TOKEN";

/// What a client is to be connected to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where discovery is: `https://feeds.example/taxii2/`.
    pub discovery: String,
    /// The API root's URL, with its last slash.
    pub api_root: String,
    /// The collection's id.
    pub collection: String,
    /// The collection's title.
    pub title: String,
    /// The user that the client is.
    pub user: String,
}

/// How one client is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The client.
    pub client: &'static str,
    /// The same as a word for addresses.
    pub slug: &'static str,
    /// Where in the client the form is.
    pub place: &'static str,
    /// The fields of the form.
    pub fields: Vec<Field>,
    /// A command or a text to be copied whole.
    pub text: Option<String>,
    /// What is known to go wrong, and what need not worry.
    pub notes: &'static [&'static str],
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its label in the client.
    pub label: &'static str,
    /// What to type.
    pub value: String,
    /// Whether it is a choice of the form and not a text to be copied.
    pub choice: bool,
}

fn text(label: &'static str, value: impl Into<String>) -> Field {
    Field { label, value: value.into(), choice: false }
}

fn choice(label: &'static str, value: &str) -> Field {
    Field { label, value: value.to_owned(), choice: true }
}

/// The cards of all clients, the ones that are asked for most first.
pub fn all(target: &Target) -> Vec<Card> {
    vec![
        sentinel(target),
        splunk(target),
        elastic(target),
        opencti(target),
        misp(target),
        xsoar(target),
        fortigate(target),
        qradar(target),
        curl(target),
        taxii2_client(target),
    ]
}

impl Target {
    fn collection_url(&self) -> String {
        format!("{}collections/{}/", self.api_root, self.collection)
    }

    fn objects_url(&self) -> String {
        format!("{}objects/", self.collection_url())
    }

    /// The last segment of the API root, by which some clients choose one.
    fn slug(&self) -> &str {
        self.api_root.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }
}

fn sentinel(target: &Target) -> Card {
    Card {
        client: "Microsoft Sentinel",
        slug: "sentinel",
        place: "Data connectors, Threat intelligence - TAXII, Open connector page",
        fields: vec![
            text("Friendly name (for server)", target.title.as_str()),
            text("API root URL", target.api_root.as_str()),
            text("Collection ID", target.collection.as_str()),
            text("Username", target.user.as_str()),
            text("Password", SECRET),
            choice("Import indicators", "All available, at the first connection"),
            choice("Polling frequency", "Once a minute or once an hour"),
        ],
        text: None,
        notes: &[
            "Sentinel speaks Basic or nothing: the token goes into the password.",
            "It connects from Microsoft's published addresses; this server must be reachable from there, with a certificate that is publicly trusted.",
            "What disappears from a feed stays in Sentinel. Revoke an indicator, or let it expire: both travel.",
            "The objects arrive in the tables ThreatIntelIndicators and ThreatIntelObjects.",
        ],
    }
}

fn splunk(target: &Target) -> Card {
    Card {
        client: "Splunk Enterprise Security",
        slug: "splunk",
        place: "Threat intelligence management, new source of type TAXII 2.1 (Enterprise Security 8.2 and later)",
        fields: vec![
            text("Name", target.slug()),
            text("Description", target.title.as_str()),
            text("URL (API root)", target.api_root.as_str()),
            text("Collection", target.collection.as_str()),
            text("User", target.user.as_str()),
            text("Password, in the credential store", SECRET),
        ],
        text: None,
        notes: &[
            "Before 8.2 Enterprise Security reads TAXII 1 only; a CSV list of this collection serves it instead.",
            "Up to 7.x it reads observables and not patterns. The collection of indicators holds both, tied by based-on.",
            "Splunk Cloud refuses every address that does not begin with https://.",
            "From 8.4 on the form names a user of the credential store; the token is kept there as its password.",
        ],
    }
}

fn elastic(target: &Target) -> Card {
    Card {
        client: "Elastic",
        slug: "elastic",
        place: "Integrations, Custom Threat Intelligence, STIX 2.1 indicators over the API",
        fields: vec![
            text("URL API endpoint", target.objects_url()),
            choice("Enable TAXII 2.1", "on"),
            text("Basic Auth Username", target.user.as_str()),
            text("Basic Auth Password", SECRET),
            text("Interval", "5m"),
            text("Initial Interval", "87600h"),
            text("IOC Expiration Duration", "90d"),
        ],
        text: None,
        notes: &[
            "Instead of user and password the API Key alone works too: it is sent as Bearer.",
            "An indicator without valid_until expires there after the expiration duration.",
            "The mask of a network written as = 'a.b.c.0/24' is dropped there: only its first address is matched.",
            "On an idle feed old versions log \"no such key: objects\"; that is harmless.",
        ],
    }
}

fn opencti(target: &Target) -> Card {
    Card {
        client: "OpenCTI",
        slug: "opencti",
        place: "Data, Ingestion, TAXII feeds, Create",
        fields: vec![
            text("Name", target.title.as_str()),
            text("TAXII server URL", target.api_root.as_str()),
            choice("TAXII version", "TAXII 2.1"),
            text("TAXII collection", target.collection.as_str()),
            choice("Authentication type", "Bearer token"),
            text("Token", SECRET),
            text("Import from date", "leave empty to take everything"),
        ],
        text: None,
        notes: &[
            "The URL is that of the API root, without collections/ at its end.",
            "The TAXII2 connector is another program: its TAXII2_COLLECTIONS takes root.title, the title and not the id.",
            "It reads one page each time its scheduler comes round; the first fill takes a while.",
        ],
    }
}

fn misp(target: &Target) -> Card {
    Card {
        client: "MISP",
        slug: "misp",
        place: "Sync Actions, List Taxii Servers, Add Taxii Server",
        fields: vec![
            text("Name", target.title.as_str()),
            text("Base URL", target.discovery.trim_end_matches("taxii2/")),
            text("API root", target.slug()),
            text("Collection", target.collection.as_str()),
            text("API key", format!("base64 of {}:{SECRET}", target.user)),
        ],
        text: Some(format!("printf %s {} | base64 -w0", quoted(&format!("{}:{SECRET}", target.user)))),
        notes: &[
            "MISP pushes to TAXII servers and browses them; it does not import from them by itself. It offers only collections that this user may write to.",
            "The key is the base64 of user and token, as Basic wants it; the command below makes it.",
            "To import, the module taxii21 takes the URL of the collection, the user and the token.",
        ],
    }
}

fn xsoar(target: &Target) -> Card {
    Card {
        client: "Cortex XSOAR",
        slug: "xsoar",
        place: "Settings, Integrations, TAXII 2 Feed, Add instance",
        fields: vec![
            text("Discovery Service URL", target.discovery.as_str()),
            text("Username / API Key", target.user.as_str()),
            text("Password", SECRET),
            text("Collection Name To Fetch Indicators From", target.title.as_str()),
            text("Default API Root to use", target.slug()),
            choice("Full Feed Fetch", "off, once the first fetch has come through"),
            choice("Complex Observation Mode", "Skip indicators with more than a single observation"),
            text("Max STIX Objects Per Poll", "1000"),
        ],
        text: None,
        notes: &[
            "The collection is chosen by its title, letter for letter, not by its id.",
            "With the user _api_token_key the token is sent as Authorization: Token; with _header:X-API-Key in a header of its own. Both work here.",
            "Revoked indicators are not withdrawn by this feed; let them expire there too.",
        ],
    }
}

fn fortigate(target: &Target) -> Card {
    let resource = format!("stix://{}", target.objects_url().trim_start_matches("https://").trim_start_matches("http://"));
    let commands = format!(
        "config system external-resource\n    edit {}\n        set type address\n        set resource {}\n        set username {}\n        \
         set password {SECRET}\n        set server-identity-check full\n        set refresh-rate 60\n    next\nend",
        fortios(&format!("taxiway-{}", target.slug())),
        fortios(&resource),
        fortios(&target.user),
    );
    Card {
        client: "FortiGate and FortiProxy",
        slug: "fortigate",
        place: "Security Fabric, External Connectors, Create New; one connector for each kind: IP address, domain name, malware hash, category",
        fields: vec![
            choice("Update method", "External Feed"),
            text("URI of external resource", resource),
            choice("HTTP basic authentication", "on"),
            text("Username", target.user.as_str()),
            text("Password", SECRET),
            text("Refresh rate, in minutes", "60"),
        ],
        text: Some(commands),
        notes: &[
            "FortiOS 7.0.2 and later. It asks as a TAXII 2.0 client and gets the whole collection in one answer.",
            "set type takes address, domain, malware or category; a category feed wants set category 192 to 221 as well.",
            "It does not check certificates unless server-identity-check says so.",
            "Lists beyond the limit of the model are cut off, the newest entries first.",
        ],
    }
}

fn qradar(target: &Target) -> Card {
    Card {
        client: "IBM QRadar",
        slug: "qradar",
        place: "Admin, Apps, Threat Intelligence, Add Threat Feed (7.4.3 and later)",
        fields: vec![
            text("TAXII endpoint", target.discovery.as_str()),
            choice("Version", "2.1"),
            choice("Authentication method", "HTTP Basic"),
            text("Username", target.user.as_str()),
            text("Password", SECRET),
            text("Collection, after Discover", target.title.as_str()),
            choice("Polling interval", "One hour"),
            choice("Reference set", "one for each kind of observable"),
        ],
        text: None,
        notes: &[
            "A reference set takes one kind of value: add the feed once for addresses, once for domains, once for hashes.",
            "Where the app has TAXII 2.0 only, a CSV list of this collection can fill the reference set.",
        ],
    }
}

fn curl(target: &Target) -> Card {
    let credentials = quoted(&format!("Authorization: Bearer {SECRET}"));
    let first = quoted(&format!("{}?match[type]=indicator&limit=1000", target.objects_url()));
    let next = quoted(&format!("{}?added_after=VALUE-OF-X-TAXII-DATE-ADDED-LAST", target.objects_url()));
    Card {
        client: "curl",
        slug: "curl",
        place: "A terminal",
        fields: vec![text("Objects", target.objects_url()), text("Header", format!("Authorization: Bearer {SECRET}"))],
        text: Some(format!("curl -sgi -H {credentials} \\\n  {first}\n\n# from then on, what is new:\ncurl -sgi -H {credentials} \\\n  {next}")),
        notes: &[
            "-g keeps the brackets of match[type] as they are.",
            "While an answer says more: true, ask again with its next; it needs no other parameter.",
        ],
    }
}

fn taxii2_client(target: &Target) -> Card {
    let program = format!(
        "from taxii2client.v21 import Collection, as_pages\n\ncollection = Collection(\n    {},\n    user={},\n    password={},\n)\n\
         for page in as_pages(collection.get_objects, per_request=1000):\n    for stix_object in page.get(\"objects\", []):\n        \
         print(stix_object[\"id\"])",
        literal(&target.collection_url()),
        literal(&target.user),
        literal(SECRET),
    );
    Card {
        client: "taxii2-client",
        slug: "taxii2-client",
        place: "pip install taxii2-client",
        fields: vec![text("Collection", target.collection_url()), text("User", target.user.as_str()), text("Password", SECRET)],
        text: Some(program),
        notes: &[
            "Write from taxii2client.v21: without v21 it speaks TAXII 2.0.",
            "python-stix2 takes the same collection: TAXIICollectionSource(collection).",
        ],
    }
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word for the command line of `FortiOS`.
fn fortios(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

/// A literal of Python: a string of JSON is one.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn target(user: &str) -> Target {
        Target {
            discovery: "https://feeds.example/taxii2/".to_owned(),
            api_root: "https://feeds.example/feeds/".to_owned(),
            collection: "b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d".to_owned(),
            title: "Exchange 2021 indicators".to_owned(),
            user: user.to_owned(),
        }
    }

    fn value<'a>(cards: &'a [Card], slug: &str, label: &str) -> &'a str {
        let card = cards.iter().find(|card| card.slug == slug).unwrap();
        &card.fields.iter().find(|field| field.label == label).unwrap().value
    }

    #[test]
    fn every_client_has_one_card_with_what_it_asks_for() {
        let cards = all(&target("siem"));
        let slugs: BTreeSet<_> = cards.iter().map(|card| card.slug).collect();
        let wanted = ["curl", "elastic", "fortigate", "misp", "opencti", "qradar", "sentinel", "splunk", "taxii2-client", "xsoar"];
        assert_eq!(slugs.into_iter().collect::<Vec<_>>(), wanted);
        assert_eq!(cards.len(), wanted.len());
        assert!(cards.iter().all(|card| !card.fields.is_empty() && !card.notes.is_empty()));
    }

    #[test]
    fn q17_q18_each_client_gets_the_address_of_its_kind() {
        let cards = all(&target("siem"));
        let objects = "https://feeds.example/feeds/collections/b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d/objects/";
        assert_eq!(value(&cards, "elastic", "URL API endpoint"), objects);
        assert_eq!(value(&cards, "fortigate", "URI of external resource"), objects.replace("https", "stix"));
        assert_eq!(value(&cards, "opencti", "TAXII server URL"), "https://feeds.example/feeds/");
        assert_eq!(value(&cards, "misp", "Base URL"), "https://feeds.example/");
        assert_eq!(value(&cards, "misp", "API root"), "feeds");
        assert_eq!(value(&cards, "xsoar", "Collection Name To Fetch Indicators From"), "Exchange 2021 indicators");
        assert_eq!(value(&cards, "sentinel", "Collection ID"), "b2aad6f0-1d8a-4d2e-9f6b-0e3d2a1c4b5d");
    }

    #[test]
    fn q23_each_card_says_where_the_token_goes() {
        for card in all(&target("siem")) {
            assert!(card.fields.iter().any(|field| field.value.contains(SECRET)), "{}", card.client);
        }
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let nasty = "o'brien\"; rm -rf \\ \n";
        let cards = all(&target(nasty));
        let text = |slug: &str| cards.iter().find(|card| card.slug == slug).unwrap().text.clone().unwrap();
        assert!(text("misp").contains(r"'o'\''brien"));
        assert!(text("fortigate").contains(r#""o'brien\"; rm -rf \\ "#));
        assert!(text("taxii2-client").contains(r#"user="o'brien\"; rm -rf \\ \n""#));
    }
}
