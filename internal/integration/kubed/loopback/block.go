package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Block is the second byte of all addresses of a cluster's pods.
type Block byte

// The blocks that are given out, and the port that holds one.
const (
	first, last = 77, 177
	holder      = 9
)

// Take finds a block that no other cluster on this machine has, and holds it until the listener is closed.
func Take() (Block, net.Listener, error) {
	var err error
	for n := first; n <= last; n++ {
		var held net.Listener
		if held, err = net.Listen("tcp", fmt.Sprintf("127.%d.255.254:%d", n, holder)); err == nil {
			return Block(n), held, nil
		}
	}
	return 0, nil, fmt.Errorf("no block of addresses is free: %w", err)
}

// Pod is the address that the n-th pod shows, n from 0 to Size-1.
func (b Block) Pod(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(b), byte(n / 250), byte(n%250 + 1)})
}

// Size is how many pods a block has addresses for.
const Size = 250 * 250

// Has reports whether the address is one of the block's pods, and which.
func (b Block) Has(pod netip.Addr) (n int, ok bool) {
	if !pod.Is4() {
		return 0, false
	}
	a := pod.As4()
	n = int(a[2])*250 + int(a[3]) - 1
	return n, a[0] == 10 && a[1] == byte(b) && a[2] < 250 && a[3] >= 1 && a[3] <= 250
}

// Node is the address that the n-th node shows.
func (b Block) Node(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(b), 254, byte(n + 1)}) }

// Bind is where the process of a pod listens that shows this address: 127.N.x.y for 10.N.x.y.
func Bind(pod netip.Addr) (netip.Addr, error) {
	if !pod.Is4() || pod.As4()[0] != 10 {
		return netip.Addr{}, errors.New(pod.String() + " is no address of a pod: those are in 10.0.0.0/8")
	}
	a := pod.As4()
	a[0] = 127
	return netip.AddrFrom4(a), nil
}
