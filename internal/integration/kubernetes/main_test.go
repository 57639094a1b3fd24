package kubernetes_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/davit-sdk/davit/internal/integration/kubernetes/cluster"
)

// patience is how long a test waits for what must come; no test rests on how soon it does.
const patience = 2 * time.Minute

var (
	// kubed and web are the programs of the control plane and of the pods.
	kubed, web string
	// shared is the cluster that all tests use which do not end it.
	shared *cluster.Cluster
)

// chatty makes targets tell each of their writes.
var chatty = flag.Bool("chatty", false, "log what the targets write")

func TestMain(m *testing.M) {
	if playHost() {
		return // this is a process that a test has started
	}
	flag.Parse()
	// The tests wait most of their time, for processes that start and end.
	_ = flag.Set("test.parallel", "8")
	code, err := withCluster(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withCluster(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "davit-kubernetes-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := time.Now()
	web = filepath.Join(dir, "web")
	if err := cluster.Compile(context.Background(), "web", web); err != nil {
		return 1, err
	}
	if kubed, err = cluster.Build(context.Background(), "../kubed", filepath.Join(dir, "kubed")); err != nil {
		return 1, err
	}
	fmt.Printf("built in %.1f s\n", time.Since(began).Seconds())
	if shared, err = cluster.Start(kubed, os.Stderr, "-nodes", "3"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.Close()) }()
	if err = reserve(shared); err != nil {
		return 1, err
	}
	code = m.Run()
	memory(shared)
	return code, nil
}

// spare is a node that takes only pods that tolerate it, so that a test may lose it.
const spare = "node-3"

func reserve(c *cluster.Cluster) error {
	patch := fmt.Sprintf(`{"spec":{"taints":[{"key":%q,"effect":"NoSchedule"}]}}`, spare)
	_, err := c.Client.CoreV1().Nodes().Patch(context.Background(), spare, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// memory tells what the cluster takes.
func memory(c *cluster.Cluster) {
	now, err := c.Now(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	var all int64
	for _, p := range now.Parts {
		all += p.RSS
		fmt.Printf("%s %d MB ", p.Name, p.RSS>>20)
	}
	fmt.Printf("in all %d MB\n", all>>20)
}
