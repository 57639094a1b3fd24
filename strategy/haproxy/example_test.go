package haproxy_test

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/strategy/haproxy"
)

// What HAProxy must be given, for a person to paste into its configuration.
func ExampleGroupsOptions_Configuration() {
	c, err := haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/run/haproxy/admin.sock"},
		Name:     "shop", Dir: "/etc/haproxy/davit",
		Backends: []string{"shop_a", "shop_b"}, HealthPath: "/healthz",
	}.Configuration()
	if err != nil {
		panic(err)
	}
	first, _, _ := strings.Cut(c.Backends, "\n\n")
	fmt.Println(first)
	// Output:
	// backend shop_a
	//     # A slot for one pool at a time; the router gives its servers their addresses.
	//     balance roundrobin
	//     option httpchk GET /healthz
	//     default-server check inter 1s fall 2 rise 1
	//     # A request that could not be sent goes to another server of the same group.
	//     retries 3
	//     option redispatch 1
	//     # Addresses and states outlive a reload.
	//     load-server-state-from-file local
	//     server-state-file-name /etc/haproxy/davit/shop.shop_a.servers
	//     server-template s 1-10 127.0.0.1:1 disabled
}
