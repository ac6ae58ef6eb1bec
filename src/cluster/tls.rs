//! The certificates of a lab with TLS: an authority of its own, and a server certificate for each node.
//!
//! Owns the only file that names the certificate crate. The authority's key lives as long as `lab up`, a node's key
//! goes to that node alone.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::name::{LabName, NodeName};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("making a certificate for `{subject}`")]
pub struct TlsError {
    subject: String,
    source: rcgen::Error,
}

/// Who signs the certificates of a lab's nodes.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a node proves itself with, and knows the others by. In PEM.
pub struct Identity {
    /// The authority's certificate.
    pub(super) root: String,
    /// The node's certificate.
    pub(super) certificate: String,
    /// Its private key.
    pub(super) key: String,
}

impl Authority {
    /// An authority with a new key.
    pub(super) fn new(lab: &LabName) -> Result<Self, TlsError> {
        let name = format!("lab {lab}");
        let failed = |source| TlsError {
            subject: name.clone(),
            source,
        };
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, &name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(failed)?;
        CertifiedIssuer::self_signed(params, key)
            .map(Self)
            .map_err(failed)
    }

    /// A certificate for the name that others call the node by.
    pub(super) fn identity(&self, node: &NodeName) -> Result<Identity, TlsError> {
        let failed = |source| TlsError {
            subject: node.to_string(),
            source,
        };
        let mut params = CertificateParams::new([node.to_string()]).map_err(failed)?;
        let name = node.as_str();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.0).map_err(failed)?;
        Ok(Identity {
            root: self.0.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_a_key_of_its_own_and_the_same_root() {
        let authority = Authority::new(&LabName::new("tls").expect("a name")).expect("made");
        let [one, other] = ["primary", "replica_1"].map(|name| {
            let node = NodeName::new(name).expect("a name");
            authority.identity(&node).expect("made")
        });
        assert_eq!(one.root, other.root);
        assert_ne!(one.certificate, other.certificate);
        assert_ne!(one.key, other.key);
        assert!(one.key.starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}
