package agent

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	"github.com/davit-sdk/davit/internal/integration/kubed/loopback"
)

// Main is `kubed agent`.
func Main(args []string) error {
	flags := flag.NewFlagSet("agent", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "file that says how to reach the API")
	logs := flags.String("logs", ".", "folder for the output of the pods")
	block := flags.Uint("block", 77, "second byte of the pods' addresses")
	nodes := flags.Int("nodes", 1, "how many nodes there are")
	backoff := flags.Duration("backoff", time.Second, "wait before the second restart or pull in a row")
	missing := flags.String("missing", "^$", "regular expression for images that no registry has")
	_ = flags.Parse(args) // it exits by itself
	absent, err := regexp.Compile(*missing)
	if err != nil {
		return fmt.Errorf("-missing: %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1 // no more than one call at a time for a pod
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	a := &agent{
		client: client, block: loopback.Block(*block), logs: *logs, backoff: *backoff, missing: absent,
		events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"}),
	}
	return a.run(ctx, *nodes)
}
