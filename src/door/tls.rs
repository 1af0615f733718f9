//! TLS 1.2 and 1.3: a certificate that is read anew while the server runs, and the certificates of clients.
//!
//! Cipher suites are those of rustls with ring, all of which have forward secrecy and AEAD (T-179). There is no 0-RTT (T-178), because
//! nothing here allows early data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::Extensions;
use axum_server::tls::TlsInfo;
use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

/// What is spoken over TLS, in the order of our preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where the certificates are, in PEM form.
#[derive(Debug, Clone)]
pub struct Files {
    /// The server's certificate with its chain.
    pub cert: PathBuf,
    /// The private key of that.
    pub key: PathBuf,
    /// Who signs the certificates of clients; `None`: clients are not asked for one.
    pub client_ca: Option<PathBuf>,
}

/// A certificate in use, and where another one may lie by now.
#[derive(Clone)]
pub struct Tls {
    files: Files,
    config: RustlsConfig,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there or not ours to read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{files}: {why}")]
    Unfit {
        /// Which file or files.
        files: String,
        /// What is wrong.
        why: String,
    },
}

impl Tls {
    /// Reads the files.
    pub fn open(files: Files) -> Result<Self, TlsError> {
        let config = RustlsConfig::from_config(read(&files)?);
        Ok(Self { files, config })
    }

    /// Reads the files anew, for connections from now on. What cannot be used changes nothing.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.config.reload_from_config(read(&self.files)?);
        Ok(())
    }

    /// What the socket is served with; follows [`reload`](Self::reload).
    pub fn config(&self) -> RustlsConfig {
        self.config.clone()
    }
}

/// The certificate that the client of a connection has shown, which then was verified.
pub fn client_certificate(extensions: &Extensions) -> Option<&[u8]> {
    extensions.get::<Arc<TlsInfo>>()?.peer_certificates.first().map(Vec::as_slice)
}

fn read(files: &Files) -> Result<Arc<ServerConfig>, TlsError> {
    let Files { cert, key, client_ca } = files;
    let both = |why: &dyn ToString| TlsError::Unfit { files: format!("{} and {}", cert.display(), key.display()), why: why.to_string() };
    let (certificate_text, key_text) = (contents(cert)?, contents(key)?);
    let chain = certificates(&certificate_text).map_err(|error| both(&error))?;
    let key = PrivateKeyDer::from_pem_slice(&key_text).map_err(|error| both(&error))?;
    let builder = match client_ca {
        Some(file) => ServerConfig::builder().with_client_cert_verifier(verifier(file)?),
        None => ServerConfig::builder().with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| both(&error))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}

/// Verifies certificates that clients show, and lets those in that show none: they may have other credentials.
fn verifier(file: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let unfit = |why: &dyn ToString| TlsError::Unfit { files: file.display().to_string(), why: why.to_string() };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&contents(file)?).map_err(|error| unfit(&error))? {
        roots.add(certificate).map_err(|error| unfit(&error))?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated().build();
    verifier.map_err(|error| unfit(&error))
}

fn contents(file: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(file).map_err(|error| TlsError::Unreadable { file: file.into(), error })
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    CertificateDer::pem_slice_iter(text).collect()
}

#[cfg(test)]
mod tests {
    use rustls::CipherSuite;
    use rustls::version::{TLS12, TLS13};
    use tempfile::TempDir;

    use super::*;

    fn files(folder: &TempDir) -> Files {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Files { cert: path("cert.pem"), key: path("key.pem"), client_ca: None }
    }

    #[test]
    fn t177_t178_t179_both_versions_no_early_data_and_no_weak_suites() {
        let folder = TempDir::new().unwrap();
        let config = read(&files(&folder)).unwrap();
        assert_eq!(config.max_early_data_size, 0);
        let suites: Vec<_> = config.crypto_provider().cipher_suites.iter().map(|suite| (suite.suite(), suite.version())).collect();
        for version in [&TLS12, &TLS13] {
            assert!(suites.iter().any(|(_, its)| *its == version), "{version:?}");
        }
        // RFC 7540 appendix A leaves these of TLS 1.2, and more that nobody has.
        let strong = |suite: &CipherSuite| {
            let name = format!("{suite:?}");
            name.starts_with("TLS_ECDHE_") && (name.contains("_GCM_") || name.contains("_CHACHA20_POLY1305_"))
        };
        assert!(suites.iter().filter(|(_, version)| *version == &TLS12).all(|(suite, _)| strong(suite)), "{suites:?}");
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_file() {
        let folder = TempDir::new().unwrap();
        let good = files(&folder);
        let told = |files: Files| read(&files).unwrap_err().to_string();
        let missing = folder.path().join("none.pem");
        assert!(told(Files { cert: missing.clone(), ..good.clone() }).starts_with("cannot read "));
        assert!(told(Files { client_ca: Some(missing), ..good.clone() }).contains("none.pem: "));
        assert!(told(Files { key: good.cert.clone(), ..good.clone() }).contains("cert.pem and "));
        // A key is no certificate of an authority.
        assert!(told(Files { client_ca: Some(good.key.clone()), ..good.clone() }).contains("key.pem: "));
        let other = TempDir::new().unwrap();
        assert!(told(Files { key: files(&other).key, ..good }).contains("key.pem: "), "the key of another certificate");
    }
}
