package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// authority is the authority of all certificates. One signs for every trust domain, since Envoy is to judge names.
type authority struct {
	certificateOfRoot *x509.Certificate
	signer            *ecdsa.PrivateKey
	// root is its certificate as PEM.
	root   []byte
	serial int64
	// known are the certificates of workloads and clients, by SPIFFE ID and DNS name.
	known map[[2]string]*tls.Certificate
}

func newAuthority() (*authority, error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{signer: signer, known: map[[2]string]*tls.Certificate{}}
	template := a.template()
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, err
	}
	if a.certificateOfRoot, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a, nil
}

func (a *authority) template() *x509.Certificate {
	a.serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial),
		Subject:      pkix.Name{Organization: []string{"witness"}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(30 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// certificate returns the certificate of a workload or client with a SPIFFE ID, a DNS name, or neither.
func (a *authority) certificate(spiffe, dns string) (*tls.Certificate, error) {
	name := [2]string{spiffe, dns}
	if known := a.known[name]; known != nil {
		return known, nil
	}
	template := a.template()
	if spiffe != "" {
		id, err := url.Parse(spiffe)
		if err != nil {
			return nil, unknown("a certificate with the name %q", spiffe)
		}
		template.URIs = []*url.URL{id}
	}
	if dns != "" {
		template.DNSNames = []string{dns}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificateOfRoot, private.Public(), a.signer)
	if err != nil {
		return nil, err
	}
	a.known[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return a.known[name], nil
}

// files returns a certificate as Envoy reads it.
func files(certificate *tls.Certificate) (*tlsv3.TlsCertificate, error) {
	private, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return nil, err
	}
	inline := func(kind string, der []byte) *core.DataSource {
		return &core.DataSource{Specifier: &core.DataSource_InlineBytes{
			InlineBytes: pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}),
		}}
	}
	return &tlsv3.TlsCertificate{
		CertificateChain: inline("CERTIFICATE", certificate.Certificate[0]),
		PrivateKey:       inline("PRIVATE KEY", private),
	}, nil
}

// spiffe returns the name of a service account.
func spiffe(trustDomain, namespace, account string) string {
	return fmt.Sprintf("spiffe://%s/ns/%s/sa/%s", trustDomain, namespace, account)
}
