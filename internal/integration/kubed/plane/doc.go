// Package plane (SHELL) brings a control plane up as processes, keeps hold of each of its parts, and takes all
// of it down again. It is what `kubed up` runs.
//
// # What it says
//
// Once everything is ready, one line of JSON goes to standard output, an Info: the kubeconfig, the addresses of
// the API server and of the edge, the folder of the logs, and the address of its own small HTTP API:
//
//	GET  /                      the Info of now: which part runs, as which process, with how much memory
//	GET  /parts/PART/log        what a part has written
//	POST /parts/PART/stop       SIGTERM, and wait for the end
//	POST /parts/PART/kill       SIGKILL
//	POST /parts/PART/start      on the same port and with the same data; waits until it is ready
//	POST /parts/PART/restart    stop and start
//
// The parts are etcd, apiserver, controllers, scheduler, agent and edge. An answer other than 200 says in its
// text what went wrong.
//
// # What is not as in a real cluster
//
// The parts reach the API server through a relay, which holds their requests back while it is away. So all of them are
// back when it is, and not each at another moment within the next minute.
//
// # How it ends
//
// With the command that it was given; else when its standard input is closed, or by SIGTERM. Each part dies
// with it, however it ends, and the pods' processes die with the agent.
package plane
