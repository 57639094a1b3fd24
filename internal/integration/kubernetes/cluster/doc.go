// Package cluster (SHELL) starts a Kubernetes control plane for tests, the program kubed, and gives its
// clients. The cluster dies with the process that started it.
package cluster
