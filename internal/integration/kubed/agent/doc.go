// Package agent (SHELL) is the node agent of a cluster without containers: it does for the pods of its nodes
// what a kubelet does, and runs their containers as processes of this machine.
//
// # What a container is
//
// Its command and args, with $(NAME) expanded as Kubernetes does. Besides its own env it has
//
//	POD_NAME, POD_NAMESPACE, NODE_NAME
//	POD_IP     the address that the pod shows: 10.N.x.y
//	BIND_IP    the address to listen on, and the one where this machine finds it: 127.N.x.y
//	IMAGE      the image
//	PATH, HOME, TMPDIR of the agent
//
// and nothing else; the folder of the logs is where it runs. Its output goes to NAMESPACE_POD_CONTAINER.log.
//
// # What is as with a kubelet
//
// The states, reasons, conditions and events of pulling, starting, running, crashing and ending; restart
// policies; restarts with back-off, the first one at once; readiness probes by HTTP and TCP with all their
// settings, asked more often until they succeed first; preStop hooks by sleep and HTTP, then SIGTERM, then
// SIGKILL when the grace period is over; a pod goes once its processes have gone. An image is never really
// pulled: its name decides, by a regular expression, whether a registry has it.
//
// # What is left out
//
// A pod that asks for anything else fails with the reason Unsupported, so that nobody believes in it: init
// containers, other volumes than a ServiceAccount's token, startup and liveness probes, hooks and probes by
// exec or gRPC, readiness gates. Resources are counted by the scheduler, and enforced by nobody.
package agent
