package prometheus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests.
const patience = 3 * time.Minute

// server is a real Prometheus with a folder of its own.
type server struct {
	t    *testing.T
	dir  string
	addr string
	url  string
	args []string
	cmd  *exec.Cmd
	said *output
	// ask is how its health is asked for. Nil: http.DefaultClient without a password.
	ask func(path string) (*http.Response, error)
}

// output is what a process says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// program is a program of Debian's package.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require.NoError(t, err, "install Debian's package prometheus")
	return path
}

// freeAddr is an address on which nobody listens just now.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// folder is a temporary folder that is there before anything is stopped that uses it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "davit-prometheus")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// newServer is a Prometheus with a configuration in a folder, where there may be data already. It is not up yet.
func newServer(t *testing.T, dir, config string, args ...string) *server {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600))
	s := &server{t: t, dir: dir, addr: freeAddr(t), said: &output{}, args: args}
	s.url = "http://" + s.addr
	s.ask = func(path string) (*http.Response, error) { return http.Get(s.url + path) }
	t.Cleanup(func() {
		s.down()
		if t.Failed() {
			said := s.said.String()
			t.Log("Prometheus said:\n", said[max(0, len(said)-4000):])
		}
	})
	return s
}

// up starts it, and waits until it answers.
func (s *server) up() {
	s.t.Helper()
	s.cmd = exec.Command(program(s.t, "prometheus"), append([]string{
		"--config.file=" + filepath.Join(s.dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(s.dir, "data"),
		"--storage.tsdb.retention.time=10d", "--web.listen-address=" + s.addr, "--log.level=warn",
	}, s.args...)...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.said, s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(s.t, s.cmd.Start())
	await(s.t, "Prometheus is ready", func() error {
		res, err := s.ask("/-/ready")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
}

// down stops it, and waits until it is gone.
func (s *server) down() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	force := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer force.Stop()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// await waits until there is no error any more.
func await(t testing.TB, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// value is what an expression gives now, as its API says it.
func (s *server) value(expression string) (map[string]string, error) {
	res, err := s.ask("/api/v1/query?query=" + strings.NewReplacer("+", "%2B", " ", "%20", `"`, "%22", "{", "%7B", "}", "%7D", "=", "%3D", "~", "%7E").Replace(expression))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
		Error string
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Error != "" {
		return nil, fmt.Errorf("%s %w", answer.Error, err)
	}
	all := map[string]string{}
	for _, r := range answer.Data.Result {
		delete(r.Metric, "__name__")
		key, _ := json.Marshal(r.Metric)
		all[string(key)] = fmt.Sprint(r.Value[1])
	}
	return all, nil
}

// backfill writes a history in the format of OpenMetrics, before the server is up.
func backfill(t *testing.T, dir, text string) {
	t.Helper()
	file := filepath.Join(dir, "history.om")
	require.NoError(t, os.WriteFile(file, []byte(text+"# EOF\n"), 0o600))
	out, err := exec.Command(program(t, "promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, filepath.Join(dir, "data")).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
