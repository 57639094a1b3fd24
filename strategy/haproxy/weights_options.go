package haproxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-multierror"
)

// WeightsOptions set up a Weights. Endpoint.Socket, Name, Dir and Backend are required.
type WeightsOptions struct {
	Endpoint

	// Name is the name of the service: letters, digits and underscores.
	Name string
	// Dir is the folder of the files which both HAProxy, when it starts, and the router use: an
	// absolute path, the same for both.
	//
	//	NAME.BACKEND.servers  addresses, weights and states of the servers
	//	NAME.json             what was routed last, and who is at which server
	Dir string
	// Remote tells that HAProxy runs on another machine: as in GroupsOptions.
	Remote bool
	// Backend is the backend whose servers the traffic is split between. It must balance by roundrobin
	// or random: nothing else follows weights closely.
	Backend string
	// AddServers lets the router add servers at run time: as in GroupsOptions.
	AddServers string
	// Ring is the ring that requests are logged to, for a Source. Empty: there is none, and a Source
	// can count only.
	Ring string
	// CheckTimeout and BootTime are as in GroupsOptions.
	CheckTimeout, BootTime time.Duration
	// Logger gets changes at info, surprises at warn. Nil: nothing is logged.
	Logger hclog.Logger
}

// Validate reports every option that makes no sense.
func (o WeightsOptions) Validate() error {
	var errs *multierror.Error
	bad := func(format string, args ...any) {
		errs = multierror.Append(errs, fmt.Errorf("WeightsOptions."+format, args...))
	}
	o.Endpoint.check(bad)
	checkNameAndDir(o.Name, o.Dir, bad)
	if !proxyName.MatchString(o.Backend) {
		bad("Backend: %q is not the name of a backend", o.Backend)
	}
	if strings.ContainsAny(o.AddServers, ";\n\r") {
		bad("AddServers: it has more than one command")
	}
	if o.Ring != "" && !proxyName.MatchString(o.Ring) {
		bad("Ring: %q is not the name of a ring", o.Ring)
	}
	if o.CheckTimeout < 0 {
		bad("CheckTimeout: %s is below zero", o.CheckTimeout)
	}
	if o.BootTime < 0 {
		bad("BootTime: %s is below zero", o.BootTime)
	}
	return errs.ErrorOrNil()
}

func (o WeightsOptions) recordFile() string { return o.Dir + "/" + o.Name + ".json" }

func (o WeightsOptions) stateFile(backend string) string {
	return o.Dir + "/" + o.Name + "." + backend + ".servers"
}
