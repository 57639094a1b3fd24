package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Info is what kubed says once it is up.
type Info struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	Edge       string `json:"edge"`
	Control    string `json:"control"`
	Logs       string `json:"logs"`
	Audit      string `json:"audit"`
	Millis     int64  `json:"millis"`
	Parts      []Part `json:"parts"`
}

// Part is one process of the control plane.
type Part struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	RSS   int64  `json:"rss"`
	Ended string `json:"ended"`
}

// Cluster is a control plane. Its methods may be called concurrently.
type Cluster struct {
	// Info is how the cluster was when it came up.
	Info Info
	// Client and Dynamic may do everything.
	Client  kubernetes.Interface
	Dynamic dynamic.Interface

	config *rest.Config
	cmd    *exec.Cmd
	stdin  io.Closer
	out    io.Closer
}

// Build compiles kubed from the folder of its module into a file. With an empty build cache that takes minutes.
// Where DAVIT_KUBED names a program, that is the one, and nothing is compiled.
func Build(ctx context.Context, source, file string) (string, error) {
	if named := os.Getenv("DAVIT_KUBED"); named != "" {
		return filepath.Abs(named)
	}
	return file, Compile(ctx, source, file)
}

// Compile builds the program in a folder, without what debuggers need.
func Compile(ctx context.Context, dir, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", file, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w: %s", cmd, dir, err, out)
	}
	return nil
}

// Start brings a cluster up with the program kubed. What that says about its way goes to log. Args are flags
// of `kubed up`.
func Start(kubed string, log io.Writer, args ...string) (_ *Cluster, err error) {
	c := &Cluster{cmd: exec.Command(kubed, append([]string{"up"}, args...)...)}
	// Whatever ends this process ends kubed, because its standard input is closed then.
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// Not StdoutPipe, which Wait would close before all is read.
	out, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.stdin, c.out, c.cmd.Stdout, c.cmd.Stderr = stdin, out, tell, log
	err = c.cmd.Start()
	if err = errors.Join(err, tell.Close()); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("kubed did not come up: %w", err)
	}
	if err := json.Unmarshal(line, &c.Info); err != nil {
		return nil, fmt.Errorf("kubed said %q: %w", line, err)
	}
	if c.config, err = clientcmd.BuildConfigFromFlags("", c.Info.Kubeconfig); err != nil {
		return nil, err
	}
	c.config.QPS = -1 // the server's own fairness is enough
	if c.Client, err = kubernetes.NewForConfig(c.config); err != nil {
		return nil, err
	}
	c.Dynamic, err = dynamic.NewForConfig(c.config)
	return c, err
}

// Close takes the cluster down, and waits for it.
func (c *Cluster) Close() error {
	err := c.stdin.Close()
	timer := time.AfterFunc(time.Minute, func() { _ = c.cmd.Process.Signal(syscall.SIGKILL) })
	defer timer.Stop()
	return errors.Join(err, c.cmd.Wait(), c.out.Close())
}

// PID is the process that holds all others.
func (c *Cluster) PID() int { return c.cmd.Process.Pid }

// Config is how to reach the API as somebody who may do everything. It is the caller's to change.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Account is how to reach the API as a ServiceAccount that exists.
func (c *Cluster) Account(ctx context.Context, namespace, name string) (*rest.Config, error) {
	var hour int64 = 3600
	token, err := c.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &hour}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken = token.Status.Token
	return config, nil
}

// Part does something to a part of the control plane, and waits until it is done: stop, kill, start or restart.
// A part that is started is ready then.
func (c *Cluster) Part(ctx context.Context, part, deed string) error {
	_, err := c.ask(ctx, http.MethodPost, "/parts/"+part+"/"+deed)
	return err
}

// Said is what a part has written to its log.
func (c *Cluster) Said(ctx context.Context, part string) (string, error) {
	text, err := c.ask(ctx, http.MethodGet, "/parts/"+part+"/log")
	return string(text), err
}

// Now tells how the cluster is now.
func (c *Cluster) Now(ctx context.Context) (Info, error) {
	text, err := c.ask(ctx, http.MethodGet, "/")
	if err != nil {
		return Info{}, err
	}
	var now Info
	return now, json.Unmarshal(text, &now)
}

func (c *Cluster) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.Info.Control+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(text)))
	}
	return text, err
}

// Direct is where this machine reaches a pod that shows an address: past the edge, and past readiness.
func Direct(podIP string) (string, error) {
	shown, err := netip.ParseAddr(podIP)
	if err != nil || !shown.Is4() {
		return "", fmt.Errorf("%q is no address of a pod", podIP)
	}
	a := shown.As4()
	a[0] = 127
	return netip.AddrFrom4(a).String(), nil
}
