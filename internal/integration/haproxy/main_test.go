package haproxy_test

import (
	"fmt"
	"os"
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
	os.Exit(m.Run())
}
