package plane

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
)

// options are the flags of `kubed up`.
type options struct {
	dir, missing string
	stay         bool
	nodes        int
	backoff      time.Duration
}

// plane is all parts of a control plane, and what they share.
type plane struct {
	o       options
	dir     folder
	block   loopback.Block
	info    Info
	parts   []*part // in the order in which they are started
	out     io.Writer
	token   string
	closers []func() error
	began   time.Time
}

// raise brings a plane up. It is to be closed also when that failed.
func raise(ctx context.Context, o options, out io.Writer) (p *plane, err error) {
	p = &plane{o: o, out: out, began: time.Now(), token: rand.Text()}
	dir, remove, err := makeFolder(o.dir)
	if err != nil {
		return p, err
	}
	p.dir = dir
	p.closers = append(p.closers, remove)
	block, held, err := loopback.Take()
	if err != nil {
		return p, err
	}
	p.block = block
	p.closers = append(p.closers, held.Close)
	if err := p.dir.fill(p.token); err != nil {
		return p, err
	}
	if err := p.plan(); err != nil {
		return p, err
	}
	if err := p.control(); err != nil {
		return p, err
	}
	if err := p.begin(ctx); err != nil {
		return p, err
	}
	p.info.Millis = time.Since(p.began).Milliseconds()
	return p, nil
}

// say tells a person how far the plane is.
func (p *plane) say(what string) {
	fmt.Fprintf(p.out, "kubed: %6d ms  %s\n", time.Since(p.began).Milliseconds(), what)
}

// begin starts all parts, each as soon as what it needs is there.
func (p *plane) begin(ctx context.Context) error {
	servers, sctx := errgroup.WithContext(ctx)
	for _, name := range []string{Etcd, APIServer} { // the API server waits for etcd by itself
		servers.Go(func() error { return p.part(name).start(sctx) })
	}
	if err := servers.Wait(); err != nil {
		return err
	}
	p.say("the API server is ready")
	config, err := p.dir.config(p.info.Server, p.token)
	if err != nil {
		return err
	}
	if err := writeKubeconfig(p.dir.kubeconfig(), config); err != nil {
		return err
	}
	patient := rest.CopyConfig(config)
	if patient.Host, err = p.serveRelay(config); err != nil {
		return err
	}
	if err := writeKubeconfig(p.dir.patient(), patient); err != nil {
		return err
	}
	clients, cctx := errgroup.WithContext(ctx)
	for _, name := range []string{Controllers, Scheduler, Agent} {
		clients.Go(func() error { return p.part(name).start(cctx) })
	}
	clients.Go(func() error {
		if err := installRoutes(cctx, config); err != nil {
			return fmt.Errorf("the types of the Gateway API: %w", err)
		}
		p.say("the Gateway API is installed")
		return p.part(Edge).start(cctx)
	})
	clients.Go(func() error { return settled(cctx, config) })
	if err := clients.Wait(); err != nil {
		return err
	}
	p.say("everything is ready")
	return nil
}

func (p *plane) part(name string) *part {
	for _, part := range p.parts {
		if part.name == name {
			return part
		}
	}
	return nil
}

// plan says how each part is to be started.
func (p *plane) plan() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	ports := map[string]int{}
	for _, name := range []string{Etcd, APIServer, Controllers, Scheduler, Edge} {
		if ports[name], err = loopback.Port(); err != nil {
			return err
		}
	}
	addr := func(name string) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[name])) }
	p.info.Kubeconfig, p.info.Logs, p.info.Audit = p.dir.kubeconfig(), string(p.dir), p.dir.file("audit.log")
	p.info.Server, p.info.Edge = "https://"+addr(APIServer), "http://"+addr(Edge)
	add := func(name string, ready func(context.Context) error, args ...string) {
		p.parts = append(p.parts, &part{name: name, exe: exe, dir: string(p.dir), args: args, ready: ready, fallen: p.say})
	}
	file := p.dir.file
	add(Etcd, reachable(addr(Etcd)), "-dir", file("etcd"), "-addr", addr(Etcd))
	add(APIServer, p.apiReady,
		"--etcd-servers", "http://"+addr(Etcd), "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(ports[APIServer]),
		// The server refuses to tell others a loopback address, and nobody needs its endpoints.
		"--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none",
		"--cert-dir", file("certs"), "--token-auth-file", file("tokens.csv"), "--authorization-mode", "RBAC",
		"--service-account-key-file", file("accounts.pub"), "--service-account-signing-key-file", file("accounts.key"),
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.96.0.0/16",
		"--shutdown-send-retry-after", // without it a watch holds up its end for a minute
		"--request-timeout", requestTimeout.String(),
		"--audit-policy-file", file("audit.yaml"), "--audit-log-path", p.info.Audit)
	add(Controllers, healthy(addr(Controllers)),
		"--kubeconfig", p.dir.patient(), "--leader-elect=false", "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(ports[Controllers]),
		"--service-account-private-key-file", file("accounts.key"), "--root-ca-file", p.dir.certificate(),
		"--node-monitor-grace-period", "10h", // nodes send no heartbeat
		"--horizontal-pod-autoscaler-sync-period", "1s",
		"--kube-api-qps", "300", "--kube-api-burst", "600") // many tests at once
	add(Scheduler, healthy(addr(Scheduler)),
		"--kubeconfig", p.dir.patient(), "--leader-elect=false", "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(ports[Scheduler]))
	add(Agent, nil, "-kubeconfig", p.dir.patient(), "-logs", file("pods"), "-block", strconv.Itoa(int(p.block)),
		"-nodes", strconv.Itoa(p.o.nodes), "-backoff", p.o.backoff.String(), "-missing", p.o.missing)
	add(Edge, nil, "-kubeconfig", p.dir.patient(), "-addr", addr(Edge))
	return nil
}

// now is the Info with what the parts are doing now.
func (p *plane) now() Info {
	i := p.info
	i.Parts = nil
	for _, part := range p.parts {
		i.Parts = append(i.Parts, part.info())
	}
	return i
}

// close takes everything down. Only the agent is asked politely, so that no process of a pod is left.
func (p *plane) close() error {
	var g sync.WaitGroup
	if agent := p.part(Agent); agent != nil {
		if err := agent.stop(syscall.SIGTERM); err != nil {
			p.say(err.Error())
		}
	}
	for _, part := range p.parts {
		g.Go(func() {
			if err := part.stop(syscall.SIGKILL); err != nil {
				p.say(err.Error())
			}
		})
	}
	g.Wait()
	var said []string
	for i := len(p.closers) - 1; i >= 0; i-- {
		if err := p.closers[i](); err != nil {
			said = append(said, err.Error())
		}
	}
	if len(said) > 0 {
		return fmt.Errorf("close: %s", strings.Join(said, "; "))
	}
	return nil
}

// apiReady asks the API server whether it is ready.
func (p *plane) apiReady(ctx context.Context) error {
	config, err := p.dir.config(p.info.Server, p.token)
	if err != nil {
		return err
	}
	config.Timeout = 2 * time.Second
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return asked(ctx, client, config.Host+"/readyz")
}

// asked reports whether a URL answers 200.
func asked(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return nil
}
