package plane

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// audited is what the API server writes down: who asks for what as a ServiceAccount. The parts of the plane
// ask as an administrator.
const audited = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, userGroups: ["system:serviceaccounts"]}
- {level: None}
`

// folder is where a plane keeps its files.
type folder string

func (f folder) file(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

// makeFolder makes the folder of a plane: the one that is named, which must be empty or not there, or a
// temporary one, which remove takes away.
func makeFolder(named string) (_ folder, remove func() error, err error) {
	if named == "" {
		named, err = os.MkdirTemp("", "kubed-")
		return folder(named), func() error { return os.RemoveAll(named) }, err
	}
	if named, err = filepath.Abs(named); err != nil {
		return "", nil, err
	}
	if entries, err := os.ReadDir(named); len(entries) > 0 {
		return "", nil, fmt.Errorf("-dir: %s is not empty", named)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, err
	}
	return folder(named), func() error { return nil }, os.MkdirAll(named, 0o700)
}

// fill writes what the parts are to read: the keys of ServiceAccounts' tokens, the administrator's token, and
// what is audited.
func (f folder) fill(token string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	var errs []error
	for name, text := range map[string][]byte{
		"accounts.key": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"accounts.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"tokens.csv":   []byte(token + `,admin,admin,"system:masters"` + "\n"),
		"audit.yaml":   []byte(audited),
	} {
		errs = append(errs, os.WriteFile(f.file(name), text, 0o600))
	}
	return errors.Join(append(errs, os.MkdirAll(f.file("pods"), 0o700))...)
}

// kubeconfig is for users, patient for the parts.
func (f folder) kubeconfig() string { return f.file("kubeconfig") }
func (f folder) patient() string    { return f.file("patient") }

// certificate is the API server's own, which it makes when it is started first.
func (f folder) certificate() string { return f.file("certs", "apiserver.crt") }

// config is how to reach the API as an administrator, once the server has made its certificate.
func (f folder) config(server, token string) (*rest.Config, error) {
	pem, err := os.ReadFile(f.certificate())
	if err != nil {
		return nil, err
	}
	return &rest.Config{Host: server, BearerToken: token, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: pem}}, nil
}

// writeKubeconfig writes a kubeconfig that needs no other file.
func writeKubeconfig(file string, c *rest.Config) error {
	all := api.NewConfig()
	all.Clusters["kubed"] = &api.Cluster{Server: c.Host, CertificateAuthorityData: c.CAData}
	all.AuthInfos["admin"] = &api.AuthInfo{Token: c.BearerToken}
	all.Contexts["kubed"] = &api.Context{Cluster: "kubed", AuthInfo: "admin"}
	all.CurrentContext = "kubed"
	return clientcmd.WriteToFile(*all, file)
}
