package plane

// The names of the parts, which are the subcommands of kubed too.
const (
	Etcd        = "etcd"
	APIServer   = "apiserver"
	Controllers = "controllers"
	Scheduler   = "scheduler"
	Agent       = "agent"
	Edge        = "edge"
)

// Info says where everything is.
type Info struct {
	// Kubeconfig is a file with one context, whose user may do everything.
	Kubeconfig string `json:"kubeconfig"`
	// Server is the URL of the API server.
	Server string `json:"server"`
	// Edge is the URL of the edge. The Host of a request, NAME.NAMESPACE, says whom it is for.
	Edge string `json:"edge"`
	// Control is the URL of the HTTP API of the plane itself.
	Control string `json:"control"`
	// Logs is the folder with a log of each part, and of each pod in the folder pods.
	Logs string `json:"logs"`
	// Audit is a file with a line of JSON, an event of audit.k8s.io, for each request of a ServiceAccount.
	Audit string `json:"audit"`
	// Millis is how long it took until all was ready.
	Millis int64 `json:"millis"`
	// Parts are the parts in the order in which they were started.
	Parts []PartInfo `json:"parts"`
}

// PartInfo is what is known of a part.
type PartInfo struct {
	Name string `json:"name"`
	// PID is 0 while the part does not run.
	PID int `json:"pid,omitempty"`
	// RSS is its memory in bytes.
	RSS int64 `json:"rss,omitempty"`
	// Ended says how it ended, when nobody asked it to.
	Ended string `json:"ended,omitempty"`
}
