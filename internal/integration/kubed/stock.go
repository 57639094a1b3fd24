//go:build !race

package main

import (
	"context"
	"errors"
	"flag"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // as the released programs have it
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/davit-sdk/davit/internal/integration/kubed/plane"
)

// stock are the parts that Kubernetes brings.
func stock() map[string]func(args []string) error {
	return map[string]func([]string) error{
		plane.Etcd:        etcd,
		plane.APIServer:   func([]string) error { return run(apiserver.NewAPIServerCommand()) },
		plane.Controllers: func([]string) error { return run(controllers.NewControllerManagerCommand()) },
		plane.Scheduler:   func([]string) error { return run(scheduler.NewSchedulerCommand()) },
	}
}

func run(command *cobra.Command) error {
	if code := cli.Run(command); code != 0 {
		os.Exit(code) // it has said why
	}
	return nil
}

// etcd serves one member on one address. It does not wait for the disk: a test's data need not outlive the
// machine.
func etcd(args []string) error {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dir := flags.String("dir", "", "folder of the data")
	addr := flags.String("addr", "", "where clients come, as host:port")
	_ = flags.Parse(args) // it exits by itself
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = *dir, "warn", true
	clients := []url.URL{{Scheme: "http", Host: *addr}}
	peers := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = clients, clients
	config.ListenPeerUrls, config.AdvertisePeerUrls = peers, peers
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case err := <-server.Err():
		return err
	case <-server.Server.StopNotify():
		return errors.New("the server stopped by itself")
	case <-ctx.Done():
		return nil
	}
}
