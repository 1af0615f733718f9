//! Lookups of threat intelligence for Splunk Enterprise Security.

use super::csv::{guarded, record};
use super::{About, Carried, File, Format, Item, LeftOut, one_line, sound, weight};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Splunk;

/// The type of all its files.
const CSV: &str = "text/csv; charset=utf-8";

/// Its files.
const FILES: &[File] = &[
    File {
        name: "splunk-ip.csv",
        about: "addresses and networks: local_ip_intel of Splunk ES",
        kinds: &[Kind::Ipv4, Kind::Ipv6, Kind::Network],
        media_type: CSV,
    },
    File { name: "splunk-domain.csv", about: "domain names: local_domain_intel of Splunk ES", kinds: &[Kind::Domain], media_type: CSV },
    File {
        name: "splunk-file.csv",
        about: "hashes and names of files: local_file_intel of Splunk ES",
        kinds: &[Kind::Md5, Kind::Sha1, Kind::Sha256, Kind::Sha512, Kind::FileName],
        media_type: CSV,
    },
    File {
        name: "splunk-http.csv",
        about: "URLs and user agents: local_http_intel of Splunk ES",
        kinds: &[Kind::Url, Kind::UserAgent],
        media_type: CSV,
    },
    File { name: "splunk-email.csv", about: "e-mail addresses of senders: local_email_intel of Splunk ES", kinds: &[Kind::Email], media_type: CSV },
];

/// The columns of a file, named as Splunk wants them: no blanks behind commas.
fn header(name: &str) -> &'static str {
    match name {
        "splunk-ip.csv" => "description,ip,weight\n",
        "splunk-domain.csv" => "description,domain,weight\n",
        "splunk-file.csv" => "description,file_hash,file_name,weight\n",
        "splunk-http.csv" => "description,http_referrer,http_user_agent,url,weight\n",
        _ => "description,src_user,subject,weight\n",
    }
}

impl Format for Splunk {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        out.push_str(header(about.file.name));
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        // Splunk compares the value as it stands, so only what people read is guarded against being taken for a formula.
        if value.chars().any(char::is_control) {
            return Err(LeftOut);
        }
        let (about, weight) = (guarded(&one_line(item.name)), weight(item).to_string());
        match item.kind {
            Kind::Ipv4 | Kind::Ipv6 | Kind::Network | Kind::Domain => record(&[&about, value, &weight], out),
            Kind::Md5 | Kind::Sha1 | Kind::Sha256 | Kind::Sha512 | Kind::Email => record(&[&about, value, "", &weight], out),
            Kind::FileName => record(&[&about, "", value, &weight], out),
            Kind::Url => record(&[&about, "", "", value, &weight], out),
            Kind::UserAgent => record(&[&about, "", value, "", &weight], out),
            _ => Err(LeftOut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    #[test]
    fn each_kind_stands_in_its_column() {
        for (name, kind, value, expected) in [
            ("splunk-ip.csv", Kind::Network, "198.51.100.0/24", "description,ip,weight\nA name,198.51.100.0/24,80\n"),
            ("splunk-domain.csv", Kind::Domain, "evil.example", "description,domain,weight\nA name,evil.example,80\n"),
            ("splunk-file.csv", Kind::Md5, "ab", "description,file_hash,file_name,weight\nA name,ab,,80\n"),
            ("splunk-file.csv", Kind::FileName, "a.exe", "description,file_hash,file_name,weight\nA name,,a.exe,80\n"),
            ("splunk-http.csv", Kind::Url, "http://a/,b", "description,http_referrer,http_user_agent,url,weight\nA name,,,\"http://a/,b\",80\n"),
            ("splunk-http.csv", Kind::UserAgent, "x/1", "description,http_referrer,http_user_agent,url,weight\nA name,,x/1,,80\n"),
            ("splunk-email.csv", Kind::Email, "a@evil.example", "description,src_user,subject,weight\nA name,a@evil.example,,80\n"),
        ] {
            assert_eq!(list(&Splunk, name, &[item(kind, value)]), expected);
        }
    }

    #[test]
    fn a_weight_is_1_to_100_and_60_if_nothing_is_said() {
        for (confidence, expected) in [(None, "60"), (Some(0), "1"), (Some(100), "100"), (Some(255), "100")] {
            let written = list(&Splunk, "splunk-domain.csv", &[Item { confidence, ..item(Kind::Domain, "evil.example") }]);
            assert!(written.ends_with(&format!(",{expected}\n")), "{written}");
        }
    }

    #[test]
    fn hostile_names_stay_in_their_cell_and_hostile_values_out() {
        let items = [
            Item { sound: false, ..item(Kind::Domain, HOSTILE) },
            Item { name: HOSTILE, ..item(Kind::Domain, "evil.example") },
            item(Kind::Domain, "b.example"),
        ];
        let (written, sum) = list_of(&Splunk, "splunk-domain.csv", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out, written.lines().count()), (2, 1, 3));
        assert!(written.contains("\n\"'=a\"\"b'c"), "{written}");
    }
}
