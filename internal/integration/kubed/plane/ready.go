package plane

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// pace is the time between two questions whether something is there yet.
const pace = 50 * time.Millisecond

// reachable asks whether somebody listens at an address.
func reachable(addr string) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// healthy asks a part by its own health check. Its certificate is one that it has made for itself, in memory.
func healthy(addr string) func(context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error { return asked(ctx, client, "https://"+addr+"/healthz") }
}

// settled waits until the controllers have given the first namespace its account, and every node is ready.
func settled(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, pace, startPatience, true, func(ctx context.Context) (bool, error) {
		if _, last = client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{}); last != nil {
			return false, nil
		}
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if last = err; err != nil {
			return false, nil
		}
		for _, node := range nodes.Items {
			if len(node.Spec.Taints) > 0 {
				last = fmt.Errorf("node %s is not ready: %v", node.Name, node.Spec.Taints)
				return false, nil
			}
		}
		return len(nodes.Items) > 0, nil
	})
	if err != nil && last != nil {
		err = fmt.Errorf("%w: %w", err, last)
	}
	return err
}
