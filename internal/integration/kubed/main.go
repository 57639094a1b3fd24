// This program is a Kubernetes control plane for tests in one binary: etcd, the API server, the controller
// manager and the scheduler as they are released, an agent whose pods are local processes instead of
// containers, and an edge that carries real HTTP to them by HTTPRoute, Service and EndpointSlice. All of it
// listens on loopback alone.
//
//	kubed up                          # until standard input is closed, or SIGTERM
//	kubed up -- kubectl get nodes     # for as long as a command runs, with KUBECONFIG set
//
// Up starts each part as a child of its own, waits until all are ready, and prints one line of JSON that
// says where they are: the package plane explains it. The other subcommands are the parts: etcd, apiserver,
// controllers, scheduler, agent, edge. They are what up starts, and take the flags of the programs that they
// are; `kubed PART -h` lists them.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/davit-sdk/davit/internal/integration/kubed/agent"
	"github.com/davit-sdk/davit/internal/integration/kubed/edge"
	"github.com/davit-sdk/davit/internal/integration/kubed/plane"
)

func main() {
	commands := stock()
	commands["up"], commands[plane.Agent], commands[plane.Edge] = plane.Main, agent.Main, edge.Main
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: kubed %s ...\n", strings.Join(slices.Sorted(maps.Keys(commands)), "|"))
		os.Exit(2)
	}
	name := os.Args[1]
	// The stock commands read their flags from here.
	os.Args = append([]string{"kubed-" + name}, os.Args[2:]...)
	if err := commands[name](os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "kubed %s: %v\n", name, err)
		os.Exit(1)
	}
}
