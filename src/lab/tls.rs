//! The certificates of a lab with TLS: an authority of its own, and two for each node. As a server a node proves that it
//! is that node, as a client that it may be the replication user.
//!
//! Owns the only file that names the certificate crate. The authority's key lives as long as `lab up`, a node's keys
//! go to that node alone.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::name::{LabName, NodeName, UserName};

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("making a certificate for `{subject}`")]
pub struct TlsError {
    subject: String,
    source: rcgen::Error,
}

/// The authority that signs the certificates of a lab's nodes.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The certificates of a node, in PEM.
pub struct Identity {
    /// The authority's certificate.
    pub(super) root: String,
    /// The node as a server.
    pub(super) server: Pair,
    /// The node as a client.
    pub(super) client: Pair,
}

/// A certificate and its private key.
pub(super) struct Pair {
    pub(super) certificate: String,
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

    /// Certificates for the node's host name, and for the role that it connects to others as.
    pub(super) fn identity(&self, node: &NodeName, user: &UserName) -> Result<Identity, TlsError> {
        // Each certificate has one purpose. Otherwise a node named like a role could connect as that role.
        let (server, client) = (
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        );
        Ok(Identity {
            root: self.0.pem(),
            server: self.pair(node.as_str(), &[node.as_str()], server)?,
            // PostgreSQL compares the common name with the role (manual: "Certificate Authentication").
            client: self.pair(user.as_str(), &[], client)?,
        })
    }

    fn pair(
        &self,
        name: &str,
        hosts: &[&str],
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Pair, TlsError> {
        let failed = |source| TlsError {
            subject: name.to_owned(),
            source,
        };
        let hosts: Vec<String> = hosts.iter().copied().map(str::to_owned).collect();
        let mut params = CertificateParams::new(hosts).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.0).map_err(failed)?;
        Ok(Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_keys_of_its_own_and_the_same_root() {
        let authority = Authority::new(&LabName::new("tls").expect("a name")).expect("made");
        let user = UserName::new("replication_user").expect("a name");
        let [one, other] = ["primary", "replica_1"].map(|name| {
            let node = NodeName::new(name).expect("a name");
            authority.identity(&node, &user).expect("made")
        });
        assert_eq!(one.root, other.root);
        let pairs = [&one.server, &one.client, &other.server, &other.client];
        for (index, pair) in pairs.iter().enumerate() {
            assert!(pair.key.starts_with("-----BEGIN PRIVATE KEY-----"));
            for later in &pairs[index + 1..] {
                assert_ne!(pair.certificate, later.certificate);
                assert_ne!(pair.key, later.key);
            }
        }
    }
}
