//! TLS with certificates of the real program: read anew, and shown by clients (T-177, T-184).

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType};
use reqwest::{Certificate, Client, ClientBuilder, Identity, RequestBuilder, Version, tls};
use tempfile::TempDir;

use crate::program::{ADMIN_PASSWORD, Server, finish, taxiway};

const TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// Writes a certificate of the server, whose key the returned client trusts, and nobody else's.
fn certify(folder: &Path) -> impl Fn() -> ClientBuilder + use<> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let certificate = Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    move || Client::builder().tls_certs_only([certificate.clone()])
}

/// An authority, and its certificate in PEM form.
fn authority() -> (Issuer<'static, KeyPair>, String) {
    let mut asked = CertificateParams::new(Vec::new()).unwrap();
    asked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = asked.self_signed(&key).unwrap().pem();
    (Issuer::new(asked, key), certificate)
}

/// A certificate of a client with its key.
fn identity(authority: &Issuer<'_, KeyPair>, common: &str, others: Vec<SanType>) -> Identity {
    let mut asked = CertificateParams::new(Vec::new()).unwrap();
    asked.distinguished_name = DistinguishedName::new();
    asked.distinguished_name.push(DnType::CommonName, common);
    asked.subject_alt_names = others;
    let key = KeyPair::generate().unwrap();
    let certificate = asked.signed_by(&key, authority).unwrap();
    Identity::from_pem((certificate.pem() + &key.serialize_pem()).as_bytes()).unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_new_certificate_is_taken_at_a_hangup_and_a_broken_one_is_not() {
    let folder = TempDir::new().unwrap();
    let trusting_old = certify(folder.path());
    let mut server = Server::start_with(folder.path(), &TLS, Some(ADMIN_PASSWORD));
    let url = format!("{}/taxii2/", server.url);
    // Connections go on with the certificate they were opened with.
    let lasting = trusting_old().build().unwrap();
    assert_eq!(status(lasting.get(&url)).await, 401);

    let trusting_new = certify(folder.path());
    server.hang_up();
    server.wait_for("the certificates were read anew");
    assert_eq!(status(trusting_new().build().unwrap().get(&url)).await, 401);
    assert!(trusting_old().build().unwrap().get(&url).send().await.is_err());
    assert_eq!(status(lasting.get(&url)).await, 401);

    // Neither half a file nor the key of another certificate is used, nor does either end the server.
    fs::write(folder.path().join("cert.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
    server.hang_up();
    server.wait_for("the certificates were not read anew");
    let _ = certify(folder.path());
    fs::write(folder.path().join("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    server.hang_up();
    server.wait_for("the certificates were not read anew");
    assert_eq!(status(trusting_new().build().unwrap().get(&url)).await, 401);
}

#[tokio::test]
async fn t184_a_certificate_of_a_client_is_as_good_as_a_password() {
    let folder = TempDir::new().unwrap();
    let trusting = certify(folder.path());
    let (ours, certificate) = authority();
    fs::write(folder.path().join("clients.pem"), certificate).unwrap();
    fs::write(folder.path().join("taxiway.toml"), "[tls]\nclient_ca = 'clients.pem'\ncert = 'cert.pem'\nkey = 'key.pem'\n").unwrap();
    for name in ["siem", "soc@example.org"] {
        let (code, _, told) = finish(taxiway(folder.path(), &["user", "add", name]).env("TAXIWAY_PASSWORD", ADMIN_PASSWORD));
        assert_eq!(code, 0, "{told}");
    }
    let server = Server::start_with(folder.path(), &[], Some(ADMIN_PASSWORD));
    let (discovery, users) = (format!("{}/taxii2/", server.url), format!("{}/admin/users/", server.url));
    let showing = |common: &str, others| trusting().identity(identity(&ours, common, others)).build().unwrap();
    let mail = |address: &str| vec![SanType::Rfc822Name(address.try_into().unwrap())];

    let without = trusting().build().unwrap();
    assert_eq!(status(without.get(&discovery)).await, 401);
    assert_eq!(status(without.get(&discovery).basic_auth("siem", Some(ADMIN_PASSWORD))).await, 200, "nobody has to show one");
    assert_eq!(status(showing("siem", Vec::new()).get(&discovery)).await, 200);
    assert_eq!(status(showing("siem", Vec::new()).get(&users)).await, 403, "it is this user");
    assert_eq!(status(showing("admin", Vec::new()).get(&users)).await, 200);
    assert_eq!(status(showing("SOC", mail("soc@example.org")).get(&discovery)).await, 200);
    for (common, others) in [("stranger", Vec::new()), ("", Vec::new()), ("Siem", Vec::new()), ("siem", mail("soc@example.org"))] {
        let refused = showing(common, others).get(&discovery).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), refused.headers().contains_key("www-authenticate")), (401, true), "{common}");
    }
    // What a request says goes before the certificate, right or wrong.
    let admin = showing("admin", Vec::new());
    assert_eq!(status(admin.get(&users).basic_auth("siem", Some(ADMIN_PASSWORD))).await, 403);
    assert_eq!(status(admin.get(&users).bearer_auth("txw_nonsense")).await, 401);
    assert_eq!(status(admin.get(&users).header("x-api-key", "txw_nonsense")).await, 401);

    let (theirs, _) = authority();
    let forged = trusting().identity(identity(&theirs, "admin", Vec::new())).build().unwrap();
    assert!(forged.get(&users).send().await.is_err(), "signed by somebody else");
}

#[tokio::test]
async fn t177_t184_a_certificate_of_a_client_counts_in_every_version_and_protocol() {
    let folder = TempDir::new().unwrap();
    let trusting = certify(folder.path());
    let (ours, certificate) = authority();
    fs::write(folder.path().join("clients.pem"), certificate).unwrap();
    fs::write(folder.path().join("taxiway.toml"), "tls.client_ca = 'clients.pem'\n").unwrap();
    let server = Server::start_with(folder.path(), &TLS, Some(ADMIN_PASSWORD));
    for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
        for protocol in [Version::HTTP_2, Version::HTTP_11] {
            let client = trusting().identity(identity(&ours, "admin", Vec::new())).tls_version_min(version).tls_version_max(version);
            let client = if protocol == Version::HTTP_11 { client.http1_only() } else { client };
            let answer = client.build().unwrap().get(format!("{}/admin/users/", server.url)).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, protocol), "{version:?}");
        }
    }
}
