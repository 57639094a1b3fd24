package edge

import (
	"context"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	gateway "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"

	"github.com/davit-sdk/davit/internal/integration/kubed/plane"
)

// Main is `kubed edge`.
func Main(args []string) error {
	flags := flag.NewFlagSet("edge", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "file that says how to reach the API")
	addr := flags.String("addr", "127.0.0.1:0", "where to listen, as host:port")
	_ = flags.Parse(args) // it exits by itself
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1 // one call at a time
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	routes, err := gateway.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	w, err := watch(ctx, client, routes)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newProxy(&w.table), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	followed := make(chan struct{})
	go func() { defer close(followed); w.follow(ctx, plane.Notify) }()
	select {
	case err = <-served:
		cancel()
	case <-ctx.Done():
		grace, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer stop()
		_ = server.Shutdown(grace) // whoever is not answered by then is not
		err = <-served
	}
	<-followed
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
