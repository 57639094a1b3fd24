package haproxy_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/davit-sdk/davit/internal/integration/process"
	"github.com/davit-sdk/davit/internal/traffic"
)

func TestMain(m *testing.M) {
	if played, err := traffic.Play(); played {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return // this is a service that a fleet has started
	}
	if process.Play(map[string]process.Role{"host": process.Of(host)}) {
		return // this is a host that a test has started
	}
	flag.Parse()
	// These tests wait most of the time: for checks of HAProxy, for customers, for old processes to end.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set(strconv.Itoa(max(6, runtime.GOMAXPROCS(0))))
	}
	os.Exit(m.Run())
}
