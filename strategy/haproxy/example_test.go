package haproxy_test

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/strategy"
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

// Options report all that is wrong with them at once, each problem with its field.
func ExampleGroupsOptions_Validate() {
	err := haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "haproxy"}, Name: "web shop", Dir: "davit", Backends: []string{"shop"},
	}.Validate()
	fmt.Println(err)
	// Output:
	// 4 errors occurred:
	// 	* GroupsOptions.Socket: "haproxy" is neither a path that begins with / nor host:port
	// 	* GroupsOptions.Name: "web shop" is not a letter and then letters, digits and underscores
	// 	* GroupsOptions.Dir: "davit" is not an absolute path of letters, digits, dots, dashes, underscores
	// 	* GroupsOptions.Backends: 1 of them; two or three are wanted
}

// By weights shares are as fine as weights are: a plan with a smaller one is refused before anything moves.
func ExampleWeights_Grain() {
	w, err := haproxy.NewWeights(haproxy.WeightsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/run/haproxy/admin.sock"}, Name: "shop", Dir: "/etc/haproxy/davit", Backend: "app",
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(w.Grain())
	// Output: 0.3892%
}

// A rule that the configuration cannot honour is refused with what mends it.
func ExampleGroups_Matches() {
	g, err := haproxy.NewGroups(haproxy.GroupsOptions{
		Endpoint: haproxy.Endpoint{Socket: "/run/haproxy/admin.sock"}, Name: "shop", Dir: "/etc/haproxy/davit", Headers: []string{"X-Canary"},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(g.Matches(strategy.Match{Header: "x-canary", Value: "yes"}))
	fmt.Println(g.Matches(strategy.Match{Cookie: "beta", Value: "yes"}))
	// Output:
	// <nil>
	// the configuration does not look at the cookie beta: name it in GroupsOptions.Cookies, and add the lines that Configuration then has
}
