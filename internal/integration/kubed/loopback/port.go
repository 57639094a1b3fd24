package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
)

// Port finds a port of 127.0.0.1 on which nobody listens now. It lies below those that the system gives to
// outgoing connections: a server that is down for a moment finds its port free when it comes back.
func Port() (int, error) {
	below := 32768
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		var low int
		if _, err := fmt.Fscan(strings.NewReader(string(text)), &low); err == nil && low > 12000 {
			below = low
		}
	}
	var err error
	for range 1000 {
		port := 10000 + rand.IntN(below-10000)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no port is free: %w", err)
}
