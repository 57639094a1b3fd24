package kubernetes_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/cluster"
	"github.com/davit-sdk/davit/strategy/kubernetes"
)

// example is the program of examples/kubernetes, as a team runs it: with a kubeconfig and a manifest.
type example struct {
	*service
	program, dir string
}

// newExample compiles it, and lets it be whom its own -rbac makes.
func newExample(t *testing.T, traffic kubernetes.Traffic) example {
	t.Helper()
	dir := t.TempDir()
	e := example{service: &service{space: newSpace(t), traffic: traffic}, program: filepath.Join(dir, "example"), dir: dir}
	require.NoError(t, cluster.Compile(e.ctx, "../../../examples/kubernetes", e.program))
	e.prepare(traffic)
	d := workload{name: "web", preStop: 2}.deployment()
	d.APIVersion, d.Kind = "apps/v1", "Deployment"
	text, err := yaml.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "deployment.yaml"), text, 0o600))
	e.configure(e.Config())
	rights, err := e.says("-rbac")
	require.NoError(t, err)
	e.options = options(e.name, workload{}, traffic)
	e.as = e.employBy([]byte(rights), e.options)
	e.configure(e.as)
	e.target = e.open(e.options, e.as)
	return e
}

// configure writes the kubeconfig.
func (e example) configure(as *rest.Config) {
	e.Helper()
	all := api.NewConfig()
	all.Clusters["test"] = &api.Cluster{Server: as.Host, CertificateAuthorityData: as.CAData}
	all.AuthInfos["davit"] = &api.AuthInfo{Token: as.BearerToken}
	all.Contexts["test"] = &api.Context{Cluster: "test", AuthInfo: "davit", Namespace: e.name}
	all.CurrentContext = "test"
	require.NoError(e, clientcmd.WriteToFile(*all, filepath.Join(e.dir, "kubeconfig")))
}

func (e example) command(args ...string) *exec.Cmd {
	args = append([]string{"-namespace", e.name, "-name", "web", "-manifest", filepath.Join(e.dir, "deployment.yaml"), "-bake", "500ms"}, args...)
	cmd := exec.CommandContext(e.ctx, e.program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(e.dir, "kubeconfig"))
	return cmd
}

// says runs it to its end, and tells what it said.
func (e example) says(args ...string) (string, error) {
	out, err := e.command(args...).CombinedOutput()
	return string(out), err
}

// It shows a plan and moves nothing; it releases, and loses nothing; it takes back what cannot start, and what somebody
// interrupts; and it does all that with the rights that it prints.
func TestTheExampleReleases(t *testing.T) {
	t.Parallel()
	e := newExample(t, kubernetes.Gateway{})
	said, err := e.says("-image", image(version("1")))
	require.NoError(t, err, said)
	assert.Contains(t, said, "context test, cluster test at "+e.Info.Server+", namespace "+e.name)
	assert.Contains(t, said, "nothing was moved: give -go to walk it")
	all, err := e.Client.AppsV1().Deployments(e.name).List(e.ctx, metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, all.Items)

	e.releases("1")
	l := e.load("web")
	e.releases("2")
	said, err = e.says("-image", image(version("2")), "-version", "2", "-go")
	require.NoError(t, err, said)
	assert.Contains(t, said, "runs already")

	said, err = e.says("-image", repository+"@sha256:"+strings.Repeat("0", 64), "-version", "missing", "-go")
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended, said)
	assert.Equal(t, 1, ended.ExitCode())
	assert.Contains(t, said, "ImagePull")
	e.runs(version("2"), 2)

	said = e.interrupted("-image", image(version("3")), "-version", "3", "-bake", "1h", "-go")
	assert.Contains(t, said, "an interrupt")
	e.runs(version("2"), 2)
	e.none(l)
}

// releases runs a release, which must be promoted.
func (e example) releases(v string) {
	e.Helper()
	said, err := e.says("-image", image(version(v)), "-version", v, "-go")
	require.NoError(e, err, said)
	assert.Contains(e, said, "promoted")
	e.runs(version(v), 2)
}

// interrupted interrupts it once it has reached a step, and tells what it said until it ended.
func (e example) interrupted(args ...string) string {
	e.Helper()
	cmd, out := e.command(args...), &heard{word: "step reached", found: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(e, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-out.found:
		require.NoError(e, cmd.Process.Signal(syscall.SIGINT))
	case <-ended:
		e.Fatalf("it ended before it reached a step: %s", out)
	}
	require.Error(e, <-ended)
	return out.String()
}

// heard keeps what is written, and tells when a word has come.
type heard struct {
	word  string
	found chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := bytes.Contains(h.text.Bytes(), []byte(h.word))
	n, err := h.text.Write(p)
	if !before && bytes.Contains(h.text.Bytes(), []byte(h.word)) {
		close(h.found)
	}
	return n, err
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}
